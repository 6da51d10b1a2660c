"""WHAT BECOMES OF IT: each attempt's outcome is kept, and the audit told, in one short transaction for many.

Only a delivery that is still in the worker's hands is settled: where its lease ran out, another has it now.
"""

from collections.abc import Iterable
from typing import Any

from sqlalchemy import bindparam, select, update
from sqlalchemy.orm import Session

from resource_api.database import Base
from resource_api.delivery.endpoint import GONE, disable
from resource_api.delivery.schedule import next_attempt
from resource_api.delivery.send import Outcome
from resource_api.delivery.tables import Delivery, Endpoint
from resource_api.privacy.audit import record

_ROWS = Base.metadata.tables[Delivery.__tablename__]
_SETTLE = (
    update(_ROWS)
    .where(_ROWS.c.id == bindparam("delivery_id"))
    .values(
        {name: bindparam(f"to_{name}") for name in ("state", "reason", "next_at", "last_status", "delivered_at")}
        | {"leased_by": None, "leased_until": None}
    )
)
# Those behind a delivery that is put off wait as long, and are not looked at meanwhile.
_PUT_OFF = (
    update(_ROWS)
    .where(
        _ROWS.c.target == bindparam("its_target"),
        _ROWS.c.referral_id == bindparam("its_referral"),
        _ROWS.c.seq > bindparam("its_seq"),
        _ROWS.c.state == "pending",
        _ROWS.c.next_at < bindparam("until"),
    )
    .values(next_at=bindparam("until"))
)
# A receiver that asks to be left alone is, with all that waits for it.
_LEAVE_ALONE = (
    update(_ROWS)
    .where(
        _ROWS.c.target == bindparam("its_target"),
        _ROWS.c.state == "pending",
        _ROWS.c.leased_by.is_(None),
        _ROWS.c.next_at < bindparam("until"),
    )
    .values(next_at=bindparam("until"))
)


def settle(session: Session, worker: str, outcomes: Iterable[Outcome]) -> int:
    """Keep how attempts ended; get how many of them were still this worker's to settle."""
    ended = {outcome.errand.attempt: outcome for outcome in outcomes}
    held = select(Delivery.id, Delivery.attempts).where(
        Delivery.id.in_({delivery_id for delivery_id, _ in ended}),
        Delivery.state == "pending",
        Delivery.leased_by == worker,
    )
    attempts = [(row.id, row.attempts) for row in session.execute(held.with_for_update())]
    own = [ended[attempt] for attempt in attempts if attempt in ended]
    if not own:
        return 0
    settled = [_settled(outcome) for outcome in own]
    connection = session.connection()
    connection.execute(_SETTLE, settled)
    later = [
        {
            "its_target": o.errand.target,
            "its_referral": o.errand.referral_id,
            "its_seq": o.errand.seq,
            "until": row["to_next_at"],
        }
        for o, row in zip(own, settled, strict=True)
        if row["to_state"] == "pending" and o.errand.seq is not None
    ]
    if later:
        connection.execute(_PUT_OFF, later)
    asked = [{"its_target": o.errand.target, "until": o.not_before} for o in own if o.not_before is not None]
    if asked:
        connection.execute(_LEAVE_ALONE, asked)
    for outcome, row in zip(own, settled, strict=True):
        record(
            session, outcome.errand.agent, "E", "delivery.send", now=outcome.at, kind="delivery",
            ids=(outcome.errand.delivery_id,), outcome="ok" if row["to_state"] == "delivered" else "failed",
            reason=outcome.reason,
        )  # fmt: skip
    for outcome in own:
        if outcome.end == "gone":
            _disable(session, outcome)
    return len(own)


def _disable(session: Session, outcome: Outcome) -> None:
    endpoint = session.get_one(Endpoint, outcome.errand.target.partition(":")[2])
    if endpoint.disabled_at is None:
        disable(session, endpoint, GONE, now=outcome.at)


def _settled(outcome: Outcome) -> dict[str, Any]:
    state, reason, next_at = "delivered", outcome.reason, outcome.at
    if outcome.end == "gone":
        state, reason = "parked", f"endpoint-{GONE}"
    elif outcome.end == "hopeless":
        state = "dead"
    elif outcome.end == "failed":
        again = next_attempt(outcome.errand.attempts, now=outcome.at, not_before=outcome.not_before)
        state, next_at = ("pending", again) if again is not None else ("dead", outcome.at)
    return {
        "delivery_id": outcome.errand.delivery_id,
        "to_state": state,
        "to_reason": reason,
        "to_next_at": next_at,
        "to_last_status": outcome.status,
        "to_delivered_at": outcome.at if state == "delivered" else None,
    }
