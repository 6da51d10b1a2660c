"""WHAT TIME DOES: who has not answered in time is reminded, once. Nothing changes its state by itself."""

from collections.abc import Iterator
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from resource_api.privacy.audit import SYSTEM, record
from resource_api.referrals.act import offered_to, tell_of, whom
from resource_api.referrals.events import append_event
from resource_api.referrals.tables import Referral

BATCH = 100


def remind_overdue(session: Session, now: datetime) -> Iterator[int]:
    """Remind of what is overdue; yields the number reminded of after each batch, for the door to commit.

    It is visible as overdue from then on whether or not anybody reads the reminder.
    """
    reminded = 0
    while late := session.scalars(
        select(Referral)
        .where(
            Referral.status == "requested",
            Referral.respond_by.is_not(None),
            Referral.respond_by <= now,
            Referral.reminded_at.is_(None),
        )
        .order_by(Referral.respond_by)
        .limit(BATCH)
        .with_for_update(skip_locked=True)
    ).all():
        for referral in late:
            referral.reminded_at = now
            append_event(session, None, referral, "referral.reminder", by=None, now=now, changes=False)
            told = whom(referral) if referral.owner_id else {*whom(referral), *offered_to(session, referral.id)}
            tell_of(session, referral, "referral.reminder", told, now=now)
            record(session, SYSTEM, "U", "referral.remind", now=now, kind="referral", ids=(referral.id,))
        session.flush()
        reminded += len(late)
        yield reminded
