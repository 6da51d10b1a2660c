"""PostgreSQL is busy, away, or breaks off: a 503 that says when to come back, nothing half done, no connection lost."""

import threading
import time
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import create_engine, make_url, select, text
from sqlalchemy.exc import InternalError, ProgrammingError
from werkzeug.test import TestResponse

from resource_api import create_app, postgres
from resource_api.privacy.tables import Audit
from resource_api.referrals.tables import Referral, ReferralEvent
from tests.databases import refuse_rows, take_rows, url_of
from tests.postgres import Postgres
from tests.referrals.world import PANTRY, Asking, World, named, referral_to
from tests.town.cut_link import CutLink

pytestmark = pytest.mark.parametrize("database_kind", ["postgresql"], indirect=True, scope="session")

SENT = referral_to(consent=named(PANTRY))
QUICK = {"statement_timeout": "20s", "lock_timeout": "500ms", "idle_in_transaction_session_timeout": "60s"}


def assert_refused_for_now(answer: TestResponse, slug: str = "unavailable") -> None:
    assert answer.status_code == 503, answer.text
    assert int(answer.headers["Retry-After"]) > 0
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert answer.json["type"].endswith(f"/problems/{slug}"), answer.json


def assert_nothing_leaked(world: World) -> None:
    """Nobody holds a transaction open, and every connection of the pool is back."""
    assert world.database.engine.pool.checkedout() == 0  # type: ignore[attr-defined]
    with other(world) as connection:
        open_ones = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND state LIKE 'idle in%'"
        assert connection.execute(text(open_ones)).scalar() == 0


@contextmanager
def other(world: World) -> Iterator:
    """Speak to the database from outside, in one transaction."""
    engine = create_engine(make_url(url_of(world.path)).set(drivername="postgresql+psycopg"))
    with engine.connect() as connection:
        yield connection
        connection.rollback()
    engine.dispose()


def count(world: World, what: type = Referral) -> int:
    with world.database.read() as session:
        return len(session.scalars(select(what)).all())


def reopen(world: World, url: str | None = None) -> None:
    """Put the application together again, perhaps behind another address."""
    world.close()
    world.settings = replace(world.settings, database_url=url or world.settings.database_url)
    world.app = create_app(world.settings)
    world.wiring = world.app.extensions["resource_api"]
    world.database = world.wiring.database


def asking_again(world: World, asking: Asking) -> Asking:
    return Asking(world.app.test_client(), asking.token)


def wait_until_waiting(connection, number: int = 1) -> None:
    """Wait until so many wait for a lock."""
    waiting = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
    until = time.monotonic() + 10
    while connection.execute(text(waiting)).scalar() < number:
        assert time.monotonic() < until
        time.sleep(0.02)


@contextmanager
def in_background(asking: Asking, path: str = "/referrals", body: object = SENT, **more: object) -> Iterator[Future]:
    with ThreadPoolExecutor(1) as pool:
        yield pool.submit(asking.post, path, body, **more)


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch, world: World, hospital: Asking) -> Asking:
    """The hospital, of an application that waits for a lock half a second only."""
    monkeypatch.setattr(postgres, "PROMPT", QUICK)
    reopen(world)
    return asking_again(world, hospital)


def test_a_pool_that_is_exhausted_is_a_503_and_one_that_is_not_answers_again(
    monkeypatch: pytest.MonkeyPatch, world: World, hospital: Asking
) -> None:
    monkeypatch.setattr(postgres, "MOST_CONNECTIONS", 2)
    monkeypatch.setattr(postgres, "WAIT_FOR_CONNECTION_S", 0.2)
    reopen(world)
    hospital = asking_again(world, hospital)
    with world.database.engine.connect(), world.database.engine.connect():
        assert_refused_for_now(hospital.get("/services"))
        assert_refused_for_now(hospital.post("/referrals", SENT, key="k"))
    assert hospital.get("/services").status_code == 200
    assert hospital.post("/referrals", SENT, key="k").status_code == 201
    assert_nothing_leaked(world)


