"""WHAT A DOCUMENT CONTAINS: the one place that turns current rows into the JSON that is served.

Nulls are dropped, HSDS's own types are kept, and what HSDS has no legal place for (an extension with a leading zero,
an IANA time zone) stands beside it in our profile's fields.
https://docs.openreferral.org/en/latest/hsds/schema_reference.html
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo

from resource_api.directory.confidential import PUBLIC_FIELDS, withheld_pattern, withhold
from resource_api.directory.graph import Graph, Row, table
from resource_api.needs.infer import NeedLink, infer_needs

JSON = dict[str, Any]

_PRIVATE = {"source_id", "original_id", "fingerprint", "position", "deleted_at"}
_KEPT_LINKS = {
    "service": {"organization_id", "program_id"},
    "service_at_location": {"service_id", "location_id"},
    "location": {"organization_id"},
    "taxonomy_term": {"taxonomy_id", "parent_id"},
    "organization": {"parent_organization_id"},
    "attribute": {"link_id", "link_entity", "taxonomy_term_id"},
    "metadata": {"resource_id", "resource_type"},
}
_LISTS = {"life_stages"}


@dataclass(frozen=True, slots=True)
class Rendered:
    """One document as it is to be stored: `body` nested in full, `brief` as HSDS lists show it."""

    kind: str
    id: str
    organization_id: str | None
    body: JSON
    brief: JSON


def render_organizations(graph: Graph) -> Iterator[tuple[Rendered, tuple[NeedLink, ...]]]:
    """Render the documents of a graph's organizations; a service comes with the needs it answers."""
    pattern = withheld_pattern(graph)
    for rendered, needs in _render(graph):
        if pattern is not None:
            rendered = Rendered(
                rendered.kind,
                rendered.id,
                rendered.organization_id,
                withhold(rendered.body, pattern),
                withhold(rendered.brief, pattern),
            )
        yield rendered, needs


def render_term(term: Row, taxonomy: Row | None) -> Rendered:
    """Render one taxonomy term."""
    body = write_row("taxonomy_term", term)
    if taxonomy is not None:
        body["taxonomy_detail"] = write_row("taxonomy", taxonomy)
    return Rendered("taxonomy_term", term["id"], None, body, body)


def render_taxonomy(taxonomy: Row) -> Rendered:
    """Render one taxonomy."""
    body = write_row("taxonomy", taxonomy)
    return Rendered("taxonomy", taxonomy["id"], None, body, body)


def write_row(noun: str, row: Row) -> JSON:
    """Write one row's own fields as HSDS JSON."""
    out: JSON = {}
    for name in fields(noun):
        value = row[name]
        if value is None or value is False:
            continue
        if name in _LISTS:
            value = value.split(";")
        elif isinstance(value, float) and value.is_integer():
            value = int(value)
        out[name] = value
    if noun == "phone":
        _write_extension(out)
    elif noun == "schedule":
        _write_timezone(out)
    elif noun == "service":
        out.pop("needs", None)
    if row.get("original_id"):
        out["original_id"] = row["original_id"]
    return out


@lru_cache(maxsize=64)
def fields(noun: str) -> tuple[str, ...]:
    """List the columns of a noun that are written, in HSDS's order."""
    kept = _KEPT_LINKS.get(noun, set())
    names = [
        column.name
        for column in table(noun).columns
        if column.name not in _PRIVATE and column.name != "id" and (not column.foreign_keys or column.name in kept)
    ]
    return ("id", *names)


def _write_extension(phone: JSON) -> None:
    extension = phone.get("extension")
    if extension is None:
        return
    if extension.isascii() and extension.isdigit() and len(extension) < 16 and str(int(extension)) == extension:
        phone["extension"] = int(extension)
    else:
        del phone["extension"]
        phone["extension_text"] = extension


def _write_timezone(schedule: JSON) -> None:
    zone = schedule.pop("timezone", None)
    if zone is None:
        return
    try:
        offset = float(zone)
    except ValueError:
        schedule["timezone_name"] = zone
        fixed = _fixed_offset(zone)
        if fixed is not None:
            schedule["timezone"] = fixed
        return
    schedule["timezone"] = int(offset) if offset.is_integer() else offset


@lru_cache(maxsize=512)
def _fixed_offset(zone: str) -> int | float | None:
    """Get a zone's offset in hours, or None where it changes over the year: HSDS has one number for it."""
    try:
        info = ZoneInfo(zone)
    except (OSError, ValueError):
        return None
    year = datetime.now(UTC).year
    offsets = {info.utcoffset(datetime(year, month, 1)) for month in range(1, 13)}  # noqa: DTZ001 - wall time is meant
    if len(offsets) != 1:
        return None
    offset = offsets.pop()
    hours = offset.total_seconds() / 3600 if offset is not None else 0.0
    return int(hours) if hours.is_integer() else hours


