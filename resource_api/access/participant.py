"""WHICH ORGANIZATIONS TAKE PART: those of the directory, under their own id, and those that are never published."""

from datetime import datetime
from uuid import uuid4

from sqlalchemy.orm import Session

from resource_api.access.tables import Participant
from resource_api.errors import BadInput


def add_participant(
    session: Session, name: str, *, now: datetime, id: str | None = None, retention_days: int | None = None
) -> str:
    """Add an organization; get its id. `retention_days`: how long its referrals stay readable after their end.

    Raises BadInput.
    """
    if not name.strip():
        raise BadInput("An organization needs a name", field="name")
    added = Participant(id=id or str(uuid4()), name=name, created_at=now, retention_days=retention_days)
    session.add(added)
    session.flush()
    return added.id


def find_participant(session: Session, id: str) -> Participant | None:
    """Find an organization that takes part."""
    return session.get(Participant, id)
