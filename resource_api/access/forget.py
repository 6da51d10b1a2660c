"""WHAT NEED NOT BE KNOWN ANY LONGER: tokens, assertions and rates that have run out."""

from collections.abc import Iterator
from datetime import datetime

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from resource_api.access.tables import AccessToken, Rate, SeenAssertion

AT_A_TIME = 1_000


def forget_expired(session: Session, *, now: datetime) -> Iterator[int]:
    """Delete what has expired; yields how many rows so far, after each batch, for the door to commit."""
    forgotten = 0
    for table, key in ((AccessToken, AccessToken.hash), (SeenAssertion, SeenAssertion.jti_hash), (Rate, Rate.name)):
        expired = table.expires_at <= now
        while some := session.scalars(select(key).where(expired).limit(AT_A_TIME)).all():
            session.execute(delete(table).where(expired, key.in_(some)))
            forgotten += len(some)
            yield forgotten