def test_a_lock_that_is_held_too_long_is_a_503_and_the_same_again_succeeds(world: World, quick: Asking) -> None:
    id = quick.refer(consent=named(PANTRY))["id"]
    ended = {"status": "cancelled", "reason": {"code": "no-longer-needed"}}
    with other(world) as connection:
        connection.execute(text("SELECT 1 FROM referral FOR UPDATE"))
        began = time.monotonic()
        assert_refused_for_now(quick.post(f"/referrals/{id}/transitions", ended, if_match=1, key="k"))
        assert 0.4 < time.monotonic() - began < 3
        assert quick.get(f"/referrals/{id}").status_code == 200, "who reads waits for nobody"
    assert count(world, ReferralEvent) == 1
    assert quick.post(f"/referrals/{id}/transitions", ended, if_match=1, key="k").status_code == 200
    assert_nothing_leaked(world)


def test_a_statement_that_takes_too_long_is_given_up_by_the_server(
    monkeypatch: pytest.MonkeyPatch, world: World, hospital: Asking
) -> None:
    monkeypatch.setattr(postgres, "PROMPT", QUICK | {"statement_timeout": "300ms", "lock_timeout": "20s"})
    reopen(world)
    hospital = asking_again(world, hospital)
    with other(world) as connection:
        connection.execute(text("LOCK TABLE audit IN EXCLUSIVE MODE"))
        assert_refused_for_now(hospital.post("/referrals", SENT, key="k"))
    assert count(world) == 0
    assert hospital.post("/referrals", SENT, key="k").status_code == 201
    assert_nothing_leaked(world)


def test_of_a_deadlock_whoever_is_undone_is_told_to_come_again(world: World, hospital: Asking) -> None:
    id = hospital.refer(consent=named(PANTRY))["id"]
    ended = {"status": "cancelled", "reason": {"code": "no-longer-needed"}}
    with other(world) as connection:
        connection.execute(text("LOCK TABLE audit IN EXCLUSIVE MODE"))
        with in_background(hospital, f"/referrals/{id}/transitions", ended, if_match=1, key="k") as moved:
            wait_until_waiting(connection)
            connection.execute(text("SELECT 1 FROM referral FOR UPDATE"))
            connection.rollback()
            assert_refused_for_now(moved.result())
    assert count(world, ReferralEvent) == 1
    assert hospital.post(f"/referrals/{id}/transitions", ended, if_match=1, key="k").status_code == 200
    assert_nothing_leaked(world)


@pytest.mark.parametrize(
    ("code", "status", "slug"),
    [
        ("40001", 503, "unavailable"),
        ("25006", 503, "database-not-ready"),
        ("53100", 503, "database-not-ready"),
        ("XX001", 503, "database-not-ready"),
        ("22012", 500, "internal-error"),
    ],
)
def test_what_the_server_says_decides_whose_fault_it_is(
    world: World, hospital: Asking, code: str, status: int, slug: str
) -> None:
    with world.database.write() as session:
        raising = f"AS $$ BEGIN RAISE EXCEPTION 'broken' USING ERRCODE = '{code}'; END $$"
        refuse_rows(session, "audit")
        session.execute(text(f"CREATE OR REPLACE FUNCTION break_it() RETURNS trigger LANGUAGE plpgsql {raising}"))
        session.commit()
    answer = hospital.post("/referrals", SENT, key="k")
    assert (answer.status_code, answer.json["type"].rpartition("/")[2]) == (status, slug)
    assert ("Retry-After" in answer.headers) == (status == 503)
    assert count(world) == 0
    with world.database.write() as session:
        take_rows(session, "audit")
        session.commit()
    assert hospital.post("/referrals", SENT, key="k").status_code == 201


def test_connections_that_were_ended_while_idle_are_noticed_before_anything_is_asked(
    world: World, hospital: Asking, postgres: Postgres
) -> None:
    for _ in range(3):
        assert hospital.get("/referrals").status_code == 200
        assert postgres.terminate(str(world.database.url.database)) > 0
        assert hospital.post("/referrals", SENT | {"allow_duplicate": True}).status_code == 201
    assert_nothing_leaked(world)


