"""WHEN AN ADMINISTRATOR MUST LOOK: emergency access to what is secret, for a reason, for a while, on the record.

45 CFR 164.312(a)(2)(ii), emergency access procedure.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import uuid4

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from resource_api.access.codes import LEAST_REASON, MOST_MINUTES
from resource_api.access.policy import Grants
from resource_api.access.tables import BrokenGlass
from resource_api.errors import BadInput
from resource_api.privacy.audit import record
from resource_api.privacy.keyring import Keyring


@dataclass(frozen=True, slots=True)
class Glass:
    """An emergency access, and when it ends."""

    id: str
    until: datetime


def break_glass(
    session: Session, keyring: Keyring, grants: Grants, reason: str, minutes: int, *, now: datetime
) -> Glass:
    """Let an administrator see what is secret, for some minutes. Raises BadInput."""
    if len(reason.strip()) < LEAST_REASON:
        raise BadInput("says too little", field="reason", hint="what happened, and whom it serves to look")
    if not 1 <= minutes <= MOST_MINUTES:
        raise BadInput(f"is not between 1 and {MOST_MINUTES}", field="minutes")
    glass = Glass(str(uuid4()), now + timedelta(minutes=minutes))
    session.add(
        BrokenGlass(
            id=glass.id,
            client_id=grants.caller.client_id,
            reason=keyring.seal(reason.strip().encode(), table="broken_glass", column="reason", row=glass.id),
            since=now,
            until=glass.until,
        )
    )
    session.flush()
    record(session, grants.caller.agent, "E", "glass.break", now=now, kind="broken_glass", ids=[glass.id])
    return glass


def mend_glass(session: Session, grants: Grants, *, now: datetime) -> None:
    """End a client's emergency access early."""
    open_ones = BrokenGlass.client_id == grants.caller.client_id, BrokenGlass.until > now
    ids = session.scalars(select(BrokenGlass.id).where(*open_ones)).all()
    session.execute(update(BrokenGlass).where(*open_ones).values(until=now))
    record(session, grants.caller.agent, "E", "glass.mend", now=now, kind="broken_glass", ids=ids)


def is_glass_broken(session: Session, client_id: str, now: datetime) -> bool:
    """Tell whether a client has emergency access now."""
    found = select(BrokenGlass.id).where(
        BrokenGlass.client_id == client_id, BrokenGlass.since <= now, BrokenGlass.until > now
    )
    return session.scalar(found.limit(1)) is not None
