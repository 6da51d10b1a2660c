"""Processes are killed in the middle: what was acknowledged is there, was done once, and is heard of by all."""

import os
import random
import signal
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from tests.referrals.world import PANTRY, PATIENT, named, referral_to
from tests.town.breakable import SERVER_POINTS, WORKER_POINTS
from tests.town.town import Answer, Client, Town, living, wait_for
from tests.town.writers import LOST, Ledger, check_nothing_lost, writing

# What a move writes too; the other tables are a new referral's.
ADDED_TO_LATER = {f"before {table}" for table in ("referral_event", "replay", "delivery", "audit")} | {
    "before commit", "after commit",
}  # fmt: skip


@pytest.fixture
def breakable(made_world: Path, tmp_path: Path) -> Iterator[Town]:
    """A town that can be broken at a point, and whose leases are short."""
    command = ("-m", "tests.town.breakable")
    with living(made_world, tmp_path, command=command, BREAK_AT=str(tmp_path / "break-at")) as town:
        yield town


def kill_workers(town: Town, kills: int) -> str:
    """Kill whoever answers, at random, while eight write."""
    chance = random.Random(7)
    with writing(town) as ledger:
        for _ in range(kills):
            time.sleep(chance.uniform(0.1, 0.5))
            with suppress(ProcessLookupError):
                os.kill(chance.choice(wait_for(town.server_workers)), signal.SIGKILL)
    check_nothing_lost(town, ledger)
    return f"{kills} kills, {len(ledger.ids)} referrals by {ledger.tries} requests: none lost, none twice"


def test_servers_that_are_killed_lose_nothing_and_do_nothing_twice(town: Town) -> None:
    kill_workers(town, 8)


@pytest.mark.faults
def test_a_hundred_killed_servers_lose_nothing_and_do_nothing_twice(town: Town, record_property) -> None:
    record_property("summary", kill_workers(town, 100))


def kill_everything(town: Town, kills: int) -> str:
    """Kill every process at once, and start again."""
    chance, slowest = random.Random(7), 0.0
    with writing(town) as ledger:
        for _ in range(kills):
            time.sleep(chance.uniform(0.3, 1.5))
            town.kill_all()
            slowest = max(slowest, town.start())
    check_nothing_lost(town, ledger)
    assert slowest < 10
    return f"{kills} times everything killed, {len(ledger.ids)} referrals: none lost; ready again in {slowest:.1f} s"


@pytest.mark.faults
def test_all_of_it_is_killed_ten_times_and_goes_on_where_it_was(town: Town, record_property) -> None:
    record_property("summary", kill_everything(town, 10))


def broken(town: Town, point: str, client: Client, path: str, body: Any, version: int | None = None) -> Answer:
    """Ask for something that kills its server at a point, and ask again under the same key."""
    at, key = Path(town.more["BREAK_AT"]), f"{point}{path}".replace(" ", "-")
    at.write_text(point, "utf-8")
    with pytest.raises(LOST):
        client.ask("POST", path, body, version=version, Idempotency_Key=key)
    assert not at.exists(), point
    return wait_for(lambda: ask_once(client, path, body, key, version))


def ask_once(client: Client, path: str, body: Any, key: str, version: int | None) -> Answer | None:
    with suppress(*LOST):
        answer = client.ask("POST", path, body, version=version, Idempotency_Key=key)
        return answer if answer.status < 500 else None
    return None


def break_servers(town: Town, points: tuple[str, ...]) -> None:
    """Kill the server at each of these points of a referral and of its acceptance; each is done once all the same."""
    hospital, pantry, ledger = town.client("hospital"), town.client("pantry"), Ledger()
    for client, path in ((hospital, "/hospital"), (pantry, "/pantry")):
        client.post("/webhooks", {"url": town.receivers.url(path)})
    for point in points:
        body = referral_to(consent=named(PANTRY), patient=PATIENT | {"identifiers": []}, allow_duplicate=True)
        made = broken(town, point, hospital, "/referrals", body)
        assert made.status == 201, made
        assert made.headers.get("Idempotent-Replayed") == ("true" if point == "after commit" else None)
        ledger.note(point, made)
        if point in ADDED_TO_LATER:
            path = f"/referrals/{made.json['id']}/transitions"
            moved = broken(town, point, pantry, path, {"status": "accepted"}, 1)
            assert moved.status == 200, moved
            ledger.note(point, moved)
    check_nothing_lost(town, ledger)


def break_workers(town: Town, points: tuple[str, ...]) -> None:
    """Kill the worker at each of these points; another, started in its place, does what it left."""
    hospital, at, ledger = town.client("hospital"), Path(town.more["BREAK_AT"]), Ledger()
    hospital.post("/webhooks", {"url": town.receivers.url("/hospital")})
    town.client("pantry").post("/webhooks", {"url": town.receivers.url("/pantry")})
    for point in points:
        at.write_text(point, "utf-8")
        body = referral_to(consent=named(PANTRY), patient=PATIENT, allow_duplicate=True)
        ledger.note(point, hospital.ask("POST", "/referrals", body, Idempotency_Key=point.replace(" ", "-")))
        assert town.worker is not None
        assert town.worker.wait(10) == -signal.SIGKILL, point
        town.worker = town.run("worker")
    check_nothing_lost(town, ledger)
    ids = {one.key: {other.id for other in town.receivers.at(one.path) if other.key == one.key}
           for one in town.receivers.received}  # fmt: skip
    assert all(len(same) == 1 for same in ids.values()), "what came twice came under one id"


def test_a_server_killed_in_the_middle_of_a_write_did_all_of_it_or_nothing(breakable: Town) -> None:
    break_servers(breakable, ("before delivery", "before commit", "after commit"))


@pytest.mark.faults
def test_a_server_killed_at_any_statement_did_all_of_it_or_nothing(breakable: Town) -> None:
    break_servers(breakable, SERVER_POINTS)


@pytest.mark.faults
def test_a_worker_killed_after_any_step_is_followed_by_another(breakable: Town) -> None:
    break_workers(breakable, WORKER_POINTS)
