"""HSDS JSON lines: one object on a line, each saying in `object` which HSDS object it is.

First the sources, then what all share (taxonomies, terms, units), then each organization with its services in
full, then the locations that belong to nobody.
"""

from collections.abc import Iterator
from typing import IO

import orjson
from sqlalchemy import select
from sqlalchemy.orm import Session

from resource_api.directory.export_rows import Scope, read_rows
from resource_api.directory.graph import SHARED, Graph, read_graph, read_history, table
from resource_api.directory.record import Source
from resource_api.directory.render import render_locations, render_organizations
from resource_api.directory.write_row import JSON, write_row


def write_json_lines(session: Session, scope: Scope, file: IO[bytes]) -> Iterator[int]:
    """Write the lines, yielding how many organizations are done."""
    for source in scope.exported_sources():
        _write(file, "source", write_source(source))
    for noun in SHARED:
        for rows in read_rows(session, scope, noun):
            history = read_history(session, [row["id"] for row in rows])
            for row in rows:
                changes = [write_row("metadata", change) for change in history.get(row["id"], ())]
                _write(file, noun, write_row(noun, row) | ({"metadata": changes} if changes else {}))
    done = 0
    for rows in read_rows(session, scope, "organization"):
        graph = read_graph(session, [row["id"] for row in rows])
        organizations = {body["id"]: body for body in _render_whole(graph, reveal=scope.reveal)}
        for row in rows:
            _write(file, "organization", organizations[row["id"]])
        done += len(rows)
        yield done
    for ids in _read_unused_locations(session, scope):
        for location in render_locations(read_graph(session, (), location_ids=ids), reveal=scope.reveal):
            _write(file, "location", location)


def write_source(source: Source) -> JSON:
    """Write what is known of a source, as documents have it."""
    said = {"name": source.name, "title": source.title, "licence": source.licence, "url": source.url}
    return {key: value for key, value in (said | {"checked": source.published_at}).items() if value}


def _render_whole(graph: Graph, *, reveal: bool) -> Iterator[JSON]:
    """Render organizations with their services in full."""
    services: dict[str, list[JSON]] = {}
    for rendered, _ in render_organizations(graph, reveal=reveal):
        body = rendered.body
        if rendered.kind == "service":
            services.setdefault(body["organization_id"], []).append(_shorten(body))
        elif rendered.kind == "organization":
            if rendered.id in services:
                body = body | {"services": services.pop(rendered.id)}
            yield body


def _shorten(service: JSON) -> JSON:
    """Leave out of a service what stands around it, and the needs that anybody can infer again."""
    short = {name: value for name, value in service.items() if name not in ("organization", "source", "needs")}
    given = [
        {"need": need["need"], "certainty": "given"}
        for need in service.get("needs", ())
        if need["certainty"] == "given"
    ]
    return short | ({"needs": given} if given else {})


def _read_unused_locations(session: Session, scope: Scope) -> Iterator[list[str]]:
    location, site, service = table("location"), table("service_at_location"), table("service")
    used = (
        select(site.c.location_id)
        .join(service, service.c.id == site.c.service_id)
        .where(site.c.deleted_at.is_(None), service.c.deleted_at.is_(None))
    )
    unused = location.c.organization_id.is_(None) & location.c.id.not_in(used)
    for rows in read_rows(session, scope, "location", unused):
        yield [row["id"] for row in rows]


def _write(file: IO[bytes], noun: str, body: JSON) -> None:
    file.write(orjson.dumps({"object": noun} | body, option=orjson.OPT_APPEND_NEWLINE))
