"""HOW A HOLDER OF AN ADDRESS ANSWERS: a link for one referral, and a code for who the person is.

The link's token and the code are derived when they are sent; the database has only their hashes.
"""

import hmac
import uuid
from datetime import UTC, datetime, timedelta

import orjson
from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from resource_api.access.policy import Caller, default_scopes
from resource_api.access.token import CLOCKS_DIFFER
from resource_api.delivery.outbox import CODE, pending
from resource_api.delivery.tables import Delivery, ReferralAddress, ReplyLink
from resource_api.errors import NotFound
from resource_api.privacy.audit import record
from resource_api.privacy.keyring import Keyring

LINK_LIVES = timedelta(days=90)
CODE_LIVES = timedelta(minutes=10)
MOST_TRIES = 5


def link_for(
    session: Session, keyring: Keyring, referral_id: str, address_id: str, *, now: datetime
) -> tuple[ReplyLink, str]:
    """Get the link of a referral for an address, made where there is none that is live; and its token."""
    link = session.scalar(
        select(ReplyLink).where(
            ReplyLink.referral_id == referral_id,
            ReplyLink.address_id == address_id,
            ReplyLink.revoked_at.is_(None),
            ReplyLink.expires_at > now,
        )
    )
    if link is None:
        link = ReplyLink(id=str(uuid.uuid4()), referral_id=referral_id, address_id=address_id, created_at=now)
        link.token_hash = keyring.hash_secret(_token(keyring, link))
        session.add(link)
    link.expires_at = now + LINK_LIVES
    session.flush()
    return link, _token(keyring, link)


def open_link(
    session: Session, keyring: Keyring, token: str, *, now: datetime, for_update: bool = False
) -> tuple[ReplyLink, ReferralAddress]:
    """Find the link that a token belongs to, and its address; its row locked where a code is to be tried.

    Raises NotFound where it is unknown or has ended.
    """
    chosen = (
        select(ReplyLink, ReferralAddress)
        .join(ReferralAddress, ReferralAddress.id == ReplyLink.address_id)
        .where(
            ReplyLink.token_hash == keyring.hash_secret(token),
            ReplyLink.revoked_at.is_(None),
            ReplyLink.expires_at > now,
            ReferralAddress.removed_at.is_(None),
            ReferralAddress.confirmed_at.is_not(None),
        )
    )
    found = session.execute(chosen.with_for_update() if for_update else chosen).one_or_none()
    if found is None:
        raise NotFound("This link does not lead to a referral, or no longer")
    link, address = found
    return link, address


def caller_of(link: ReplyLink, address: ReferralAddress, *, request_id: str | None) -> Caller:
    """Say who acts through a link: its address's organization, as a recipient."""
    return Caller(
        client_id=f"reply:{link.id}",
        organization_id=address.participant_id,
        role="referral_recipient",
        scopes=default_scopes("referral_recipient"),
        request_id=request_id,
    )


def send_code(session: Session, keyring: Keyring, link: ReplyLink, *, now: datetime) -> None:
    """Queue a new code for the link's own address; the one before no longer counts."""
    link.code_expires_at = now + CODE_LIVES
    link.code_hash = _hash(keyring, link, derive_code(keyring, link))
    link.code_tries = 0
    session.flush()
    detail = orjson.dumps({"link": link.id}).decode()
    session.execute(insert(Delivery), [pending(f"address:{link.address_id}", CODE, now=now, detail=detail)])


def check_code(
    session: Session, keyring: Keyring, link: ReplyLink, address: ReferralAddress, code: str, *, now: datetime
) -> bool:
    """Tell whether a code opens the link's referral now. A wrong one is counted: the door commits either way."""
    ends = link.code_expires_at
    # One that has longer to live than any was sent before the clock was set back: it is over.
    live = link.code_hash is not None and ends is not None and now < ends <= now + CODE_LIVES + CLOCKS_DIFFER
    right = live and hmac.compare_digest(str(link.code_hash), _hash(keyring, link, code))
    if not right:
        link.code_tries += 1
        if link.code_tries >= MOST_TRIES:
            link.code_hash = None
        session.flush()
        record(
            session, caller_of(link, address, request_id=None).agent, "E", "reply.code", now=now, kind="reply_link",
            ids=(link.id,), outcome="denied", reason="wrong-code" if live else "no-code",
        )  # fmt: skip
    return right


def derive_code(keyring: Keyring, link: ReplyLink) -> str:
    """Derive the six digits of the code that a link has now."""
    until = link.code_expires_at.astimezone(UTC).isoformat() if link.code_expires_at else ""
    number = int.from_bytes(keyring.derive("reply-code", link.id, until), "big")
    return f"{number % 1_000_000:06d}"


def _token(keyring: Keyring, link: ReplyLink) -> str:
    return keyring.derive_token("reply", link.id)


def _hash(keyring: Keyring, link: ReplyLink, code: str) -> str:
    return keyring.hash_secret(f"{link.id}:{code}")
