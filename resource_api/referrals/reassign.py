"""HOW A REFERRAL IS GIVEN TO SOMEBODY ELSE: as long as nobody has answered it."""

from datetime import datetime

from sqlalchemy.orm import Session

from resource_api.access.policy import Grants
from resource_api.errors import Conflict
from resource_api.privacy.keyring import Keyring, RecordKey
from resource_api.referrals.act import begin, check_version, close_part, finish, offer, reopen_part, tell_of
from resource_api.referrals.consent import add_consent, check_consent, consent_of, consent_row
from resource_api.referrals.events import append_event
from resource_api.referrals.index_parties import index_for_owner
from resource_api.referrals.person import forget_person
from resource_api.referrals.referral import Addressee, Consent
from resource_api.referrals.reopen import reopen_consent
from resource_api.referrals.seal import key_of, seal_json
from resource_api.referrals.sensitive import is_sensitive
from resource_api.referrals.tables import Referral
from resource_api.referrals.target import Target, find_target


def reassign(
    session: Session,
    keyring: Keyring,
    grants: Grants,
    referral_id: str,
    to: Addressee,
    consent: Consent | None = None,
    *,
    if_match: int | None,
    now: datetime,
) -> Referral:
    """Address a referral that nobody has answered to somebody else; whom it was for keeps only that it was.

    `consent`: what the person agrees to now, in the place of what was agreed before. Raises as `create_referral`, and
    Conflict where somebody has answered: then it is cancelled, and referred again.
    """
    referral = begin(session, grants, referral_id, as_one_of=("requester",)).referral
    check_version(referral, if_match)
    if referral.status != "requested":
        raise Conflict(
            f"The referral is {referral.status}: it can be given to somebody else only while nobody has answered",
            hint="cancel it, then refer again, which keeps the chain",
        )
    target = find_target(session, to, test=referral.test)
    key = key_of(keyring, referral)
    sensitive = is_sensitive(
        session,
        needs=(*referral.needs.split(), *((target.need,) if target.need else ())),
        codes=referral.codes.split(),
        service_id=target.service_id,
    )
    _renew_consent(session, key, referral, consent, sensitive=sensitive, owner_id=target.owner_id, now=now)
    if referral.owner_id != referral.requester_id:
        forget_person(session, referral.id, referral.owner_id)
    close_part(session, referral, now=now)
    session.flush()
    _readdress(referral, key, target, sensitive=sensitive)
    offer(session, referral.id, target.offers)
    if target.owner_id is not None:
        reopen_part(session, referral.id, target.owner_id, now=now)
    append_event(session, key, referral, "referral.reassigned", by=grants, now=now, changes=True)
    index_for_owner(session, keyring, referral, key, now=now)
    finish(session, grants, referral, "referral.reassign", told="referral.reassigned", now=now)
    # To whom it is new, it is a request like any other: e-mail knows no other way to say so.
    new = {target.owner_id} if target.owner_id else {organization for _, organization in target.offers}
    tell_of(session, referral, "referral.requested", new - {referral.requester_id}, now=now)
    return referral


def _renew_consent(
    session: Session,
    key: RecordKey,
    referral: Referral,
    consent: Consent | None,
    *,
    sensitive: bool,
    owner_id: str | None,
    now: datetime,
) -> None:
    before = consent_of(session, referral.id)
    if consent is None and before is not None:
        if before.revoked_at is not None:
            raise Conflict("The person has taken the consent back", hint="send what they agree to now: consent")
        check_consent(reopen_consent(key, before), sensitive=sensitive, owner_id=owner_id, now=now)
        return
    check_consent(consent, sensitive=sensitive, owner_id=owner_id, now=now)
    if consent is not None:
        if before is not None:
            session.delete(before)
            session.flush()
        add_consent(session, consent_row(key, referral.id, consent, now=now))


def _readdress(referral: Referral, key: RecordKey, target: Target, *, sensitive: bool) -> None:
    referral.owner_id = target.owner_id
    referral.service_id = target.service_id
    referral.service_at_location_id = target.service_at_location_id
    referral.need = target.need
    referral.sensitive = sensitive
    if target.need:
        # In the pool only the need that it waits for may be known, and a filter would tell of others.
        referral.needs = target.need
    if target.zip5 is not None:
        referral.zip3 = target.zip5[:3]
        referral.place = seal_json(key, target.zip5, column="place", row=referral.id)