def test_a_connection_that_ends_in_the_middle_is_a_503_with_nothing_done(
    world: World, hospital: Asking, postgres: Postgres
) -> None:
    before = count(world, Audit)
    with other(world) as connection:
        # The last table that a referral is written to: all else was written when it ends.
        connection.execute(text("LOCK TABLE replay IN EXCLUSIVE MODE"))
        with in_background(hospital, key="k") as sent:
            wait_until_waiting(connection)
            own = "AND pid <> pg_backend_pid() AND wait_event_type = 'Lock'"
            connection.execute(text(f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE true {own}"))
            assert_refused_for_now(sent.result(), "database-not-ready")
    assert (count(world), count(world, Audit)) == (0, before)
    again = hospital.post("/referrals", SENT, key="k")
    assert again.status_code == 201
    assert "Idempotent-Replayed" not in again.headers
    assert_nothing_leaked(world)


@pytest.fixture
def link(world: World, postgres: Postgres) -> Iterator[CutLink]:
    """A link to the server, which the application speaks over."""
    with CutLink(postgres.port).open() as link:
        reopen(world, postgres.at(str(world.database.url.database), port=link.port))
        yield link
        world.close()


@pytest.mark.parametrize("cut", ["before", "after"])
def test_a_commit_of_which_nobody_heard_is_a_503_and_the_same_key_finds_out(
    world: World, hospital: Asking, link: CutLink, cut: str
) -> None:
    hospital = asking_again(world, hospital)
    assert hospital.get("/services").status_code == 200
    link.cut = cut  # type: ignore[assignment]
    assert_refused_for_now(hospital.post("/referrals", SENT, key="k"), "database-not-ready")
    assert link.cuts == 1, "it was not tried again"
    again = hospital.post("/referrals", SENT, key="k")
    assert again.status_code == 201
    assert again.headers.get("Idempotent-Replayed") == ("true" if cut == "after" else None)
    assert count(world) == 1
    assert hospital.post("/referrals", SENT, key="k").json == again.json
    assert_nothing_leaked(world)


def test_who_only_reads_cannot_write_and_sees_one_moment(world: World, hospital: Asking) -> None:
    with world.database.read() as session, pytest.raises(InternalError, match="read-only transaction"):
        session.execute(text("DELETE FROM town"))
    with world.database.read() as session:
        assert session.scalars(select(Referral)).all() == []
        hospital.refer()
        assert session.scalars(select(Referral)).all() == []
    assert count(world) == 1


def test_the_audit_is_only_ever_added_to(world: World, hospital: Asking) -> None:
    hospital.refer()
    for sql in ("UPDATE audit SET reason = 'x'", "DELETE FROM audit", "TRUNCATE audit CASCADE"):
        with world.database.write() as session, pytest.raises(ProgrammingError, match="only ever added to"):
            session.execute(text(sql))


def test_times_are_utc_and_the_application_has_a_name(world: World, tmp_path: Path) -> None:
    with world.database.read() as session:
        assert session.scalar(text("SHOW TimeZone")) == "UTC"
        assert session.scalar(text("SHOW application_name")) == "resource-api"
        assert session.scalar(text("SHOW transaction_isolation")) == "repeatable read"
    with world.database.write() as session:
        assert session.scalar(text("SHOW transaction_isolation")) == "read committed"
        assert session.scalar(text("SHOW statement_timeout")) == "15s"


def test_several_who_refer_one_person_at_once_wait_for_each_other(world: World, hospital: Asking) -> None:
    gate = threading.Barrier(8)

    def refer() -> int:
        gate.wait()
        return Asking(world.app.test_client(), hospital.token).post("/referrals", SENT).status_code

    with ThreadPoolExecutor(8) as pool:
        statuses = sorted(each.result() for each in [pool.submit(refer) for _ in range(8)])
    assert statuses == [201] + [409] * 7
