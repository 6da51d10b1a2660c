"""HOW A DELIVERY READS: the webhook or the letter that an attempt sends, written anew each time."""

from dataclasses import dataclass
from datetime import datetime

import orjson
from sqlalchemy.orm import Session

from resource_api.access.tables import Participant
from resource_api.delivery.address import confirm_token
from resource_api.delivery.endpoint import live_keys
from resource_api.delivery.letters import Letter, write_about_referral, write_code, write_confirmation
from resource_api.delivery.outbox import CODE, CONFIRMATION
from resource_api.delivery.reply import derive_code, link_for
from resource_api.delivery.sign import SigningKey
from resource_api.delivery.tables import Delivery, Endpoint, ReferralAddress, ReplyLink
from resource_api.privacy.keyring import Keyring


@dataclass(frozen=True, slots=True, repr=False)
class Call:
    """A webhook, to be signed at the moment that it is sent."""

    url: str
    body: bytes
    keys: tuple[SigningKey, ...]


def write_call(keyring: Keyring, endpoint: Endpoint, delivery: Delivery, *, now: datetime) -> Call:
    """Write a webhook: that something happened and where to read of it, nothing of what. Raises Unreadable."""
    data = {"referral_id": delivery.referral_id, "version": delivery.version, "seq": delivery.seq}
    body = {
        "type": delivery.type,
        "timestamp": delivery.happened_at.isoformat(),
        "data": data if delivery.referral_id is not None else {},
    }
    return Call(endpoint.url, orjson.dumps(body), live_keys(keyring, endpoint, now=now))


def write_letter(
    session: Session, keyring: Keyring, address: ReferralAddress, delivery: Delivery, public_url: str, *, now: datetime
) -> Letter:
    """Write a letter, with the link or the code that belongs to it. Raises LookupError where there is none."""
    to, language = address.email, address.language
    if delivery.type == CODE:
        link = session.get_one(ReplyLink, orjson.loads(delivery.detail or "{}")["link"])
        return write_code(to=to, language=language, code=derive_code(keyring, link))
    name = session.get_one(Participant, address.participant_id).name
    if delivery.type == CONFIRMATION:
        url = f"{public_url}/referral-addresses/confirm/{confirm_token(keyring, address)}"
        return write_confirmation(to=to, language=language, name=name, link=url)
    if delivery.referral_id is None:
        raise LookupError(delivery.type)
    _, token = link_for(session, keyring, delivery.referral_id, address.id, now=now)
    return write_about_referral(delivery.type, to=to, language=language, name=name, link=f"{public_url}/reply/{token}")