class _Writer:
    """Writes rows with what hangs on them; holds nothing but the graph."""

    def __init__(self, graph: Graph) -> None:
        self.graph = graph

    def row(self, noun: str, row: Row) -> JSON:
        out = write_row(noun, row)
        attributes = self.graph.attributes.get(row["id"])
        if attributes:
            out["attributes"] = [self.attribute(a) for a in attributes]
        metadata = self.graph.metadata.get(row["id"])
        if metadata:
            out["metadata"] = [write_row("metadata", m) for m in metadata]
        return out

    def attribute(self, row: Row) -> JSON:
        out = write_row("attribute", row)
        term = self.graph.terms.get(row["taxonomy_term_id"])
        if term is not None:
            out["taxonomy_term"] = render_term(term, self.graph.taxonomies.get(term["taxonomy_id"])).body
        return out

    def many(self, out: JSON, key: str, noun: str, owner: str, owner_id: str) -> None:
        rows = self.graph.children(noun, owner, owner_id)
        if rows:
            out[key] = [self.child(noun, row) for row in rows]

    def child(self, noun: str, row: Row) -> JSON:
        out = self.row(noun, row)
        if noun == "phone":
            self.many(out, "languages", "language", "phone_id", row["id"])
        elif noun == "contact":
            self.many(out, "phones", "phone", "contact_id", row["id"])
        elif noun == "service_capacity":
            out["unit"] = self.row("unit", self.graph.units[row["unit_id"]])
        return out

    def location(self, row: Row) -> JSON:
        if row["confidential"]:
            out: JSON = {name: row[name] for name in PUBLIC_FIELDS if row[name] is not None}
            out["confidential"] = True
        else:
            out = self.row("location", row)
            self.many(out, "addresses", "address", "location_id", row["id"])
            self.many(out, "contacts", "contact", "location_id", row["id"])
        self.many(out, "languages", "language", "location_id", row["id"])
        self.many(out, "accessibility", "accessibility", "location_id", row["id"])
        self.many(out, "phones", "phone", "location_id", row["id"])
        self.many(out, "schedules", "schedule", "location_id", row["id"])
        return out

    def brief_location(self, row: Row) -> JSON:
        if row["confidential"]:
            out: JSON = {name: row[name] for name in PUBLIC_FIELDS if row[name] is not None}
            out["confidential"] = True
            return out
        return write_row("location", row)

    def organization(self, row: Row) -> JSON:
        out = self.row("organization", row)
        out["source"] = self.source(row)
        for key, noun in (
            ("additional_websites", "url"),
            ("funding", "funding"),
            ("contacts", "contact"),
            ("phones", "phone"),
            ("organization_identifiers", "organization_identifier"),
        ):
            self.many(out, key, noun, "organization_id", row["id"])
        return out

    def source(self, row: Row) -> JSON:
        source = self.graph.sources.get(row["source_id"])
        if source is None:
            return {"name": "local"}
        out = {"name": source["name"]}
        for key, column in (
            ("title", "title"),
            ("licence", "licence"),
            ("url", "url"),
            ("checked", "published_at"),
        ):
            if source[column]:
                out[key] = source[column]
        return out

    def service_links(self, row: Row) -> JSON:
        out: JSON = {}
        organization = self.graph.organizations.get(row["organization_id"])
        if organization is not None:
            out["organization"] = write_row("organization", organization)
        program = self.graph.programs.get(row["program_id"])
        if program is not None:
            out["program"] = self.row("program", program)
        return out

    def service_at_location(self, row: Row) -> JSON:
        out = self.row("service_at_location", row)
        for key, noun in (
            ("service_areas", "service_area"),
            ("contacts", "contact"),
            ("phones", "phone"),
            ("schedules", "schedule"),
        ):
            self.many(out, key, noun, "service_at_location_id", row["id"])
        location = self.graph.locations.get(row["location_id"])
        if location is not None:
            out["location"] = self.location(location)
        return out

    def service(self, row: Row) -> JSON:
        out = self.row("service", row)
        out["source"] = self.source(row)
        for key, noun in (
            ("additional_urls", "url"),
            ("phones", "phone"),
            ("schedules", "schedule"),
            ("service_areas", "service_area"),
            ("languages", "language"),
            ("funding", "funding"),
            ("cost_options", "cost_option"),
            ("required_documents", "required_document"),
            ("contacts", "contact"),
            ("capacities", "service_capacity"),
        ):
            self.many(out, key, noun, "service_id", row["id"])
        return out


def _render(graph: Graph) -> Iterator[tuple[Rendered, tuple[NeedLink, ...]]]:
    writer = _Writer(graph)
    sites: dict[str, list[JSON]] = {}
    for row in graph.service_at_locations.values():
        sites.setdefault(row["service_id"], []).append(writer.service_at_location(row))
    simple: dict[str, list[JSON]] = {}
    for row in graph.services.values():
        body = writer.service(row)
        links = writer.service_links(row)
        needs = infer_needs(body, row["needs"])
        if needs:
            body["needs"] = [{"need": link.need, "certainty": link.certainty} for link in needs]
        brief = write_row("service", row) | links
        simple.setdefault(row["organization_id"], []).append(
            {"id": row["id"], "name": row["name"], "status": row["status"]}
        )
        own_sites = sites.get(row["id"], [])
        for site in own_sites:
            location = graph.locations.get(site["location_id"])
            short = write_row("service_at_location", graph.service_at_locations[site["id"]])
            if location is not None:
                short["location"] = writer.brief_location(location)
            yield (
                Rendered(
                    "service_at_location",
                    site["id"],
                    row["organization_id"],
                    site | {"service": body | links},
                    short | {"service": brief},
                ),
                (),
            )
        if own_sites:
            body["service_at_locations"] = own_sites
        organization = graph.organizations.get(row["organization_id"])
        if organization is not None:
            links = links | {"organization": writer.organization(organization)}
        yield Rendered("service", row["id"], row["organization_id"], body | links, brief), needs
    at_organization: dict[str, list[JSON]] = {}
    for row in graph.locations.values():
        if row["organization_id"]:
            at_organization.setdefault(row["organization_id"], []).append(writer.location(row))
    for row in graph.organizations.values():
        body = writer.organization(row)
        if row["id"] in at_organization:
            body["locations"] = at_organization[row["id"]]
        writer.many(body, "programs", "program", "organization_id", row["id"])
        if row["id"] in simple:
            body["services"] = simple[row["id"]]
        yield Rendered("organization", row["id"], row["id"], body, write_row("organization", row)), ()
