"""HOW SOMEBODY TAKES A REFERRAL OUT OF THE POOL: one of those it was offered to, and only one."""

from datetime import datetime

from sqlalchemy import exists, or_, select
from sqlalchemy.orm import Session

from resource_api.access.policy import Grants
from resource_api.errors import AlreadyClaimed, BadInput, NotFound
from resource_api.privacy.keyring import Keyring
from resource_api.referrals.act import check_version, finish, reopen_part
from resource_api.referrals.consent import consent_of, is_over
from resource_api.referrals.referral import Transition
from resource_api.referrals.seal import key_of, open_json
from resource_api.referrals.tables import Referral, ReferralOffer
from resource_api.referrals.target import find_offers
from resource_api.referrals.transition import apply_move
from resource_api.referrals.visible import listed_to


def claim(
    session: Session,
    keyring: Keyring,
    grants: Grants,
    referral_id: str,
    *,
    service_id: str | None = None,
    if_match: int | None = None,
    now: datetime,
) -> Referral:
    """Take a referral on, for one of the caller's services: it becomes the owner, and accepted, in one step.

    Raises NotFound where it was not offered to the caller or no service of its reaches the place any longer,
    AlreadyClaimed where somebody was first or the person's consent is over, BadInput where the service named is none
    of those.
    """
    organization = grants.organization_id
    offered = exists().where(ReferralOffer.referral_id == Referral.id, ReferralOffer.organization_id == organization)
    referral = session.scalar(
        select(Referral)
        .where(
            Referral.id == referral_id,
            or_(listed_to(grants), offered),
            Referral.test.is_(grants.caller.test),
        )
        .with_for_update(of=Referral)
        .execution_options(populate_existing=True)
    )
    if referral is None or organization is None or not grants.as_recipient:
        raise NotFound("There is no such referral")
    taken_back = is_over(consent_of(session, referral.id), now)
    if referral.owner_id is not None or referral.status != "requested" or taken_back:
        raise AlreadyClaimed("This referral is in the pool no longer")
    if if_match is not None:
        check_version(referral, if_match)
    key = key_of(keyring, referral)
    zip5 = open_json(key, referral.place, column="place", row=referral.id)
    services = [service for service, _ in find_offers(session, referral.need or "", zip5, organization_id=organization)]
    if not services:
        raise NotFound("There is no such referral")
    if service_id is not None and service_id not in services:
        raise BadInput(
            "This service does not answer the need there", field="service_id", hint="one of " + ", ".join(services)
        )
    referral.owner_id, referral.service_id = organization, service_id or services[0]
    reopen_part(session, referral.id, organization, now=now)
    apply_move(session, keyring, grants, referral, key, Transition("accepted"), now=now)
    finish(session, grants, referral, "referral.claim", told="referral.accepted", now=now)
    return referral
