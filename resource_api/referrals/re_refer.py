"""HOW SOMEBODY IS SENT AGAIN, elsewhere, after a referral that came to nothing: the chain of referrals is kept."""

from dataclasses import replace
from datetime import datetime

from sqlalchemy.orm import Session

from resource_api.access.policy import Grants
from resource_api.errors import Conflict
from resource_api.privacy.keyring import Keyring
from resource_api.referrals.act import begin
from resource_api.referrals.consent import consent_of
from resource_api.referrals.create import create_referral
from resource_api.referrals.referral import Addressee, Consent
from resource_api.referrals.reopen import reopen_referral
from resource_api.referrals.seal import key_of
from resource_api.referrals.states import TERMINAL
from resource_api.referrals.tables import Referral


def re_refer(
    session: Session,
    keyring: Keyring,
    grants: Grants,
    referral_id: str,
    to: Addressee,
    *,
    note: str | None = None,
    consent: Consent | None = None,
    respond_by: datetime | None = None,
    now: datetime,
) -> Referral:
    """Refer the person of an ended referral again; what is not said is as it was.

    Raises as `create_referral`, and Conflict where the referral is not at its end, or its consent was taken back and
    none is given now.
    """
    before = begin(session, grants, referral_id, as_one_of=("requester",)).referral
    if before.status not in TERMINAL:
        raise Conflict(f"The referral is {before.status}: it has not ended", hint="cancel it first, or reassign it")
    known = consent_of(session, before.id)
    if consent is None and known is not None and known.revoked_at is not None:
        raise Conflict("The person has taken the consent back", hint="send what they agree to now: consent")
    again = reopen_referral(key_of(keyring, before), before, known)
    again = replace(
        again,
        to=to,
        needs=(to.need,) if to.need else again.needs,
        note=note or again.note,
        consent=consent or again.consent,
        respond_by=respond_by,
        replaces_id=before.id,
    )
    return create_referral(session, keyring, grants, again, now=now)
