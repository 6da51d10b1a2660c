"""WHICH REFERRALS ANSWER: filters, a page at a time, in the order of (updated_at, id); and by the person, blindly.

A page begins after a place in that order: what changes while somebody pages comes again at the end, and none is missed.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, exists, literal, or_, select, tuple_
from sqlalchemy.orm import Session

from resource_api.access.policy import Grants
from resource_api.privacy.keyring import Keyring
from resource_api.referrals.person import fold_phone, join_identifier
from resource_api.referrals.referral import Identifier
from resource_api.referrals.tables import Referral, ReferralKey
from resource_api.referrals.visible import listed_to


@dataclass(frozen=True, slots=True)
class ReferralQuery:
    """What is asked of referrals; everything given must hold. `organization_id` is the other side."""

    status: tuple[str, ...] = ()
    need: str | None = None
    organization_id: str | None = None
    identifier: Identifier | None = None
    updated_after: datetime | None = None
    overdue: bool | None = None
    person: tuple[tuple[str, str], ...] = ()
    after: tuple[datetime, str] | None = None
    limit: int = 20


@dataclass(frozen=True, slots=True)
class Page:
    """Some referrals, and whether there are more."""

    referrals: Sequence[Referral]
    more: bool


def find_referrals(session: Session, keyring: Keyring, grants: Grants, query: ReferralQuery, *, now: datetime) -> Page:
    """Find the referrals that a caller may list, after one, which is told by its place in the order."""
    place = (Referral.updated_at, Referral.id)
    chosen = select(Referral).where(listed_to(grants), *_clauses(keyring, grants, query, now))
    if query.after is not None:
        chosen = chosen.where(tuple_(*place) > tuple_(*map(literal, query.after)))
    found = session.scalars(chosen.order_by(*place).limit(query.limit + 1)).all()
    return Page(found[: query.limit], len(found) > query.limit)


def person_key(
    *, identifier: Identifier | None = None, phone: str | None = None, email: str | None = None
) -> tuple[tuple[str, str], ...]:
    """List the (field, normalised value) by which a person is looked for."""
    found = []
    if identifier is not None:
        found.append(("identifier", join_identifier(identifier)))
    if phone is not None:
        found.append(("phone", fold_phone(phone)))
    if email is not None:
        found.append(("email", email.strip().casefold()))
    return tuple(found)


def _clauses(keyring: Keyring, grants: Grants, query: ReferralQuery, now: datetime) -> list[ColumnElement[bool]]:
    clauses: list[ColumnElement[bool]] = []
    if query.status:
        clauses.append(Referral.status.in_(query.status))
    if query.need is not None:
        # `needs` are slugs between spaces; a referral without a service has one, which is `need`.
        clauses.append(literal(" ").concat(Referral.needs).concat(" ").contains(f" {query.need} ", autoescape=True))
    if query.organization_id is not None:
        clauses.append(or_(Referral.owner_id == query.organization_id, Referral.requester_id == query.organization_id))
    if query.updated_after is not None:
        clauses.append(Referral.updated_at >= query.updated_after)
    if query.overdue is not None:
        late = (Referral.status == "requested") & Referral.respond_by.is_not(None) & (Referral.respond_by <= now)
        clauses.append(late if query.overdue else ~late)
    keys = query.person
    if query.identifier is not None:
        keys = (*keys, ("referral", join_identifier(query.identifier)))
    clauses += [_has_key(keyring, grants, field, value) for field, value in keys]
    return clauses


def _has_key(keyring: Keyring, grants: Grants, field: str, value: str) -> ColumnElement[bool]:
    organization = grants.organization_id or ""
    return exists().where(
        ReferralKey.referral_id == Referral.id,
        ReferralKey.organization_id == organization,
        ReferralKey.field == field,
        ReferralKey.blind == keyring.blind(organization, field, value),
    )
