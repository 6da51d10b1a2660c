"""WHEN THE PERSON TAKES THE CONSENT BACK: from that moment nobody but who sent the referral sees them."""

from datetime import datetime

from sqlalchemy.orm import Session

from resource_api.access.policy import Grants
from resource_api.errors import Conflict
from resource_api.privacy.keyring import Keyring
from resource_api.referrals.act import begin, finish
from resource_api.referrals.consent import consent_of
from resource_api.referrals.events import append_event
from resource_api.referrals.person import forget_person
from resource_api.referrals.seal import key_of
from resource_api.referrals.tables import Referral, ReferralConsent


def revoke_consent(session: Session, keyring: Keyring, grants: Grants, referral_id: str, *, now: datetime) -> Referral:
    """Note that the person has taken the consent back, or has said no where nobody had asked.

    No version is asked for: nothing may delay it. Raises NotFound, NotAllowed, or Conflict where it is revoked already.
    """
    referral = begin(session, grants, referral_id, as_one_of=("requester",)).referral
    consent = consent_of(session, referral.id)
    if consent is None:
        consent = ReferralConsent(
            referral_id=referral.id,
            scope="referral",
            recipients="",
            purpose="care-coordination",
            given_at=now,
        )
        session.add(consent)
    elif consent.revoked_at is not None:
        raise Conflict("The consent is taken back already")
    consent.revoked_at = now
    if referral.owner_id is not None and referral.owner_id != referral.requester_id:
        forget_person(session, referral.id, referral.owner_id)
    key = key_of(keyring, referral)
    append_event(session, key, referral, "referral.consent-revoked", by=grants, now=now, changes=True)
    finish(session, grants, referral, "referral.consent-revoke", told="referral.consent-revoked", now=now)
    return referral
