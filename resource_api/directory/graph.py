"""WHAT BELONGS TO WHOM: the current rows of some organizations, read in bulk and grouped by owner.

A child row (a phone, a schedule) may hang on several owners at once, as in HSDS's own tabular examples; it is found
under each. Rows are plain dicts: nothing here is going to be changed.
"""

from collections import defaultdict
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, cast

from sqlalchemy import Select, Table, select
from sqlalchemy.orm import Session

from resource_api.among import among
from resource_api.database import Base

Row = dict[str, Any]

# They are one parameter, however many; this bounds how long one statement holds what it touches.
IDS_PER_STATEMENT = 5_000

# Every HSDS noun; whatever a row links to comes before it. The first ones belong to no organization.
NOUNS = (
    "taxonomy",
    "taxonomy_term",
    "unit",
    "meta_table_description",
    "organization",
    "program",
    "location",
    "service",
    "service_at_location",
    "organization_identifier",
    "funding",
    "url",
    "service_area",
    "required_document",
    "cost_option",
    "service_capacity",
    "address",
    "accessibility",
    "contact",
    "schedule",
    "phone",
    "language",
    "attribute",
    "metadata",
)
SHARED = NOUNS[:4]

OWNERS = {
    "organization_identifier": ("organization_id",),
    "program": ("organization_id",),
    "funding": ("organization_id", "service_id"),
    "url": ("organization_id", "service_id"),
    "service_area": ("service_id", "service_at_location_id"),
    "required_document": ("service_id",),
    "cost_option": ("service_id",),
    "service_capacity": ("service_id",),
    "address": ("location_id",),
    "accessibility": ("location_id",),
    "contact": ("organization_id", "service_id", "service_at_location_id", "location_id"),
    "schedule": ("service_id", "service_at_location_id", "location_id"),
    "phone": ("organization_id", "service_id", "service_at_location_id", "location_id", "contact_id"),
    "language": ("service_id", "location_id", "phone_id"),
}


def table(noun: str) -> Table:
    """Get the table of one HSDS noun."""
    import resource_api.directory.tables  # noqa: F401 - here, for some of those files ask for others' tables

    return Base.metadata.tables[noun]


@dataclass
class Graph:
    """The rows of some organizations: by id for what has a document, by (noun, owner column, owner id) for the rest."""

    organizations: dict[str, Row] = field(default_factory=dict)
    services: dict[str, Row] = field(default_factory=dict)
    service_at_locations: dict[str, Row] = field(default_factory=dict)
    locations: dict[str, Row] = field(default_factory=dict)
    programs: dict[str, Row] = field(default_factory=dict)
    units: dict[str, Row] = field(default_factory=dict)
    terms: dict[str, Row] = field(default_factory=dict)
    taxonomies: dict[str, Row] = field(default_factory=dict)
    sources: dict[int, Row] = field(default_factory=dict)
    owned: dict[tuple[str, str], dict[str, list[Row]]] = field(default_factory=dict)
    attributes: dict[str, list[Row]] = field(default_factory=dict)
    metadata: dict[str, list[Row]] = field(default_factory=dict)
    # Where confidential locations were before, by the organization that has or had a service there.
    former_streets: dict[str, set[str]] = field(default_factory=dict)

    def children(self, noun: str, owner: str, owner_id: str) -> list[Row]:
        """List the rows of a noun that hang on one owner, in the publisher's order."""
        return self.owned.get((noun, owner), {}).get(owner_id, [])


