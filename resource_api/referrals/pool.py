"""WHO ELSE COULD TAKE WHAT WAITS IN THE POOL: services that came, or grew, after it was offered."""

from collections.abc import Iterator
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from resource_api.privacy.audit import SYSTEM, record
from resource_api.privacy.keyring import Keyring
from resource_api.referrals.act import offer, offered_to, tell_of
from resource_api.referrals.seal import key_of, open_json
from resource_api.referrals.tables import Referral, ReferralOffer
from resource_api.referrals.target import find_offers
from resource_api.referrals.visible import in_pool

BATCH = 50


def offer_again(session: Session, keyring: Keyring, now: datetime) -> Iterator[int]:
    """Offer what waits to services that reach it by now; yields the number of new offers after each batch."""
    made, last = 0, ""
    while waiting := session.scalars(
        select(Referral).where(in_pool(), Referral.id > last).order_by(Referral.id).limit(BATCH)
    ).all():
        last = waiting[-1].id
        for referral in waiting:
            made += _offer_again(session, keyring, referral, now)
        session.flush()
        yield made


def _offer_again(session: Session, keyring: Keyring, referral: Referral, now: datetime) -> int:
    zip5 = open_json(key_of(keyring, referral), referral.place, column="place", row=referral.id)
    before = session.scalars(select(ReferralOffer.service_id).where(ReferralOffer.referral_id == referral.id)).all()
    new = [each for each in find_offers(session, referral.need or "", zip5) if each[0] not in before]
    told = {organization for _, organization in new} - offered_to(session, referral.id)
    if new:
        offer(session, referral.id, new)
        record(session, SYSTEM, "U", "referral.offer", now=now, kind="referral", ids=(referral.id,))
    if told:
        tell_of(session, referral, "referral.requested", told, now=now)
    return len(new)
