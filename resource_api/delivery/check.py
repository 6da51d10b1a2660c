"""WHETHER NOTHING IS LOST ON THE WAY, for `resource-api verify`: every delivery has one end, comes in its turn, moves.

That each event has a delivery for each endpoint at all is checked by the room that knows the events.
"""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, case, exists, func, or_, select
from sqlalchemy.orm import Session

from resource_api.delivery.codes import STATES
from resource_api.delivery.schedule import MOST_ATTEMPTS
from resource_api.delivery.tables import Delivery, Job
from resource_api.errors import Breach
from resource_api.privacy.keyring import Keyring

MOST_NAMED = 20
# A worker that runs takes up within seconds what another has left.
PATIENCE = timedelta(minutes=10)
# The schedule ends after four days at most; a receiver with a long queue that answers nothing takes longer.
MOST_AGE = timedelta(days=14)
# Clocks of two workers may differ by so much.
SKEW = timedelta(seconds=2)


def find_wrong_deliveries(session: Session, _keyring: Keyring, _now: datetime) -> Iterator[Breach]:
    """Look for deliveries that are in no state, or in one that their row does not bear out."""
    ended = Delivery.state.in_(("dead", "parked", "cancelled"))
    wrong = {
        "is in no known state": Delivery.state.not_in(STATES),
        "was delivered at no time": and_(Delivery.state == "delivered", Delivery.delivered_at.is_(None)),
        "ended for no reason": and_(ended, Delivery.reason.is_(None)),
        "was tried too often": Delivery.attempts > MOST_ATTEMPTS,
        "goes nowhere": and_(Delivery.endpoint_id.is_(None), Delivery.address_id.is_(None)),
    }
    for what, condition in wrong.items():
        yield from _name(session, select(Delivery.id).where(condition), what)


def find_overtaken(session: Session, _keyring: Keyring, _now: datetime) -> Iterator[Breach]:
    """Look for deliveries that came before an earlier one of the same referral; one that was replayed may come late."""
    before: dict[str, Any] = {
        "partition_by": (Delivery.target, Delivery.referral_id),
        "order_by": Delivery.seq,
        "rows": (None, -1),
    }
    ordered = (
        select(
            Delivery.id,
            Delivery.state,
            Delivery.created_at,
            Delivery.delivered_at,
            func.max(Delivery.created_at).over(**before).label("made"),
            func.max(Delivery.delivered_at).over(**before).label("last"),
            func.max(case((Delivery.state == "pending", 1), else_=0)).over(**before).label("waiting"),
        )
        .where(Delivery.seq.is_not(None), Delivery.replayed_at.is_(None))
        .subquery()
    )
    delivered = select(ordered.c.id, ordered.c.delivered_at, ordered.c.last, ordered.c.waiting).where(
        ordered.c.state == "delivered",
        or_(
            ordered.c.waiting == 1,
            and_(
                ordered.c.last > ordered.c.delivered_at,
                # Times of before and after a clock that was set back say nothing of what came first.
                ordered.c.delivered_at >= ordered.c.created_at,
                ordered.c.created_at >= ordered.c.made,
            ),
        ),
    )
    for row in session.execute(delivered):
        if row.waiting or row.last - row.delivered_at > SKEW:
            yield Breach(f"delivery {row.id} overtook an earlier one of its referral")


def find_stuck(session: Session, _keyring: Keyring, now: datetime) -> Iterator[Breach]:
    """Look for deliveries that nobody moves: leased for longer than a lease, due without a worker, or far too old."""
    pending = Delivery.state == "pending"
    held = and_(pending, Delivery.leased_until < now - PATIENCE)
    yield from _name(session, select(Delivery.id).where(held), "is held past its lease: is the worker running?")
    old = and_(pending, Delivery.created_at < now - MOST_AGE, Delivery.replayed_at.is_(None))
    yield from _name(session, select(Delivery.id).where(old), f"is pending for over {MOST_AGE.days} days")
    due = select(func.count()).select_from(Delivery).where(pending, Delivery.next_at < now - PATIENCE)
    count = session.scalar(due) or 0
    if count and not session.scalar(select(_has_worked(now))):
        yield Breach(f"{count} deliveries are due, and no worker has done anything for over ten minutes")


def _has_worked(now: datetime) -> ColumnElement[bool]:
    return exists().where(Job.done_at > now - PATIENCE)


def _name(session: Session, chosen: Select[str], what: str) -> Iterator[Breach]:
    """Name the first deliveries that are chosen, and count the others."""
    named = session.scalars(chosen.order_by(Delivery.created_at).limit(MOST_NAMED)).all()
    for delivery_id in named:
        yield Breach(f"delivery {delivery_id} {what}")
    if len(named) == MOST_NAMED:
        total = session.scalar(select(func.count()).select_from(chosen.subquery())) or 0
        if total > MOST_NAMED:
            yield Breach(f"{total - MOST_NAMED} more: {what}")
