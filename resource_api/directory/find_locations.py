"""WHERE SERVICES ARE, by themselves: locations, rendered from their rows when they are asked for.

Documents contain the locations of their services, so none is stored for a location alone.
"""

import hashlib
import re
from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

import orjson
from sqlalchemy import ColumnElement, Select, func, select
from sqlalchemy.orm import Session

from resource_api.among import among
from resource_api.directory.confidential import hiding_organizations, withheld_patterns, withhold
from resource_api.directory.graph import in_batches, read_graph, table
from resource_api.directory.lookup import StoredRecord, write_time
from resource_api.directory.render import render_location
from resource_api.directory.write_row import JSON
from resource_api.errors import Gone, NotFound


@dataclass(frozen=True, slots=True)
class LocationQuery:
    """Which locations: all, or those of one organization; with `full`, with what hangs on each."""

    organization_id: str | None = None
    full: bool = False


def get_location(session: Session, location_id: str) -> StoredRecord:
    """Get one location as the public sees it. Raises NotFound where there never was one, Gone where it was deleted."""
    rows = table("location")
    found = session.execute(select(rows.c.deleted_at).where(rows.c.id == location_id)).one_or_none()
    if found is None:
        raise NotFound(f"No location has the id {location_id[:100]}")
    if found.deleted_at is not None:
        raise Gone(f"The location {location_id} was deleted at {write_time(found.deleted_at)}")
    return store_form(render_public(session, [location_id])[0])


def store_form(body: JSON) -> StoredRecord:
    """Give a document that is not stored the form of one that is."""
    json = orjson.dumps(body)
    return StoredRecord(json, hashlib.sha256(json).hexdigest()[:32], None)


def count_locations(session: Session, query: LocationQuery) -> int:
    """Count the locations that answer a query."""
    return session.scalar(select(func.count()).select_from(table("location")).where(*_clauses(query))) or 0


def page_of_locations(session: Session, query: LocationQuery, *, offset: int, limit: int) -> list[bytes]:
    """List the JSON of some of the locations, in the order of ids."""
    rows = table("location")
    ids = session.scalars(
        select(rows.c.id).where(*_clauses(query)).order_by(rows.c.id).offset(offset).limit(limit)
    ).all()
    found = render_public(session, ids)
    return [orjson.dumps(body if query.full else _brief(body)) for body in found]


def render_public(session: Session, location_ids: Sequence[str]) -> list[JSON]:
    """Render locations as the public sees them: what the organizations there hide is struck out of their texts."""
    graph = read_graph(session, (), location_ids=location_ids)
    patterns = _patterns_at(session, location_ids)
    bodies = []
    for location_id in location_ids:
        body = render_location(graph, location_id)
        for pattern in patterns.get(location_id, ()):
            body = withhold(body, pattern)
        bodies.append(body)
    return bodies


def organizations_at(session: Session, location_ids: Collection[str]) -> dict[str, set[str]]:
    """List the organizations that own or use each location."""
    location, service, site = table("location"), table("service"), table("service_at_location")
    own: Select[Any] = select(location.c.id, location.c.organization_id).where(location.c.organization_id.is_not(None))
    use: Select[Any] = select(site.c.location_id, service.c.organization_id).join(
        service, service.c.id == site.c.service_id
    )
    found: dict[str, set[str]] = defaultdict(set)
    for some in in_batches(location_ids):
        for statement, link in ((own, location.c.id), (use, site.c.location_id)):
            for row in session.execute(statement.where(among(link, some))):
                found[row[0]].add(row[1])
    return found


def _patterns_at(session: Session, location_ids: Collection[str]) -> dict[str, list[re.Pattern[str]]]:
    at = organizations_at(session, location_ids)
    every = set().union(*at.values()) if at else set()
    hiding = every & set(session.scalars(hiding_organizations()))
    if not hiding:
        return {}
    patterns = withheld_patterns(read_graph(session, hiding))
    return {
        location_id: [patterns[organization] for organization in sorted(organizations) if organization in patterns]
        for location_id, organizations in at.items()
    }


def _clauses(query: LocationQuery) -> list[ColumnElement[bool]]:
    rows = table("location")
    clauses: list[ColumnElement[bool]] = [rows.c.deleted_at.is_(None)]
    if query.organization_id is not None:
        clauses.append(rows.c.organization_id == query.organization_id)
    return clauses


def _brief(body: JSON) -> JSON:
    """Leave out what a location has many of, as HSDS's lists do."""
    return {key: value for key, value in body.items() if not isinstance(value, list)}
