"""WHAT IS DUE NOW, AND MAY STILL BE TOLD: deliveries are leased to a worker with all that sending them needs.

Only the first pending delivery of a referral to a target is ever due, which keeps their order. Permission is asked for
again in this very transaction, a moment before the sending: what may no longer be told is cancelled here, and audited.
A lease puts a delivery off until it runs out: if its worker was killed, it is due again, and arrives at least once.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Integer, Select, bindparam, exists, func, or_, select, update
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session, aliased

from resource_api.access.tables import Client
from resource_api.access.token import CLOCKS_DIFFER
from resource_api.database import UTCDateTime
from resource_api.delivery.compose import Call, write_call, write_letter
from resource_api.delivery.endpoint import REMOVED
from resource_api.delivery.letters import Letter
from resource_api.delivery.outbox import CODE
from resource_api.delivery.reply import CODE_LIVES
from resource_api.delivery.schedule import MOST_ATTEMPTS
from resource_api.delivery.tables import Delivery, Endpoint, ReferralAddress
from resource_api.privacy.audit import Agent, record
from resource_api.privacy.keyring import Keyring

# Asked for a referral, a participant and an event type; None: it may be told, else the reason why not, as a code.
Permitted = Callable[[Session, str, str, str], str | None]

# Longer than any attempt takes (send.py, mail.py), so that no live worker's attempt is made by another too.
CALL_LEASE = timedelta(seconds=30)
LETTER_LEASE = timedelta(minutes=3)


@dataclass(frozen=True, slots=True)
class Errand:
    """One attempt of one delivery, its `attempts`th.

    `message` None: it could not be written; `fault` says why, as a code.
    """

    delivery_id: str
    target: str
    referral_id: str | None
    seq: int | None
    agent: Agent
    attempts: int
    leased_until: datetime
    message: Call | Letter | None
    fault: str | None = None

    @property
    def attempt(self) -> tuple[str, int]:
        """Get what tells this attempt from any other."""
        return self.delivery_id, self.attempts


def due_targets(session: Session, *, now: datetime) -> list[str]:
    """List the targets for which something is due."""
    return list(session.scalars(_DUE_TARGETS, {"now": now}))


def recall_from_ahead(session: Session, *, now: datetime) -> int:
    """Make due at once what waits only because the clock was set back after it was written; get how much that is."""
    ahead = update(Delivery).where(
        Delivery.state == "pending",
        or_(
            Delivery.created_at > now + CLOCKS_DIFFER,
            Delivery.leased_until > now + max(CALL_LEASE, LETTER_LEASE) + CLOCKS_DIFFER,
        ),
        Delivery.next_at > now,
    )
    recalled = session.execute(ahead.values(next_at=now), execution_options={"synchronize_session": False})
    return int(getattr(recalled, "rowcount", 0))


def claim_due(
    session: Session,
    keyring: Keyring,
    permitted: Permitted,
    room: Mapping[str, int],
    *,
    worker: str,
    public_url: str,
    now: datetime,
) -> tuple[list[Errand], int]:
    """Lease what is due to a worker, for each target as many as it has room for.

    Returns the errands, and how many deliveries were put away because they may no longer be made.
    """
    errands: list[Errand] = []
    away = 0
    with session.no_autoflush:  # what is leased is written once, at the end
        kept = _load_endpoints(session, room)
        for target, most in room.items():
            due = session.scalars(_FIRST_DUE, {"its_target": target, "now": now, "most": most}).all()
            if not due:
                _put_behind(session, target, now)
                continue
            obstacle, agent, write = _look_at(session, keyring, due[0], public_url=public_url, now=now)
            lease = now + (CALL_LEASE if due[0].endpoint_id else LETTER_LEASE)
            for delivery in due:
                message, refusal, fault = None, obstacle, None
                try:
                    refusal = refusal or _refuse(session, permitted, delivery, agent, now)
                    message = write(delivery) if refusal is None else None
                except SQLAlchemyError:
                    raise
                except Exception as error:  # whatever is wrong with one must not keep the others waiting
                    fault = type(error).__name__
                if refusal is not None:
                    put_away(session, delivery, *refusal, agent, now=now)
                    away += 1
                else:
                    errands.append(_lease(delivery, worker, lease, agent, message, fault))
    session.flush()
    del kept
    return errands, away


def _lease(
    delivery: Delivery, worker: str, until: datetime, agent: Agent, message: Call | Letter | None, fault: str | None
) -> Errand:
    delivery.leased_by, delivery.leased_until, delivery.next_at = worker, until, until
    delivery.attempts += 1  # now, so that one that kills its worker is counted too
    what = delivery.id, delivery.target, delivery.referral_id, delivery.seq
    return Errand(*what, agent, delivery.attempts, until, message, fault)


def put_away(session: Session, delivery: Delivery, state: str, reason: str, agent: Agent, *, now: datetime) -> None:
    """Send a delivery no more: `cancelled`, `parked` or `dead`, for a reason that the audit keeps."""
    delivery.state, delivery.reason = state, reason
    delivery.leased_by = delivery.leased_until = None
    record(
        session, agent, "E", f"delivery.{state}", now=now, kind="delivery", ids=(delivery.id,),
        outcome="denied", reason=reason,
    )  # fmt: skip


_earlier = aliased(Delivery)
_IS_EARLIER = (
    _earlier.target == Delivery.target,
    _earlier.referral_id == Delivery.referral_id,
    _earlier.seq < Delivery.seq,
    _earlier.state == "pending",
)


def _put_behind(session: Session, target: str, now: datetime) -> None:
    """Put off what waits for an earlier one as long as that is put off, so that nobody looks at it meanwhile."""
    until = select(func.max(_earlier.next_at)).where(*_IS_EARLIER, _earlier.leased_by.is_(None)).scalar_subquery()
    waiting = update(Delivery).where(Delivery.target == target, Delivery.state == "pending", Delivery.next_at <= now)
    put_off = waiting.where(until > now).values(next_at=until)
    session.execute(put_off, execution_options={"synchronize_session": False})


def _write_due_targets() -> Select[str]:
    """Go from target to target along the index: a long queue costs no more than a short one."""
    first = select(func.min(Delivery.target).label("target")).where(Delivery.state == "pending")
    waiting = first.cte("waiting", recursive=True)
    further = select(func.min(_earlier.target)).where(_earlier.state == "pending", _earlier.target > waiting.c.target)
    waiting = waiting.union_all(select(further.scalar_subquery()).where(waiting.c.target.is_not(None)))
    soonest = select(func.min(Delivery.next_at)).where(Delivery.state == "pending", Delivery.target == waiting.c.target)
    return select(waiting.c.target).where(soonest.scalar_subquery() <= bindparam("now", type_=UTCDateTime()))


# Made once: they are asked many times a second.
_DUE_TARGETS = _write_due_targets()
_FIRST_DUE = (
    select(Delivery)
    .where(
        Delivery.state == "pending",
        Delivery.target == bindparam("its_target"),
        Delivery.next_at <= bindparam("now"),
        ~exists().where(*_IS_EARLIER),
    )
    .order_by(Delivery.next_at, Delivery.seq, Delivery.id)
    .limit(bindparam("most", type_=Integer))
    .with_for_update(skip_locked=True)
)


def _load_endpoints(session: Session, targets: Iterable[str]) -> list[Endpoint | Client]:
    """Load in two questions what every target would ask for; the session knows it for as long as it is kept."""
    ids = [target.removeprefix("endpoint:") for target in targets if target.startswith("endpoint:")]
    endpoints = session.scalars(select(Endpoint).where(Endpoint.id.in_(ids))).all()
    clients = session.scalars(select(Client).where(Client.id.in_({endpoint.client_id for endpoint in endpoints}))).all()
    return [*endpoints, *clients]


# The state that a delivery is put away in, and why.
_Refusal = tuple[str, str]
_Write = Callable[[Delivery], Call | Letter]


def _look_at(
    session: Session, keyring: Keyring, delivery: Delivery, *, public_url: str, now: datetime
) -> tuple[_Refusal | None, Agent, _Write]:
    """Look at the target of a delivery as it is now: what stands in the way, who is told, and how it is written."""
    if delivery.endpoint_id is not None:
        endpoint = session.get_one(Endpoint, delivery.endpoint_id)
        client = session.get_one(Client, endpoint.client_id)
        agent = Agent(endpoint.participant_id, endpoint.client_id)
        return _obstacle(endpoint, client), agent, lambda delivery: write_call(keyring, endpoint, delivery, now=now)
    address = session.get_one(ReferralAddress, delivery.address_id)
    agent = Agent(address.participant_id, f"address:{address.id}")
    gone = ("cancelled", "address-removed") if address.removed_at is not None else None
    return gone, agent, lambda delivery: write_letter(session, keyring, address, delivery, public_url, now=now)


def _refuse(session: Session, permitted: Permitted, delivery: Delivery, agent: Agent, now: datetime) -> _Refusal | None:
    """Ask whether a delivery may still be made."""
    if delivery.attempts >= MOST_ATTEMPTS:
        return "dead", "never-ended"
    if delivery.referral_id is not None:
        reason = permitted(session, delivery.referral_id, str(agent.organization_id), delivery.type)
        return None if reason is None else ("cancelled", reason)
    if delivery.type == CODE and delivery.created_at + CODE_LIVES <= now:
        return "cancelled", "expired"
    return None


def _obstacle(endpoint: Endpoint, client: Client) -> _Refusal | None:
    if client.revoked_at is not None:
        return "cancelled", "client-revoked"
    if endpoint.disabled_at is not None:
        return "cancelled" if endpoint.disabled_reason == REMOVED else "parked", f"endpoint-{endpoint.disabled_reason}"
    return None
