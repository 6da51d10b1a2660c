"""WHAT A DOCUMENT CONTAINS: the one place that turns current rows into the JSON that is served.

A row's own fields are written by write_row.py; here they are put together.
https://docs.openreferral.org/en/latest/hsds/schema_reference.html
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from resource_api.directory.confidential import PUBLIC_FIELDS, WITHHELD_LISTS, withheld_patterns, withhold
from resource_api.directory.graph import Graph, Row
from resource_api.directory.nesting import CHILDREN, OWN_CHILDREN
from resource_api.directory.write_row import JSON, write_row
from resource_api.needs.infer import NeedLink, infer_needs

# The latest changes of one row: documents are read on phones, and the rows keep every one.
HISTORY_SHOWN = 50


@dataclass(frozen=True, slots=True)
class Rendered:
    """One document as it is to be stored: `body` nested in full, `brief` as HSDS lists show it."""

    kind: str
    id: str
    organization_id: str | None
    body: JSON
    brief: JSON


def render_organizations(graph: Graph, *, reveal: bool = False) -> Iterator[tuple[Rendered, tuple[NeedLink, ...]]]:
    """Render the documents of a graph's organizations; a service comes with the needs it answers.

    With `reveal`, confidential locations are written in full: for their owner, never for the public.
    """
    patterns = {} if reveal else withheld_patterns(graph)
    for rendered, needs in _render(graph, reveal=reveal):
        pattern = patterns.get(rendered.organization_id or "")
        if pattern is not None:
            rendered = Rendered(
                rendered.kind,
                rendered.id,
                rendered.organization_id,
                withhold(rendered.body, pattern),
                withhold(rendered.brief, pattern),
            )
        yield rendered, needs


def render_locations(graph: Graph, *, reveal: bool) -> Iterator[JSON]:
    """Render the locations of a graph by themselves; of a confidential one, what lists show is all that is said."""
    writer = _Writer(graph, reveal=reveal)
    for row in graph.locations.values():
        hidden = row["confidential"] and not reveal
        yield writer.brief_location(row) if hidden else writer.location(row)


def render_location(graph: Graph, location_id: str, *, reveal: bool = False) -> JSON:
    """Render one location with all that hangs on it; of a confidential one, what a service's document says."""
    return _Writer(graph, reveal=reveal).location(graph.locations[location_id])


def render_term(term: Row, taxonomy: Row | None, history: Sequence[Row] = ()) -> Rendered:
    """Render one taxonomy term with its metadata."""
    body = write_row("taxonomy_term", term)
    if taxonomy is not None:
        body["taxonomy_detail"] = write_row("taxonomy", taxonomy)
    _add_history(body, history)
    return Rendered("taxonomy_term", term["id"], None, body, body)


def render_taxonomy(taxonomy: Row, history: Sequence[Row] = ()) -> Rendered:
    """Render one taxonomy with its metadata."""
    body = write_row("taxonomy", taxonomy)
    _add_history(body, history)
    return Rendered("taxonomy", taxonomy["id"], None, body, body)


def _add_history(body: JSON, history: Sequence[Row]) -> None:
    rows = [write_row("metadata", row) for row in history[-HISTORY_SHOWN:]]
    if rows:
        body["metadata"] = rows


class _Writer:
    """Writes rows with what hangs on them; holds nothing but the graph."""

    def __init__(self, graph: Graph, *, reveal: bool) -> None:
        self.graph = graph
        self.reveal = reveal

    def row(self, noun: str, row: Row) -> JSON:
        out = write_row(noun, row)
        attributes = self.graph.attributes.get(row["id"])
        if attributes:
            out["attributes"] = [self.attribute(a) for a in attributes]
        _add_history(out, self.graph.metadata.get(row["id"], ()))
        return out

    def attribute(self, row: Row) -> JSON:
        out = write_row("attribute", row)
        _add_history(out, self.graph.metadata.get(row["id"], ()))
        term = self.graph.terms.get(row["taxonomy_term_id"])
        if term is not None:
            out["taxonomy_term"] = render_term(term, self.graph.taxonomies.get(term["taxonomy_id"])).body
        return out

    def many(self, out: JSON, key: str, noun: str, owner: str, owner_id: str) -> None:
        rows = self.graph.children(noun, owner, owner_id)
        if rows:
            out[key] = [self.child(noun, row) for row in rows]

    def children(self, out: JSON, noun: str, owner_id: str, *, without: tuple[str, ...] = ()) -> None:
        for key, child in CHILDREN[noun]:
            if key not in without:
                self.many(out, key, child, f"{noun}_id", owner_id)

    def child(self, noun: str, row: Row) -> JSON:
        out = self.row(noun, row)
        if noun in CHILDREN:
            self.children(out, noun, row["id"])
        elif noun == "service_capacity":
            out["unit"] = self.row("unit", self.graph.units[row["unit_id"]])
        return out

    def location(self, row: Row) -> JSON:
        if row["confidential"] and not self.reveal:
            out: JSON = {name: row[name] for name in PUBLIC_FIELDS if row[name] is not None}
            out["confidential"] = True
            self.children(out, "location", row["id"], without=WITHHELD_LISTS)
        else:
            out = self.row("location", row)
            self.children(out, "location", row["id"])
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
        self.children(out, "organization", row["id"])
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
        self.children(out, "service_at_location", row["id"])
        location = self.graph.locations.get(row["location_id"])
        if location is not None:
            out["location"] = self.location(location)
        return out

    def service(self, row: Row) -> JSON:
        out = self.row("service", row)
        out["source"] = self.source(row)
        self.children(out, "service", row["id"])
        return out


def _render(graph: Graph, *, reveal: bool) -> Iterator[tuple[Rendered, tuple[NeedLink, ...]]]:
    writer = _Writer(graph, reveal=reveal)
    sites: dict[str, list[JSON]] = {}
    for row in graph.service_at_locations.values():
        sites.setdefault(row["service_id"], []).append(writer.service_at_location(row))
    simple: dict[str, list[JSON]] = {}
    organizations = {row["id"]: writer.organization(row) for row in graph.organizations.values()}
    for row in graph.services.values():
        body = writer.service(row)
        links = writer.service_links(row)
        nested = links
        if row["organization_id"] in organizations:
            nested = links | {"organization": organizations[row["organization_id"]]}
        needs = infer_needs(body, row["needs"])
        if needs:
            body["needs"] = [
                {"need": link.need, "certainty": link.certainty, "confidence": link.confidence} for link in needs
            ]
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
                    site | {"service": body | nested},
                    short | {"service": brief},
                ),
                (),
            )
        if own_sites:
            body["service_at_locations"] = own_sites
        yield Rendered("service", row["id"], row["organization_id"], body | nested, brief), needs
    at_organization: dict[str, list[JSON]] = {}
    for row in graph.locations.values():
        if row["organization_id"]:
            at_organization.setdefault(row["organization_id"], []).append(writer.location(row))
    for row in graph.organizations.values():
        body = dict(organizations[row["id"]])
        if row["id"] in at_organization:
            body["locations"] = at_organization[row["id"]]
        for key, noun in OWN_CHILDREN["organization"]:
            writer.many(body, key, noun, "organization_id", row["id"])
        if row["id"] in simple:
            body["services"] = simple[row["id"]]
        yield Rendered("organization", row["id"], row["id"], body, write_row("organization", row)), ()
