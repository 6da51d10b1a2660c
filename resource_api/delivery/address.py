"""WHERE AN ORGANIZATION WITHOUT A SYSTEM IS WRITTEN TO: only at an address that its holder has confirmed."""

import uuid
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from sqlalchemy import ColumnElement, insert, select, update
from sqlalchemy.orm import Session

from resource_api.access.policy import Grants
from resource_api.delivery.outbox import CONFIRMATION, pending
from resource_api.delivery.tables import Delivery, ReferralAddress, ReplyLink
from resource_api.errors import Conflict, NotFound
from resource_api.privacy.audit import Action, Agent, record
from resource_api.privacy.keyring import Keyring

CONFIRM_WITHIN = timedelta(days=7)
MOST_ADDRESSES = 10


def register_address(
    session: Session, keyring: Keyring, grants: Grants, *, email: str, language: str, now: datetime
) -> ReferralAddress:
    """Register an address for the caller's organization and ask its holder to confirm it.

    Asking again for one that is not confirmed sends a new link. Raises Conflict where there are too many.
    """
    own = list_addresses(session, grants)
    address = session.scalar(
        select(ReferralAddress).where(
            ReferralAddress.participant_id == grants.organization_id, ReferralAddress.email == email
        )
    )
    if address is not None and address.removed_at is None and address.confirmed_at is not None:
        return address
    if len(own) >= MOST_ADDRESSES and address not in own:
        raise Conflict(f"Your organization has {len(own)} addresses already", hint="remove one that is not needed")
    if address is None:
        address = ReferralAddress(id=str(uuid.uuid4()), participant_id=str(grants.organization_id), email=email)
        session.add(address)
    address.language, address.created_at = language, now
    address.confirmed_at = address.removed_at = None
    address.token_hash = keyring.hash_secret(confirm_token(keyring, address))
    session.flush()
    session.execute(insert(Delivery), [pending(f"address:{address.id}", CONFIRMATION, now=now)])
    _audit(session, grants.caller.agent, "C", "address.register", address, now)
    return address


def list_addresses(session: Session, grants: Grants) -> Sequence[ReferralAddress]:
    """List the addresses of the caller's organization, oldest first."""
    order = (ReferralAddress.created_at, ReferralAddress.id)
    return session.scalars(select(ReferralAddress).where(_own(grants)).order_by(*order)).all()


def remove_address(session: Session, grants: Grants, address_id: str, *, now: datetime) -> None:
    """Remove an address: its links end, and what is queued for it is cancelled. Raises NotFound."""
    address = session.scalar(select(ReferralAddress).where(_own(grants), ReferralAddress.id == address_id))
    if address is None:
        raise NotFound(f"There is no referral address {address_id}")
    address.removed_at = now
    session.flush()
    links = update(ReplyLink).where(ReplyLink.address_id == address.id, ReplyLink.revoked_at.is_(None))
    session.execute(links.values(revoked_at=now), execution_options={"synchronize_session": False})
    queued = update(Delivery).where(Delivery.target == f"address:{address.id}", Delivery.state == "pending")
    cancelled = queued.values(state="cancelled", reason="address-removed")
    session.execute(cancelled, execution_options={"synchronize_session": False})
    _audit(session, grants.caller.agent, "D", "address.remove", address, now)


def read_confirmation(session: Session, keyring: Keyring, token: str, *, now: datetime) -> ReferralAddress:
    """Find the address that a link asks to confirm. Raises NotFound where it is unknown or too old."""
    address = session.scalar(select(ReferralAddress).where(ReferralAddress.token_hash == keyring.hash_secret(token)))
    if address is None or address.removed_at is not None or address.created_at + CONFIRM_WITHIN < now:
        raise NotFound("This link does not lead to an address, or no longer")
    return address


def confirm_address(session: Session, keyring: Keyring, token: str, *, now: datetime) -> ReferralAddress:
    """Confirm an address by its link; once more changes nothing. Raises NotFound."""
    address = read_confirmation(session, keyring, token, now=now)
    if address.confirmed_at is None:
        address.confirmed_at = now
        session.flush()
        _audit(session, Agent(address.participant_id, f"address:{address.id}"), "U", "address.confirm", address, now)
    return address


def confirm_token(keyring: Keyring, address: ReferralAddress) -> str:
    """Derive the token of an address's link; another each time that it is registered."""
    return keyring.derive_token("confirm", address.id, address.created_at.astimezone(UTC).isoformat())


def _own(grants: Grants) -> ColumnElement[bool]:
    return (ReferralAddress.participant_id == grants.organization_id) & ReferralAddress.removed_at.is_(None)


def _audit(session: Session, agent: Agent, action: Action, what: str, address: ReferralAddress, now: datetime) -> None:
    record(session, agent, action, what, now=now, kind="referral_address", ids=(address.id,))
