"""The clock jumps by an hour, forward or back: nothing is lost, nothing is done twice, nothing waits for an hour."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import time_machine
from sqlalchemy import func, select

from resource_api.access.rate import count
from resource_api.cli.verify import CHECKS, OUTSIDE, run_checks
from resource_api.delivery.tables import Delivery
from resource_api.errors import TooMany
from resource_api.postman import Postman
from resource_api.privacy.tables import Audit, AuditLink
from resource_api.referrals.tables import Referral
from resource_api.worker import permitted
from tests.api.delivering import DeliveringWorld, delivering
from tests.databases import copy_database, drop_database
from tests.delivery.letterbox import code_in, link_in
from tests.delivery.receivers import answer, first, hang
from tests.referrals.world import CRADLE, CRADLE_SERVICE, PANTRY, named

JUMPS = [timedelta(hours=1), timedelta(hours=-1)]


@pytest.fixture
def world(made_world: Path, tmp_path: Path) -> Iterator[DeliveringWorld]:
    path = copy_database(made_world, tmp_path / "world")
    with delivering(path) as world:
        yield world
    drop_database(path)


@contextmanager
def set_by(jump: timedelta) -> Iterator[None]:
    """Set every clock of this process by a jump; it goes on from there."""
    with time_machine.travel(datetime.now(UTC) + jump, tick=True):
        yield


def postman_of(world: DeliveringWorld) -> Postman:
    return Postman(world.database, world.keyring, world.settings, permitted)


def everything_holds(world: DeliveringWorld) -> bool:
    checks = tuple(check for check in CHECKS if check[0] != OUTSIDE)
    return run_checks(world.database, world.keyring, checks, now=datetime.now(UTC)) == 0


def heard(world: DeliveringWorld, path: str = "/hook") -> dict[int, set[str]]:
    """Get of each event under which ids it came."""
    ids: dict[int, set[str]] = {}
    for one in world.receivers.at(path):
        ids.setdefault(one.json["data"]["seq"], set()).add(one.id)
    return ids


@pytest.mark.parametrize("jump", JUMPS, ids=["forward", "back"])
def test_what_is_on_its_way_when_the_clock_jumps_comes_once_under_one_id(
    world: DeliveringWorld, jump: timedelta
) -> None:
    hospital = world.asking("hospital")
    hospital.post("/webhooks", {"url": world.receivers.url("/hook")})
    world.receivers.behaviours["/hook"] = first(1, lambda *given: (hang(0.5)(*given), answer(204)(*given)), answer(204))
    id = hospital.refer(consent=named(PANTRY))["id"]
    one, other = postman_of(world), postman_of(world)
    one.turn()
    while not world.receivers.at("/hook"):
        time.sleep(0.01)
    with set_by(jump):
        pantry = world.asking("pantry")
        assert pantry.move(id, "accepted", 1).status_code == 200
        other.deliver_all()
        one.deliver_all()
        one.close()
        other.close()
        world.work()
        ids = heard(world)
        assert list(ids) == [1, 2]
        assert [len(same) for same in ids.values()] == [1, 1]
        with world.database.read() as session:
            assert {d.state for d in session.scalars(select(Delivery))} == {"delivered"}
        assert everything_holds(world)
    world.work()
    assert everything_holds(world)


def test_what_was_queued_or_leased_when_the_clock_was_set_back_does_not_wait_for_an_hour(
    world: DeliveringWorld,
) -> None:
    hospital = world.asking("hospital")
    hospital.post("/webhooks", {"url": world.receivers.url("/hook")})
    postman = postman_of(world)
    postman.deliver_all()
    with set_by(timedelta(hours=1)):
        ahead = world.asking("hospital")
        told = ahead.refer(consent=named(PANTRY))["id"]
        postman.deliver_all()
        leased, queued = (ahead.refer(allow_duplicate=True)["id"] for _ in range(2))
        with world.database.write() as session:
            [delivery] = session.scalars(select(Delivery).where(Delivery.referral_id == leased))
            delivery.leased_by, delivery.attempts = "somebody who was killed", 1
            delivery.leased_until = delivery.next_at = datetime.now(UTC) + timedelta(seconds=30)
            session.commit()
        postman.last_turn = postman.clock()
    assert world.asking("pantry").move(told, "accepted", 1).status_code == 200
    postman.deliver_all()
    postman.close()
    assert {one.key for one in world.receivers.at("/hook")} == {(told, 1), (leased, 1), (queued, 1), (told, 2)}
    world.work()
    assert everything_holds(world)


@pytest.mark.parametrize("jump", JUMPS, ids=["forward", "back"])
def test_the_audit_is_sealed_and_reminders_are_sent_once_however_the_clock_jumps(
    world: DeliveringWorld, jump: timedelta
) -> None:
    due = (datetime.now(UTC) + timedelta(seconds=1)).isoformat()
    world.asking("hospital").refer(respond_by=due)
    for by in (timedelta(0), timedelta(seconds=3), jump, timedelta(seconds=6)):
        with set_by(by):
            world.asking("hospital").get("/referrals")
            with world.database.read() as session:
                last = session.scalar(select(func.max(Audit.id)))
            world.work()
            with world.database.read() as session:
                unsealed = select(Audit.id).where(Audit.id <= last, ~Audit.id.in_(select(AuditLink.audit_id)))
                assert session.scalars(unsealed).all() == []
    with world.database.read() as session:
        [referral] = session.scalars(select(Referral))
        assert referral.seq == 2, "it was sent, and reminded of once"


def test_a_rate_is_never_more_than_its_limit_in_a_window_and_never_stuck(world: DeliveringWorld) -> None:
    def counted(times: int) -> int:
        taken = 0
        with world.database.write() as session:
            for _ in range(times):
                try:
                    count(session, "somebody", limit=5, window_s=60, now=datetime.now(UTC))
                except TooMany:
                    continue
                taken += 1
            session.commit()
        return taken

    noon = datetime(2026, 11, 1, 12, 0, 30, tzinfo=UTC)
    for at, taken in ((noon, 5), (noon + JUMPS[0], 5), (noon, 0), (noon + JUMPS[1], 5), (noon, 0)):
        with time_machine.travel(at, tick=False):
            assert counted(7) == taken, at


def test_a_code_lives_no_longer_because_the_clock_was_set_back(world: DeliveringWorld) -> None:
    address = "referrals@cradle.example"
    world.asking("cradle").post("/referral-addresses", {"email": address})
    world.work()
    http = world.app.test_client()
    http.post(link_in(world.letterbox.texts(address)[0]).removeprefix("https://help.example.org"))
    id = world.asking("hospital").refer(CRADLE_SERVICE, consent=named(CRADLE))["id"]
    world.work()
    path = link_in(world.letterbox.texts(address)[1]).removeprefix("https://help.example.org")
    assert http.post(f"{path}/code").status_code == 202
    world.work()
    code = code_in(world.letterbox.texts(address)[2])
    with set_by(timedelta(hours=-1)):
        assert http.post(f"{path}/referral", json={"code": code}).status_code in (401, 403)
        assert http.post(f"{path}/code").status_code == 202
        world.work()
        code = code_in(world.letterbox.texts(address)[3])
        answered = http.post(f"{path}/referral", json={"code": code})
        assert (answered.status_code, (answered.json or {})["id"]) == (200, id)
