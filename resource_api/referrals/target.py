"""WHOM A REFERRAL GOES TO: the organization of a service, or those whose services answer a need at a place."""

from dataclasses import dataclass

from sqlalchemy import bindparam, select
from sqlalchemy.orm import Session

from resource_api.access.tables import Participant
from resource_api.delivery.outbox import has_channel
from resource_api.directory.list_reach import services_reaching
from resource_api.directory.tables import Service, ServiceAtLocation, ServiceNeed
from resource_api.errors import BadInput, NoCapacity, NotReachable
from resource_api.needs import vocabulary
from resource_api.places import read_zip, zip_point
from resource_api.prepared import Prepared
from resource_api.referrals.referral import Addressee

_SERVICE = Prepared(
    select(Service.organization_id, Service.status, Service.accepts_referrals, Service.capacity_status).where(
        Service.id == bindparam("id"), Service.deleted_at.is_(None)
    )
)
_SITE = Prepared(
    select(ServiceAtLocation.service_id).where(
        ServiceAtLocation.id == bindparam("id"), ServiceAtLocation.deleted_at.is_(None)
    )
)


@dataclass(frozen=True, slots=True)
class Target:
    """Where a referral goes; `offers` are (service, organization) that may claim one without an owner."""

    owner_id: str | None = None
    service_id: str | None = None
    service_at_location_id: str | None = None
    need: str | None = None
    zip5: str | None = None
    offers: tuple[tuple[str, str], ...] = ()


def find_target(session: Session, to: Addressee, *, test: bool) -> Target:
    """Find whom a referral is for. Raises BadInput, NotReachable or NoCapacity."""
    named = [name for name in ("service_id", "service_at_location_id", "need") if getattr(to, name) is not None]
    if len(named) != 1:
        said = f"`{named[0]}` and `{named[1]}` say two things" if named else "It is addressed to nobody"
        raise BadInput(
            said, field=named[1] if named else "service_id", hint="one of them: a service, its site, or a need"
        )
    if to.need is not None:
        return _find_pool(session, to.need, to.place)
    service_id, site_id = to.service_id, to.service_at_location_id
    if site_id is not None:
        service_id = next((id for (id,) in _SITE.run(session, {"id": site_id})), None)
    found = _SERVICE.run(session, {"id": service_id})
    if not found:
        raise BadInput("There is no such service", field=named[0], hint="an id that /search or /services lists")
    owner_id, status, accepts_referrals, capacity_status = found[0]
    facts = {"service_id": service_id}
    if status != "active":
        raise NotReachable("This service is not offered now", facts=facts)
    if accepts_referrals == "no":
        raise NotReachable("This service takes no referrals", hint="call it", facts=facts)
    if not has_channel(session, owner_id, test=test):
        raise NotReachable("No referral would reach this service: it has no system here, and no address", facts=facts)
    if capacity_status == "no-capacity":
        raise NoCapacity("This service has no capacity now", facts=facts)
    # A place said along with a service is where the person is; it makes nothing of the address.
    return Target(owner_id, service_id, site_id, zip5=read_zip(to.place) if to.place else None)


def find_offers(
    session: Session, need: str, zip5: str, *, organization_id: str | None = None
) -> tuple[tuple[str, str], ...]:
    """List the (service, organization) that answer a need, or one below it, and surely reach a ZIP code."""
    answering = (
        select(Service.id, Service.organization_id)
        .join(ServiceNeed, ServiceNeed.service_id == Service.id)
        .join(Participant, Participant.id == Service.organization_id)
        .where(
            ServiceNeed.need.in_((need, *vocabulary().children.get(need, ()))),
            Service.status == "active",
            Service.deleted_at.is_(None),
            Service.accepts_referrals.is_distinct_from("no"),
        )
        .distinct()
    )
    if organization_id is not None:
        answering = answering.where(Service.organization_id == organization_id)
    found = {row.id: row.organization_id for row in session.connection().execute(answering)}
    return tuple(sorted((service, found[service]) for service in services_reaching(session, found, zip5)))


def _find_pool(session: Session, need: str, place: str | None) -> Target:
    if need not in vocabulary().needs:
        raise BadInput(f"There is no need {need[:60]!r}", field="need", hint="a slug that /needs lists")
    zip5 = read_zip(place) if place else None
    if zip5 is None or zip_point(zip5) is None:
        raise BadInput("A need without a service has to be somewhere", field="place", hint="a ZIP code, such as 21215")
    offers = find_offers(session, need, zip5)
    if not offers:
        raise NotReachable("Nobody here takes referrals for this need at this place", facts={"need": need})
    return Target(need=need, zip5=zip5, offers=offers)
