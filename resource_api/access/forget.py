"""WHAT NEED NOT BE KNOWN ANY LONGER: tokens, used assertions and counts, once they are over."""

from datetime import datetime, timedelta

from sqlalchemy import delete
from sqlalchemy.orm import Session

from resource_api.access.tables import AccessToken, Rate, SeenAssertion

# A clock that jumps ahead, and back again, must not make an assertion usable twice.
_MARGIN = timedelta(days=1)


def forget_expired(session: Session, now: datetime) -> int:
    """Forget what is over; get how many rows that were."""
    over = (AccessToken.expires_at < now, SeenAssertion.expires_at < now - _MARGIN, Rate.expires_at < now)
    tables = (AccessToken, SeenAssertion, Rate)
    forgotten = (
        session.execute(delete(table).where(clause).returning(table.expires_at)).all()
        for table, clause in zip(tables, over, strict=True)
    )
    return sum(len(rows) for rows in forgotten)
