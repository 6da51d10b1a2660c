"""WHAT GROWS STALE BY ITSELF: hours that were compiled up to a horizon which time has come near.

Monthly and fortnightly openings are compiled into dated windows; before the last of them is reached the cards that hold
them are published again.
"""

from collections.abc import Iterator
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from resource_api.directory.compile_hours import HORIZON_DAYS
from resource_api.directory.document import Document
from resource_api.directory.publish import publish_organizations

DAYS_AHEAD = 60
BATCH = 50


def refresh_hours(session: Session, *, now: datetime) -> Iterator[int]:
    """Publish the organizations again whose hours run out soon; yields the number done after each batch."""
    before = now - timedelta(days=HORIZON_DAYS - DAYS_AHEAD)
    cards = session.execute(
        select(Document.organization_id, Document.body)
        .where(Document.kind == "card", Document.modified_at < before, Document.deleted_at.is_(None))
        .order_by(Document.organization_id)
    )
    # A horizon is looked for in the bytes: only cards with dated windows have one, and few are that old.
    organizations = list(dict.fromkeys(each for each, body in cards if each is not None and b'"h":"' in body))
    for start in range(0, len(organizations), BATCH):
        some = organizations[start : start + BATCH]
        publish_organizations(session, some, now=now)
        yield start + len(some)
