"""WHAT THE PERSON AGREED TO: who sees them, and when nobody does any longer.

Revoking ends every disclosure at once: whoever reads, lists, searches or is about to be told is asked about it first.
"""

from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, exists, insert
from sqlalchemy.orm import Session

from resource_api.database import Base
from resource_api.errors import BadInput, ConsentMissing
from resource_api.prepared import Prepared
from resource_api.privacy.keyring import RecordKey
from resource_api.referrals.referral import Consent
from resource_api.referrals.tables import Referral, ReferralConsent

_CONSENT = Base.metadata.tables[ReferralConsent.__tablename__]
_ADD = Prepared(insert(_CONSENT))
# Once it took the referral on, an organization knows the person, unless the person said otherwise.
_TAKEN_ON = frozenset({"accepted", "in-progress", "on-hold", "completed", "failed"})


def consent_of(session: Session, referral_id: str) -> ReferralConsent | None:
    """Get what was agreed to for a referral."""
    return session.get(ReferralConsent, referral_id)


def is_over(consent: ReferralConsent | None, now: datetime | None) -> bool:
    """Tell whether there is a consent, and it was revoked or has run out."""
    if consent is None:
        return False
    return consent.revoked_at is not None or (now is not None and consent.until is not None and consent.until <= now)


def is_withheld() -> ColumnElement[bool]:
    """Get the clause on the referrals whose consent was revoked."""
    return exists().where(ReferralConsent.referral_id == Referral.id, ReferralConsent.revoked_at.is_not(None))


def may_see_person(referral: Referral, consent: ReferralConsent | None, organization_id: str, now: datetime) -> bool:
    """Tell whether whom a referral is addressed to may see the person.

    At once where the consent names it; where it names others, never; where it names nobody, once it has accepted, but
    nothing that is sensitive.
    """
    if is_over(consent, now) or referral.status == "entered-in-error":
        return False
    named = consent.recipients.split() if consent is not None else []
    if named or referral.sensitive:
        return organization_id in named
    return referral.status in _TAKEN_ON


def check_consent(consent: Consent | None, *, sensitive: bool, owner_id: str | None, now: datetime) -> None:
    """Refuse a consent that is over, or does not name a sensitive referral's owner. Raises BadInput."""
    if consent is not None and consent.until is not None and consent.until <= now:
        raise BadInput("This consent is over already", field="consent.until", hint="a time still to come")
    if sensitive and owner_id is None:
        raise BadInput(
            "What is sensitive is never offered to whoever takes it", field="need", hint="choose a service: service_id"
        )
    if sensitive and (consent is None or owner_id not in consent.recipients):
        raise ConsentMissing(
            "This is sensitive, and the person has not named who may know",
            field="consent.recipients",
            hint=f"the person's consent that names {owner_id}",
        )


def consent_row(key: RecordKey, referral_id: str, consent: Consent, *, now: datetime) -> dict[str, Any]:
    """Make the row that keeps what was agreed to."""
    evidence = None
    if consent.evidence is not None:
        evidence = key.seal(consent.evidence, table=_CONSENT.name, column="evidence", row=referral_id)
    return {
        "referral_id": referral_id,
        "scope": consent.scope,
        "recipients": " ".join(consent.recipients),
        "purpose": consent.purpose,
        "until": consent.until,
        "evidence": evidence,
        "given_at": now,
    }


def add_consent(session: Session, row: dict[str, Any]) -> None:
    """Keep what was agreed to."""
    _ADD.run(session, row)
