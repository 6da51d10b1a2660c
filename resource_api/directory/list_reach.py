"""WHICH SITES REACH A POSTCODE: HSDS's `postcode` and `proximity`, as its text says.

"If service_area is available, only return results where the postcode exists within the service_area. If
proximity is provided, only show results within the proximity from the centroid of the postcode." A site
without any area, or with one that cannot be read, is not excluded. A confidential site has no point: no
proximity finds it, and a postcode does so only through an area of a county or wider.
"""

from collections import defaultdict
from collections.abc import Collection, Iterator
from dataclasses import dataclass

from sqlalchemy import and_, func, or_, select
from sqlalchemy.orm import Session

from resource_api.directory.areas import at_least_a_county, covers, read_area
from resource_api.directory.location import Address, Location
from resource_api.directory.service import ServiceArea
from resource_api.directory.service_at_location import ServiceAtLocation
from resource_api.errors import BadQuery
from resource_api.places import Point, bounding_box, haversine_m, read_zip, state_code, zip_point

ROWS_AT_ONCE = 500
NEAR_M = 25 * 1_609.344  # as far as a search looks when nobody says how far


def sites_reaching(session: Session, postcode: str | None, proximity_m: float | None) -> set[str] | None:
    """List the ids of the service_at_locations that reach a postcode, or None where none was asked for.

    Raises BadQuery where there is a proximity without a postcode, or the postcode is unknown.
    """
    if postcode is None:
        if proximity_m is None:
            return None
        raise BadQuery(
            "`proximity` is measured from a postcode, and none is given",
            field="proximity",
            hint="add `postcode`, for instance postcode=21215&proximity=5000",
        )
    zip5 = read_zip(postcode)
    point = zip_point(zip5) if zip5 else None
    if zip5 is None or point is None:
        raise BadQuery(f"{postcode!r} is not a known ZIP code", field="postcode", hint="five digits, such as 21215")
    sites = [site for site in _read_sites(session, point, proximity_m) if _is_near(site, point, proximity_m)]
    verdicts = _judge_areas(session, sites, zip5, point)
    return {s.id for s in sites if _reaches(s, verdicts.get(s.id) or verdicts.get(s.service_id))}


def services_reaching(session: Session, service_ids: Collection[str], zip5: str) -> set[str]:
    """List those of these services that surely reach a ZIP code: by an area that covers it, else by a site near it.

    Unlike in HSDS's lists, what is not known excludes: somebody is going to be sent there.
    """
    point = zip_point(zip5)
    if point is None or not service_ids:
        return set()
    sites = list(_read_sites(session, point, None, service_ids))
    verdicts = _judge_areas(session, sites, zip5, point, service_ids)
    reaching = {
        s.service_id for s in sites if _surely_reaches(s, verdicts.get(s.id) or verdicts.get(s.service_id), point)
    }
    without_a_site = set(service_ids) - {site.service_id for site in sites}
    return reaching | {s for s in without_a_site if any(verdict.covers for verdict in verdicts.get(s, ()))}


@dataclass(frozen=True, slots=True)
class _Site:
    id: str
    service_id: str
    confidential: bool
    latitude: float | None
    longitude: float | None
    state: str | None


@dataclass(frozen=True, slots=True)
class _Verdict:
    """Whether an area covers the postcode, and whether it still does when only a county or wider counts."""

    covers: bool | None
    widely: bool


def _is_near(site: _Site, point: Point, proximity_m: float | None) -> bool:
    if proximity_m is None:
        return True
    if site.confidential or site.latitude is None or site.longitude is None:
        return False
    return haversine_m(point, Point(site.latitude, site.longitude)) <= proximity_m


def _reaches(site: _Site, verdicts: list[_Verdict] | None) -> bool:
    if site.confidential:
        return any(verdict.widely for verdict in verdicts or ())
    return verdicts is None or any(verdict.covers is not False for verdict in verdicts)


def _surely_reaches(site: _Site, verdicts: list[_Verdict] | None, point: Point) -> bool:
    if site.confidential:
        return any(verdict.widely for verdict in verdicts or ())
    if verdicts and any(verdict.covers is not None for verdict in verdicts):
        return any(verdict.covers for verdict in verdicts)
    return _is_near(site, point, NEAR_M)


def _read_sites(
    session: Session, point: Point, proximity_m: float | None, service_ids: Collection[str] | None = None
) -> Iterator[_Site]:
    statement = (
        select(
            ServiceAtLocation.id,
            ServiceAtLocation.service_id,
            Location.confidential,
            Location.latitude,
            Location.longitude,
            func.min(Address.state_province),
        )
        .join(Location, Location.id == ServiceAtLocation.location_id)
        .outerjoin(Address, and_(Address.location_id == Location.id, Address.deleted_at.is_(None)))
        .where(ServiceAtLocation.deleted_at.is_(None))
        .group_by(
            ServiceAtLocation.id,
            ServiceAtLocation.service_id,
            Location.confidential,
            Location.latitude,
            Location.longitude,
        )
    )
    if service_ids is not None:
        statement = statement.where(ServiceAtLocation.service_id.in_(service_ids))
    if proximity_m is not None:
        boxes = bounding_box(point, proximity_m)
        statement = statement.where(
            or_(
                *(
                    Location.latitude.between(box.south, box.north) & Location.longitude.between(box.west, box.east)
                    for box in boxes
                )
            )
        )
    for site_id, service_id, confidential, latitude, longitude, state in session.execute(statement):
        # The state of a confidential site is nobody's business either.
        known = state_code(state) if state and not confidential else None
        yield _Site(site_id, service_id, confidential, latitude, longitude, known)


def _judge_areas(
    session: Session, sites: list[_Site], zip5: str, point: Point, service_ids: Collection[str] = ()
) -> dict[str, list[_Verdict]]:
    """Judge the areas of each site and of each service, under the id of either."""
    states: dict[str, str | None] = dict.fromkeys(service_ids)
    for site in sites:
        states[site.id] = site.state
        states[site.service_id] = states.get(site.service_id) or site.state
    columns = (ServiceArea.extent_type, ServiceArea.extent, ServiceArea.name, ServiceArea.description)
    areas = select(ServiceArea.service_at_location_id, ServiceArea.service_id, *columns)
    if service_ids:
        mine = ServiceArea.service_at_location_id.in_(site.id for site in sites)
        areas = areas.where(or_(ServiceArea.service_id.in_(service_ids), mine))
    found: dict[str, list[_Verdict]] = defaultdict(list)
    # Extents may be large, so they are looked at as they come and not kept.
    for site_id, service_id, *texts in session.execute(
        areas.where(ServiceArea.deleted_at.is_(None)), execution_options={"yield_per": ROWS_AT_ONCE}
    ):
        for owner in (site_id, service_id):
            if owner in states:
                area = read_area(*texts, state=states[owner])
                wide = at_least_a_county(area) if area is not None else None
                found[owner].append(_Verdict(covers(area, zip5, point), covers(wide, zip5, point) is True))
    return found
