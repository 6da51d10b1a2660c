"""The worker does every job, one worker at a time, and stops when it is told to."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import orjson
import pytest
from click.testing import CliRunner
from sqlalchemy import func, insert, select, update

from resource_api.access.tables import AccessToken, Rate
from resource_api.cli.deliveries import deliveries
from resource_api.cli.worker import worker
from resource_api.delivery.job import end_turn, last_done, take_turn
from resource_api.delivery.tables import Delivery
from resource_api.errors import SettingsError
from resource_api.privacy.checkpoint import FILE_NAME
from resource_api.privacy.tables import Audit, AuditLink
from resource_api.referrals.tables import Referral
from resource_api.worker import JOBS, run_worker
from tests.api.delivering import DeliveringWorld, delivering
from tests.databases import copy_database, drop_database
from tests.delivery.receivers import answer
from tests.referrals.conftest import made_world  # noqa: F401 - the world that each one here is copied from
from tests.referrals.world import DATA_KEYS, PANTRY, SECRET, named

ROOT = Path(__file__).parents[1]
NOW = datetime(2026, 11, 1, 12, tzinfo=UTC)


@pytest.fixture
def world(made_world: Path, tmp_path: Path) -> Iterator[DeliveringWorld]:  # noqa: F811
    path = copy_database(made_world, tmp_path / "world")
    with delivering(path) as world:
        yield world
    drop_database(path)


def environment(world: DeliveringWorld) -> dict[str, str]:
    return {
        "DATABASE_URL": world.settings.database_url,
        "INSTANCE_PATH": str(world.settings.instance),
        "SECRET_KEY": SECRET,
        "DATA_KEYS": DATA_KEYS,
        "EGRESS_ALLOW": ",".join(world.settings.egress_allow),
        "SMTP_URL": world.settings.smtp_url or "",
        "PYTHONPATH": str(ROOT),
    }


def test_once_it_does_every_job(world: DeliveringWorld) -> None:
    hospital = world.asking("hospital")
    hospital.post("/webhooks", {"url": world.receivers.url("/hook")})
    id = hospital.refer(consent=named(PANTRY))["id"]
    gone = datetime.now(UTC) - timedelta(hours=1)
    with world.database.write() as session:
        session.execute(update(Referral).values(respond_by=gone))
        session.execute(insert(Rate), {"name": "x", "window": 1, "count": 1, "expires_at": gone})
        session.execute(update(AccessToken).values(expires_at=gone))
        session.commit()
    run_worker(world.settings, once=True)
    assert [one.json["type"] for one in world.receivers.at("/hook")] == ["referral.requested", "referral.reminder"]
    with world.database.read() as session:
        assert session.get_one(Referral, id).reminded_at is not None
        unsealed = select(func.count()).where(Audit.what != "delivery.send", ~Audit.id.in_(select(AuditLink.audit_id)))
        assert session.scalar(unsealed) == 0
        assert session.scalar(select(func.count()).select_from(AccessToken)) == 0
        assert session.scalar(select(func.count()).select_from(Rate)) == 0
        assert all(last_done(session, job.name) for job in JOBS)
    assert (world.settings.instance / FILE_NAME).exists()


def test_a_job_is_one_workers_at_a_time_and_anothers_when_that_one_died(world: DeliveringWorld) -> None:
    def take(worker: str, now: datetime) -> bool:
        with world.database.write() as session:
            taken = take_turn(session, "seal", worker, every=timedelta(seconds=2), lease=timedelta(minutes=5), now=now)
            session.commit()
        return taken

    assert take("a", NOW)
    assert not take("b", NOW + timedelta(minutes=1))
    assert take("b", NOW + timedelta(minutes=6)), "a is dead"
    with world.database.write() as session:
        end_turn(session, "seal", "a", now=NOW + timedelta(minutes=6))
        end_turn(session, "seal", "b", now=NOW + timedelta(minutes=7))
        session.commit()
    assert not take("a", NOW + timedelta(minutes=7, seconds=1)), "it was done just now"
    assert take("a", NOW + timedelta(minutes=7, seconds=2))


def test_a_worker_delivers_within_seconds_and_stops_when_it_is_told_to(world: DeliveringWorld) -> None:
    process = subprocess.Popen(
        [sys.executable, "-m", "resource_api.cli", "worker"],
        cwd=ROOT, env=os.environ | environment(world), stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    try:
        hospital = world.asking("hospital")
        hospital.post("/webhooks", {"url": world.receivers.url("/hook")})
        hospital.refer(consent=named(PANTRY))
        until = time.monotonic() + 15
        while not world.receivers.at("/hook") and time.monotonic() < until:
            time.sleep(0.05)
        assert world.receivers.at("/hook")
        process.send_signal(signal.SIGTERM)
        out, _ = process.communicate(timeout=10)
        assert process.returncode == 0
        lines = [orjson.loads(line) for line in out.splitlines()]
        assert lines[0]["event"] == "egress_allow"
        assert {line["level"] for line in lines} == {"info"}
    finally:
        process.kill()
        process.wait()
    with world.database.read() as session:
        assert {d.state for d in session.scalars(select(Delivery))} == {"delivered"}


def test_a_worker_refuses_a_database_that_is_not_ready(tmp_path: Path) -> None:
    done = CliRunner().invoke(worker, ["--once"], env={"DATABASE_URL": f"sqlite:///{tmp_path / 'none.db'}"})
    assert done.exit_code == 1
    assert "resource-api init" in done.output


def test_a_worker_in_production_does_not_speak_to_itself(world: DeliveringWorld) -> None:
    with pytest.raises(SettingsError):
        run_worker(replace(world.settings, production=True), once=True)


def test_the_dead_are_listed_and_replayed_by_id_by_range_and_all(world: DeliveringWorld) -> None:
    hospital = world.asking("hospital")
    id = (hospital.post("/webhooks", {"url": world.receivers.url("/hook")}).json or {})["id"]
    world.receivers.behaviours["/hook"] = answer(200)
    for _ in range(6):
        hospital.post(f"/webhooks/{id}/test", None)
    with world.database.write() as session:
        session.execute(update(Delivery).values(state="dead", reason="status-500", attempts=10))
        session.commit()

    def run(*arguments: str) -> str:
        done = CliRunner().invoke(deliveries, list(arguments), env=environment(world))
        assert done.exit_code == 0, done.output
        return done.output

    dead = [orjson.loads(line) for line in run("list").splitlines()]
    assert len(dead) == 6
    assert {one["reason"] for one in dead} == {"status-500"}
    assert run("replay", dead[0]["id"], dead[1]["id"]).startswith("2 ")
    assert run("replay", "--since", "2020-01-01", "--until", "2020-02-01").startswith("0 ")
    assert run("replay", "--webhook", id, "--since", "2020-01-01").startswith("4 ")
    assert run("replay", "--all").startswith("0 ")
    assert run("list") == ""
    assert len(run("list", "--state", "pending").splitlines()) == 6
    with world.database.read() as session:
        replays = session.scalars(select(Audit).where(Audit.what == "delivery.replay")).all()
    assert {row.client_id for row in replays} == {"cli"}
    assert sum(len(row.object_ids.split()) for row in replays) == 6


@pytest.mark.parametrize("arguments", [(), ("--all", "--since", "2020-01-01"), ("some-id", "--all")])
def test_a_replay_says_exactly_which(arguments: tuple[str, ...]) -> None:
    assert CliRunner().invoke(deliveries, ["replay", *arguments]).exit_code == 2
