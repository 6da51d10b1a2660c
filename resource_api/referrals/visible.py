"""WHO MAY KNOW OF A REFERRAL, in SQL: its requester, its addressee, those it is offered to; and of each event.

A former party keeps knowing that there is a referral, and what it did itself. How much of a referral somebody sees who
may know of it is told by `read.py`.
"""

from datetime import datetime

from sqlalchemy import ColumnElement, and_, exists, false, not_, or_, select, true
from sqlalchemy.orm import Session

from resource_api.access.policy import Grants
from resource_api.database import Base
from resource_api.directory.tables import Service
from resource_api.errors import NotFound
from resource_api.referrals.consent import consent_of, is_over, is_withheld
from resource_api.referrals.states import Side
from resource_api.referrals.tables import Referral, ReferralEvent, ReferralOffer, ReferralParty

# What ends its part, the organization is still told; not what anybody said.
TOLD_THOUGH_WITHHELD = ("referral.consent-revoked", "referral.cancelled", "referral.entered-in-error")
_EVENT = Base.metadata.tables[ReferralEvent.__tablename__].c


def visible_to(grants: Grants) -> ColumnElement[bool]:
    """Get the clause on the referrals that a caller may know of."""
    if grants.everything:
        return true()
    was_party = exists().where(
        ReferralParty.referral_id == Referral.id, ReferralParty.organization_id == grants.organization_id
    )
    return or_(listed_to(grants), and_(was_party, _is_testing(grants))) if grants.as_recipient else listed_to(grants)


def listed_to(grants: Grants) -> ColumnElement[bool]:
    """Get the clause on the referrals that a caller may list and filter: a former party's are not among them.

    What a filter finds, tells: a former party must not learn by one how the referral went on.
    """
    if grants.everything:
        return true()
    mine: list[ColumnElement[bool]] = []
    if grants.as_requester:
        mine.append(Referral.requester_id == grants.organization_id)
    if grants.as_recipient and grants.organization_id is not None:
        mine.append(and_(is_addressed(grants.organization_id), _is_testing(grants)))
        mine.append(and_(is_offered(grants.organization_id), _is_testing(grants)))
    clause = or_(*mine) if mine else false()
    return and_(clause, Referral.test) if grants.caller.test else clause


def is_addressed(organization_id: str) -> ColumnElement[bool]:
    """Get the clause on the referrals that are addressed to an organization now."""
    return and_(
        Referral.owner_id == organization_id,
        exists().where(
            ReferralParty.referral_id == Referral.id,
            ReferralParty.organization_id == organization_id,
            ReferralParty.until.is_(None),
        ),
    )


def is_offered(organization_id: str) -> ColumnElement[bool]:
    """Get the clause on the referrals in the pool that were offered to an organization whose service is still there."""
    offer, service = ReferralOffer, Service
    offered = (
        select(offer.referral_id)
        .join(service, service.id == offer.service_id)
        .where(
            offer.organization_id == organization_id,
            service.organization_id == organization_id,
            service.status == "active",
            service.deleted_at.is_(None),
            service.accepts_referrals.is_distinct_from("no"),
        )
    )
    return and_(in_pool(), Referral.id.in_(offered))


def in_pool() -> ColumnElement[bool]:
    """Get the clause on the referrals that wait for somebody to claim them.

    What is sensitive never does, and no longer does what the person has taken back.
    """
    waits = and_(Referral.owner_id.is_(None), Referral.status == "requested", not_(Referral.sensitive))
    return and_(waits, not_(is_withheld()))


def may_know_event(grants: Grants) -> ColumnElement[bool]:
    """Get the clause on the events, beside their referrals, that a caller may know of.

    A requester knows all that happened to what it sent. Whom a referral is addressed to knows what has happened since,
    a former party what it did itself and that it ended, and whom it is offered to that it came.
    """
    if grants.everything:
        return true()
    known: list[ColumnElement[bool]] = []
    if grants.as_requester:
        known.append(Referral.requester_id == grants.organization_id)
    if grants.as_recipient and grants.organization_id is not None:
        mine = (
            ReferralParty.referral_id == _EVENT.referral_id,
            ReferralParty.organization_id == grants.organization_id,
        )
        addressed = exists().where(*mine, ReferralParty.until.is_(None), ReferralParty.since <= _EVENT.at)
        was_addressed = exists().where(*mine)
        ended = exists().where(*mine, ReferralParty.until == _EVENT.at)
        known += [
            and_(addressed, not_(is_withheld()) | _EVENT.type.in_(TOLD_THOUGH_WITHHELD)),
            and_(was_addressed, _EVENT.organization_id == grants.organization_id),
            and_(ended, _EVENT.type == "referral.reassigned"),
            and_(_EVENT.type == "referral.requested", is_offered(grants.organization_id)),
        ]
    return or_(*known) if known else false()


def get_visible(session: Session, grants: Grants, referral_id: str, *, for_update: bool = False) -> Referral:
    """Get a referral, and its row locked where it is to be changed.

    Raises NotFound where there is none that the caller may know of.
    """
    chosen = select(Referral).where(Referral.id == referral_id, visible_to(grants))
    if for_update:
        chosen = chosen.with_for_update(of=Referral).execution_options(populate_existing=True)
    found = session.scalar(chosen)
    if found is None:
        raise NotFound("There is no such referral")
    return found


def sides_of(grants: Grants, referral: Referral, party: ReferralParty | None) -> tuple[Side, ...]:
    """Tell on which sides of a referral a caller stands."""
    sides: list[Side] = []
    if grants.as_requester and referral.requester_id == grants.organization_id:
        sides.append("requester")
    if grants.as_recipient and is_current(referral, party, grants.organization_id):
        sides.append("target")
    return tuple(sides)


def is_current(referral: Referral, party: ReferralParty | None, organization_id: str | None) -> bool:
    """Tell whether a referral is addressed to an organization, whose party row is given, now."""
    return (
        organization_id is not None
        and referral.owner_id == organization_id
        and party is not None
        and party.until is None
    )


def party_of(session: Session, referral_id: str, organization_id: str | None) -> ReferralParty | None:
    """Get an organization's part in a referral."""
    return session.get(ReferralParty, (referral_id, organization_id)) if organization_id else None


def may_be_told(session: Session, referral_id: str, organization_id: str, *, now: datetime | None = None) -> str | None:
    """Tell why an organization may not be told of a referral now; None: it may.

    Without `now`, a consent that has run out unrevoked is not noticed: what is told is thin, and it holds when read.
    """
    referral = session.get(Referral, referral_id)
    if referral is None:
        return "no-such-referral"
    if referral.requester_id == organization_id:
        return None
    if is_current(referral, party_of(session, referral_id, organization_id), organization_id):
        return "consent-over" if is_over(consent_of(session, referral_id), now) else None
    if session.scalar(select(exists().where(Referral.id == referral_id, is_offered(organization_id)))):
        return None
    return "no-longer-addressed"


def _is_testing(grants: Grants) -> ColumnElement[bool]:
    return Referral.test.is_(grants.caller.test)