def read_graph(session: Session, organization_ids: Collection[str], *, location_ids: Collection[str] = ()) -> Graph:
    """Read everything that the documents of these organizations, and of further locations, are made of."""
    graph = Graph()
    graph.organizations = _by_id(_select(session, "organization", "id", organization_ids))
    graph.services = _by_id(_select(session, "service", "organization_id", organization_ids))
    graph.service_at_locations = _by_id(_select(session, "service_at_location", "service_id", graph.services))
    locations = _by_id(_select(session, "location", "organization_id", organization_ids))
    elsewhere = {*location_ids, *(row["location_id"] for row in graph.service_at_locations.values())} - locations.keys()
    graph.locations = locations | _by_id(_select(session, "location", "id", elsewhere))

    owners: dict[str, Collection[str]] = {
        "organization_id": graph.organizations,
        "service_id": graph.services,
        "service_at_location_id": graph.service_at_locations,
        "location_id": graph.locations,
    }
    for noun in OWNERS:
        if noun == "phone":
            owners["contact_id"] = graph_ids(graph, "contact")
        if noun == "language":
            owners["phone_id"] = graph_ids(graph, "phone")
        for owner in OWNERS[noun]:
            grouped: dict[str, list[Row]] = defaultdict(list)
            for row in _select(session, noun, owner, owners[owner]):
                grouped[row[owner]].append(row)
            for rows in grouped.values():
                rows.sort(key=_order)
            graph.owned[noun, owner] = grouped

    graph.programs = {r["id"]: r for rows in graph.owned["program", "organization_id"].values() for r in rows}
    missing = {s["program_id"] for s in graph.services.values() if s["program_id"]} - graph.programs.keys()
    graph.programs |= _by_id(_select(session, "program", "id", missing))
    unit_ids = {r["unit_id"] for rows in graph.owned["service_capacity", "service_id"].values() for r in rows}
    graph.units = _by_id(_select(session, "unit", "id", unit_ids))

    every_id = [
        *graph.organizations,
        *graph.services,
        *graph.service_at_locations,
        *graph.locations,
        *graph.units,
    ]
    for noun in OWNERS:
        every_id.extend(graph_ids(graph, noun))
    graph.attributes = _grouped(_select(session, "attribute", "link_id", every_id), "link_id")
    every_id.extend(row["id"] for rows in graph.attributes.values() for row in rows)
    graph.metadata = read_history(session, every_id)
    term_ids = {r["taxonomy_term_id"] for rows in graph.attributes.values() for r in rows}
    graph.terms, graph.taxonomies = read_terms(session, term_ids - {None})
    graph.former_streets = read_former_streets(session, organization_ids)
    graph.sources = {row["id"]: row for row in _rows(session, select(table("source")))}
    return graph


def read_terms(session: Session, term_ids: Collection[str]) -> tuple[dict[str, Row], dict[str, Row]]:
    """Read taxonomy terms and their taxonomies, by id."""
    terms = _by_id(_select(session, "taxonomy_term", "id", term_ids))
    taxonomy_ids = {row["taxonomy_id"] for row in terms.values() if row["taxonomy_id"]}
    return terms, _by_id(_select(session, "taxonomy", "id", taxonomy_ids))


def read_history(session: Session, record_ids: Collection[str]) -> dict[str, list[Row]]:
    """Read the metadata of records, by the id of each."""
    return _grouped(_select(session, "metadata", "resource_id", record_ids), "resource_id")


def read_former_streets(session: Session, organization_ids: Collection[str]) -> dict[str, set[str]]:
    """Read where confidential locations were, whether they or their addresses are gone: texts may still say so."""
    location, address = table("location"), table("address")
    service, site = table("service"), table("service_at_location")
    lines = (location.c.name, address.c.address_1, address.c.address_2)
    own = select(location.c.organization_id, *lines).where(location.c.confidential)
    used = (
        select(service.c.organization_id, *lines)
        .join(site, site.c.service_id == service.c.id)
        .join(location, location.c.id == site.c.location_id)
        .where(location.c.confidential)
    )
    found: dict[str, set[str]] = defaultdict(set)
    for statement, owner in ((own, location.c.organization_id), (used, service.c.organization_id)):
        said = statement.outerjoin(address, address.c.location_id == location.c.id)
        for some in in_batches(organization_ids):
            for organization_id, *streets in session.execute(said.where(among(owner, some))):
                found[organization_id].update(line for line in streets if line)
    return found


def graph_ids(graph: Graph, noun: str) -> set[str]:
    """List the ids of a child noun that the graph holds, under whichever owner."""
    return {row["id"] for owner in OWNERS[noun] for rows in graph.owned.get((noun, owner), {}).values() for row in rows}


def in_batches(ids: Collection[str]) -> Iterator[Sequence[str]]:
    """Cut ids into lists that fit one statement."""
    every = sorted(ids)
    for start in range(0, len(every), IDS_PER_STATEMENT):
        yield every[start : start + IDS_PER_STATEMENT]


def _select(session: Session, noun: str, column: str, ids: Collection[str]) -> Iterator[Row]:
    source = table(noun)
    for some in in_batches(ids):
        yield from _rows(session, select(source).where(among(source.c[column], some), source.c.deleted_at.is_(None)))


def _rows(session: Session, statement: Select[Any]) -> Iterator[Row]:
    result = session.execute(statement)
    names = list(result.keys())
    for row in result:
        yield dict(zip(names, cast(tuple[Any, ...], row), strict=True))


def _by_id(rows: Iterator[Row]) -> dict[str, Row]:
    return {row["id"]: row for row in sorted(rows, key=_order)}


def _grouped(rows: Iterator[Row], column: str) -> dict[str, list[Row]]:
    grouped: dict[str, list[Row]] = defaultdict(list)
    for row in sorted(rows, key=_order):
        grouped[row[column]].append(row)
    return grouped


def _order(row: Row) -> tuple[int, str]:
    return row["position"], row["id"]
