"""WHAT DID NOT ARRIVE: dead and parked deliveries, listed, and sent once more when somebody says so."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, and_, exists, or_, select, update
from sqlalchemy.orm import Session, aliased

from resource_api.access.policy import Grants
from resource_api.delivery.tables import Delivery, Endpoint
from resource_api.errors import Conflict, NotFound
from resource_api.privacy.audit import Agent, record

REPLAYABLE = ("dead", "delivered")


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which deliveries are meant; whatever is None does not matter. `grants`: only those of this client's endpoints."""

    grants: Grants | None = None
    states: Sequence[str] = ()
    endpoint_id: str | None = None
    since: datetime | None = None
    until: datetime | None = None

    def where(self) -> list[ColumnElement[bool]]:
        """Write the conditions."""
        found: list[ColumnElement[bool]] = []
        if self.grants is not None:
            own = Endpoint.client_id == self.grants.caller.client_id
            found.append(exists().where(Endpoint.id == Delivery.endpoint_id, own))
        if self.states:
            found.append(Delivery.state.in_(self.states))
        if self.endpoint_id is not None:
            found.append(Delivery.target == f"endpoint:{self.endpoint_id}")
        if self.since is not None:
            found.append(Delivery.created_at >= self.since)
        if self.until is not None:
            found.append(Delivery.created_at < self.until)
        return found


def list_deliveries(session: Session, wanted: Wanted, *, after: str | None = None, limit: int) -> Sequence[Delivery]:
    """List deliveries, oldest first; `after` is the id of the last one seen."""
    query = select(Delivery).where(*wanted.where())
    if after is not None:
        last = aliased(Delivery)
        earlier = select(last.created_at).where(last.id == after).scalar_subquery()
        query = query.where(
            or_(Delivery.created_at > earlier, and_(Delivery.created_at == earlier, Delivery.id > after))
        )
    return session.scalars(query.order_by(Delivery.created_at, Delivery.id).limit(limit)).all()


def replay_one(session: Session, wanted: Wanted, delivery_id: str, agent: Agent, *, now: datetime) -> None:
    """Send one delivery once more, under the same webhook-id.

    Raises NotFound, or Conflict where it has not come to its end.
    """
    state = session.scalar(select(Delivery.state).where(*wanted.where(), Delivery.id == delivery_id))
    if state is None:
        raise NotFound(f"There is no delivery {delivery_id}")
    if state not in REPLAYABLE:
        raise Conflict(f"This delivery is {state}", hint=f"only one that is {' or '.join(REPLAYABLE)} can be replayed")
    _replay(session, [delivery_id], agent, now)


def replay_dead(session: Session, wanted: Wanted, agent: Agent, *, now: datetime, limit: int) -> int:
    """Send dead deliveries once more, the oldest first, so many at most; get how many. Call again until it is 0."""
    query = select(Delivery.id).where(*wanted.where(), Delivery.state == "dead")
    dead = list(session.scalars(query.order_by(Delivery.created_at, Delivery.id).limit(limit)))
    if dead:
        _replay(session, dead, agent, now)
    return len(dead)


def _replay(session: Session, ids: list[str], agent: Agent, now: datetime) -> None:
    again = update(Delivery).where(Delivery.id.in_(ids))
    values = {"state": "pending", "reason": None, "attempts": 0, "next_at": now, "replayed_at": now}
    session.execute(again.values(**values), execution_options={"synchronize_session": False})
    record(session, agent, "E", "delivery.replay", now=now, kind="delivery", ids=ids)
