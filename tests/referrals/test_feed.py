"""The feed of events, page after page, while transactions overtake each other: nothing is missed, and nothing twice."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import text

from resource_api.referrals.events import adopt_events
from tests.referrals.test_postgres_faults import other, wait_until_waiting
from tests.referrals.world import PANTRY, Asking, World, named, referral_to

pytestmark = pytest.mark.parametrize("database_kind", ["postgresql"], indirect=True, scope="session")


def page_on(asking: Asking, after: str | None, limit: int = 100) -> tuple[list[tuple[str, int]], str]:
    """Read one page after a cursor; get what happened, and the cursor after it."""
    more = f"&after={after}" if after else ""
    answer = asking.get(f"/events?limit={limit}{more}").json or {}
    return [(event["referral_id"], event["seq"]) for event in answer["events"]], answer["after"]


def page_until(asking: Asking, after: str | None, wanted: set[tuple[str, int]]) -> list[tuple[str, int]]:
    read: list[tuple[str, int]] = []
    until = time.monotonic() + 20
    while not wanted <= set(read) and time.monotonic() < until:
        some, after = page_on(asking, after, limit=3)
        read += some
        time.sleep(0 if some else 0.02)
    return read


def test_what_began_earlier_and_ends_later_is_not_paged_past(world: World, hospital: Asking) -> None:
    first = hospital.refer(allow_duplicate=True)["id"]
    assert page_until(hospital, None, {(first, 1)}) == [(first, 1)]
    _, cursor = page_on(hospital, None)
    with other(world) as connection, ThreadPoolExecutor(1) as pool:
        # Its event is written, and gets the lower number; then it waits.
        connection.execute(text("LOCK TABLE replay IN EXCLUSIVE MODE"))
        slow = pool.submit(hospital.post, "/referrals", referral_to(allow_duplicate=True), key="slow")
        wait_until_waiting(connection)
        quick = hospital.refer(allow_duplicate=True)["id"]
        events, cursor = page_on(hospital, cursor)
        assert events == [], "what is done later waits for what is still open"
        connection.rollback()
        slow_id = (slow.result().json or {})["id"]
    assert page_until(hospital, cursor, {(slow_id, 1), (quick, 1)}) == [(slow_id, 1), (quick, 1)]


def test_whoever_pages_while_many_write_reads_each_event_once_and_in_order(world: World, hospital: Asking) -> None:
    done = threading.Event()
    read: list[tuple[str, int]] = []

    def write(number: int) -> list[tuple[str, int]]:
        own = Asking(world.app.test_client(), hospital.token)
        written = []
        for _ in range(10):
            id = own.refer(consent=named(PANTRY), allow_duplicate=True)["id"]
            ended = {"status": "cancelled", "reason": {"code": "no-longer-needed"}}
            assert own.post(f"/referrals/{id}/transitions", ended, if_match=1).status_code == 200
            written += [(id, 1), (id, 2)]
        return written

    def page() -> None:
        own, after, last = Asking(world.app.test_client(), hospital.token), None, 0.0
        while not done.is_set() or time.monotonic() < last + 5:
            some, after = page_on(own, after, limit=7)
            read.extend(some)
            last = last or (time.monotonic() if done.is_set() else 0.0)
            if done.is_set() and len(read) == 80:
                return

    with ThreadPoolExecutor(5) as pool:
        pages = pool.submit(page)
        written = [each for part in pool.map(write, range(4)) for each in part]
        done.set()
        pages.result()
    assert sorted(read) == sorted(written)
    assert len(set(read)) == len(read)
    for id, seq in written:
        if seq == 2:
            assert read.index((id, 1)) < read.index((id, 2))


def test_a_cursor_outlives_the_connection(world: World, hospital: Asking) -> None:
    ids = [hospital.refer(allow_duplicate=True)["id"] for _ in range(3)]
    page_until(hospital, None, {(ids[2], 1)})
    _, cursor = page_on(hospital, None, limit=1)
    world.database.engine.dispose()
    assert page_on(hospital, cursor)[0] == [(id, 1) for id in ids[1:]]


def test_events_that_were_restored_on_another_server_come_first_and_old_cursors_go_on(
    world: World, hospital: Asking
) -> None:
    ids = [hospital.refer(allow_duplicate=True)["id"] for _ in range(3)]
    read = page_until(hospital, None, {(id, 1) for id in ids})
    with world.database.write() as session:
        session.execute(text("UPDATE referral_event SET transaction = transaction + 1000000000000"))
        session.commit()
    assert page_on(hospital, None)[0] == []
    with world.database.write() as session:
        second = session.scalar(text("SELECT max(transaction) || '-' || max(id) - 1 FROM referral_event"))
        assert adopt_events(session) == 3
        assert adopt_events(session) == 0
        session.commit()
    new = hospital.refer(allow_duplicate=True)["id"]
    assert page_until(hospital, None, {(new, 1)})[-4:] == [*read, (new, 1)]
    assert page_until(hospital, second, {(new, 1)}) == [(ids[2], 1), (new, 1)]
