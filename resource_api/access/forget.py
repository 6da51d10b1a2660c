"""WHAT NEED NOT BE KNOWN ANY LONGER: tokens, used assertions and counts, once they are over."""

from datetime import datetime, timedelta

from sqlalchemy import delete
from sqlalchemy.orm import Session

from resource_api.access.tables import AccessToken, Rate, SeenAssertion

# A clock that jumps ahead, and back again, must not make an assertion usable twice.
_MARGIN = timedelta(days=1)


def forget_expired(session: Session, now: datetime) -> int:
    """Forget what is over; get how many rows that were."""
    over = (
        delete(AccessToken).where(AccessToken.expires_at < now).returning(AccessToken.expires_at),
        delete(SeenAssertion).where(SeenAssertion.expires_at < now - _MARGIN).returning(SeenAssertion.expires_at),
        delete(Rate).where(Rate.expires_at < now).returning(Rate.expires_at),
    )
    return sum(len(session.execute(forgetting).all()) for forgetting in over)
