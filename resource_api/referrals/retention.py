"""WHEN A REFERRAL IS FORGOTTEN: after its requester's time its key is, and with that all that was sealed by it.

Its row, its events and their hashes stay: they are counted and verified as before, and say nothing of anybody.
"""

from collections.abc import Iterator
from datetime import datetime, timedelta

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from resource_api.access.tables import Participant
from resource_api.privacy.audit import SYSTEM, record
from resource_api.referrals.person import forget_person
from resource_api.referrals.tables import Referral, ReferralConsent, ReferralEvent, Replay

BATCH = 100
_SEALED = ("patient", "identifiers", "place", "note", "reason_text", "outcome_note", "appointment")


def shred_expired(session: Session, now: datetime) -> Iterator[int]:
    """Shred what ended longer ago than its requester keeps it; yields the number after each batch, to be committed."""
    shredded = 0
    kept = session.execute(
        select(Participant.id, Participant.retention_days).where(Participant.retention_days.is_not(None))
    ).all()
    for organization, days in kept:
        ended = select(Referral).where(
            Referral.requester_id == organization,
            Referral.closed_at <= now - timedelta(days=days or 0),
            Referral.data_key.is_not(None),
        )
        while some := session.scalars(ended.limit(BATCH).with_for_update(skip_locked=True)).all():
            for referral in some:
                _shred(session, referral)
            ids = [referral.id for referral in some]
            session.execute(delete(Replay).where(Replay.referral_id.in_(ids)))
            record(session, SYSTEM, "D", "referral.shred", now=now, kind="referral", ids=ids)
            session.flush()
            shredded += len(some)
            yield shredded


def _shred(session: Session, referral: Referral) -> None:
    for column in ("data_key", *_SEALED):
        setattr(referral, column, None)
    forget_person(session, referral.id)
    session.execute(update(ReferralEvent).where(ReferralEvent.referral_id == referral.id).values(detail=None))
    session.execute(update(ReferralConsent).where(ReferralConsent.referral_id == referral.id).values(evidence=None))
