"""`verify` finds what is lost, overtaken or stuck, and nothing where nothing is."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from resource_api.delivery.check import find_overtaken, find_stuck, find_wrong_deliveries
from resource_api.delivery.replay import Wanted, replay_dead
from resource_api.delivery.tables import Delivery
from resource_api.privacy.audit import SYSTEM
from tests.delivery.conftest import World
from tests.delivery.receivers import Receivers

CHECKS = (find_wrong_deliveries, find_overtaken, find_stuck)


@pytest.fixture
def told(world: World, receivers: Receivers) -> World:
    """A world in which four events of a referral were delivered."""
    grants = world.participant()
    world.endpoint(grants, receivers.url("/hook"))
    world.happen(grants, "r1", (1, 2, 3, 4))
    world.deliver()
    return world


def breaches(world: World) -> list[str]:
    with world.database.read() as session:
        return [breach.what for find in CHECKS for breach in find(session, world.keyring, world.clock())]


def change(world: World, seq: int, **values: object) -> str:
    with world.database.write() as session:
        delivery = session.scalars(select(Delivery).where(Delivery.seq == seq)).one()
        for name, value in values.items():
            setattr(delivery, name, value)
        session.commit()
    return delivery.id


def test_where_all_is_well_nothing_is_found(told: World) -> None:
    assert breaches(told) == []


@pytest.mark.parametrize(
    ("values", "found"),
    [
        ({"state": "lost"}, "is in no known state"),
        ({"delivered_at": None}, "was delivered at no time"),
        ({"state": "cancelled", "reason": None}, "ended for no reason"),
        ({"attempts": 11}, "was tried too often"),
        ({"endpoint_id": None}, "goes nowhere"),
    ],
)
def test_a_row_that_does_not_bear_out_its_state_is_found(told: World, values: dict[str, object], found: str) -> None:
    changed = change(told, 4, **values)
    assert breaches(told) == [f"delivery {changed} {found}"]


def test_one_that_overtook_an_earlier_one_is_found(told: World) -> None:
    change(told, 2, delivered_at=told.clock() + timedelta(minutes=1))
    assert [what.partition(" overtook ")[1] for what in breaches(told)] == [" overtook "] * 2


def test_one_that_was_delivered_while_an_earlier_one_waits_is_found(told: World) -> None:
    change(told, 3, state="pending", delivered_at=None)
    assert len(breaches(told)) == 1


def test_one_that_was_replayed_may_come_late(told: World) -> None:
    change(told, 2, state="dead", reason="status-500")
    with told.database.write() as session:
        assert replay_dead(session, Wanted(), SYSTEM, now=told.clock(), limit=10) == 1
        session.commit()
    assert breaches(told) == []
    told.clock.forward(minutes=1)
    told.deliver()
    assert breaches(told) == []


@pytest.mark.parametrize(
    ("values", "found"),
    [
        (lambda now: {"leased_until": now - timedelta(minutes=11), "next_at": now}, "is held past its lease"),
        (lambda now: {"created_at": now - timedelta(days=15), "next_at": now}, "is pending for over 14 days"),
        (lambda now: {"next_at": now - timedelta(minutes=11)}, "no worker has done anything"),
    ],
)
def test_one_that_nobody_moves_is_found(told: World, values: Callable[..., dict[str, object]], found: str) -> None:
    change(told, 4, state="pending", delivered_at=None, **values(told.clock()))
    [what] = breaches(told)
    assert found in what


def test_many_of_a_kind_are_counted_and_not_all_named(world: World, receivers: Receivers) -> None:
    grants = world.participant()
    world.endpoint(grants, receivers.url("/hook"))
    world.happen(grants, "r1", range(1, 51))

    def spoil(session: Session) -> None:
        for delivery in session.scalars(select(Delivery)):
            delivery.state = "lost"

    with world.database.write() as session:
        spoil(session)
        session.commit()
    found = breaches(world)
    assert len(found) == 21
    assert found[-1].startswith("30 more")
