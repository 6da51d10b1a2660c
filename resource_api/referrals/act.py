"""HOW AN ACT BEGINS AND ENDS: who may, on which version, under the row's lock; then who is told, and who did it."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from resource_api.access.policy import Grants
from resource_api.database import Base
from resource_api.delivery.outbox import Happened, tell
from resource_api.errors import Conflict, NotAllowed, NotFresh, Stale
from resource_api.prepared import Prepared
from resource_api.privacy.audit import record
from resource_api.referrals.states import TERMINAL, Side
from resource_api.referrals.tables import Referral, ReferralOffer, ReferralParty
from resource_api.referrals.visible import get_visible, party_of, sides_of

_PARTY = Base.metadata.tables[ReferralParty.__tablename__]
_ADD_PARTY = Prepared(insert(_PARTY))
_OFFER = Base.metadata.tables[ReferralOffer.__tablename__]
_ADD_OFFERS = Prepared(insert(_OFFER))


@dataclass(frozen=True, slots=True)
class Acting:
    """A referral under its lock, and where the caller stands."""

    referral: Referral
    sides: tuple[Side, ...]


def begin(session: Session, grants: Grants, referral_id: str, *, as_one_of: tuple[Side, ...]) -> Acting:
    """Lock a referral that the caller may know of and act on.

    Raises NotFound, or NotAllowed where it stands on none of these sides.
    """
    referral = get_visible(session, grants, referral_id, for_update=True)
    sides = sides_of(grants, referral, party_of(session, referral_id, grants.organization_id))
    if not set(sides) & set(as_one_of):
        raise NotAllowed(f"Only its {' or its '.join(as_one_of)} may do this to a referral")
    return Acting(referral, sides)


def check_version(referral: Referral, if_match: int | None) -> None:
    """Raises NotFresh where the caller did not say which version it knows, Stale where that is another."""
    if if_match is None:
        raise NotFresh("Say which version you know", hint='If-Match with the ETag that was last read, such as "3"')
    if if_match != referral.version:
        raise Stale(f"The referral is at version {referral.version}, not {if_match}", hint="read it again, then decide")


def check_open(referral: Referral) -> None:
    """Raises Conflict where a referral is at its end."""
    if referral.status in TERMINAL:
        raise Conflict(
            f"The referral is {referral.status}: it is at its end", hint="refer again, which keeps the chain"
        )


def finish(
    session: Session,
    grants: Grants,
    referral: Referral,
    what: str,
    *,
    told: str,
    also: Iterable[str] = (),
    now: datetime,
) -> None:
    """Tell both sides what happened, audit who did it, and flush."""
    session.flush()
    tell_of(session, referral, told, {*whom(referral), *also}, now=now)
    record(session, grants.caller.agent, "U", what, now=now, kind="referral", ids=(referral.id,))


def whom(referral: Referral) -> set[str]:
    """List both sides of a referral as it is now."""
    return {referral.requester_id, *((referral.owner_id,) if referral.owner_id is not None else ())}


def tell_of(session: Session, referral: Referral, type: str, organizations: Iterable[str], *, now: datetime) -> None:
    """Tell organizations of a referral's last event."""
    happened = Happened(type, referral.id, referral.seq, referral.version, now, referral.test)
    tell(session, happened, sorted(set(organizations)), now=now)


def open_part(session: Session, referral_id: str, organization_id: str, *, now: datetime) -> None:
    """Address a referral to an organization from now on."""
    row = {"referral_id": referral_id, "organization_id": organization_id, "since": now, "until": None}
    _ADD_PARTY.run(session, row)


def reopen_part(session: Session, referral_id: str, organization_id: str, *, now: datetime) -> None:
    """Address a referral to an organization that may have been a party before."""
    part = party_of(session, referral_id, organization_id)
    if part is None:
        open_part(session, referral_id, organization_id, now=now)
    else:
        part.since, part.until = now, None


def close_part(session: Session, referral: Referral, *, now: datetime) -> None:
    """Address a referral no longer to whom it is addressed to."""
    part = party_of(session, referral.id, referral.owner_id)
    if part is not None:
        part.until = now


def offer(session: Session, referral_id: str, offers: Iterable[tuple[str, str]]) -> None:
    """Offer an unowned referral to services, by (service, organization)."""
    rows = [
        {"referral_id": referral_id, "service_id": service, "organization_id": organization}
        for service, organization in offers
    ]
    if rows:
        _ADD_OFFERS.run(session, *rows)


def offered_to(session: Session, referral_id: str) -> set[str]:
    """List the organizations that an unowned referral was offered to."""
    chosen = select(_OFFER.c.organization_id).where(_OFFER.c.referral_id == referral_id)
    return set(session.connection().execute(chosen).scalars())
