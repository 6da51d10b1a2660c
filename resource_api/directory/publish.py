"""WHEN ROWS CHANGE: re-render the documents that contain them, keep versions, leave tombstones, log the change."""

import hashlib
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson
from sqlalchemy import bindparam, delete, select, update
from sqlalchemy.orm import Session

from resource_api.among import among
from resource_api.database import wait_for_turn
from resource_api.directory.card import write_card
from resource_api.directory.document import DIRECTORY, Document, ServiceNeed
from resource_api.directory.graph import in_batches, read_graph, read_history, read_terms, table
from resource_api.directory.render import Rendered, render_organizations, render_taxonomy, render_term
from resource_api.needs.infer import NeedLink
from resource_api.prepared import write_many

ORGANIZATION_KINDS = ("organization", "service", "service_at_location", "card")


@dataclass(frozen=True, slots=True)
class Published:
    """How many documents a publication wrote and retired."""

    written: int
    retired: int


def publish_organizations(session: Session, organization_ids: Collection[str], *, now: datetime) -> Published:
    """Re-render every document of these organizations and store those that differ.

    A document whose record is gone becomes a tombstone. Services that changed are logged for the index to follow.
    """
    wait_for_turn(session, DIRECTORY)
    rendered: list[Rendered] = []
    needs: dict[str, tuple[NeedLink, ...]] = {}
    for document, links in render_organizations(read_graph(session, organization_ids)):
        rendered.append(document)
        if document.kind == "service":
            needs[document.id] = links
            card = write_card(document.body, today=now.date())
            rendered.append(Rendered("card", document.id, document.organization_id, card, {}))
    stored = _stored(session, "organization_id", organization_ids)
    # A record may have come from another organization, under which its document is still stored.
    for kind in ORGANIZATION_KINDS:
        missing = [d.id for d in rendered if d.kind == kind and (kind, d.id) not in stored]
        stored |= _stored(session, "id", missing, kind=kind)
    written = _store(session, rendered, stored, now=now)
    live = {(d.kind, d.id) for d in rendered}
    gone = [key for key, row in stored.items() if key not in live and row["deleted_at"] is None]
    _retire(session, gone, now=now)
    services = list(dict.fromkeys(id_ for kind, id_ in (*written, *gone) if kind in ("service", "card")))
    _store_needs(session, services, needs)
    _log_changes(session, services)
    session.flush()
    return Published(len(written), len(gone))


def publish_taxonomies(session: Session, term_ids: Collection[str], *, now: datetime) -> Published:
    """Re-render taxonomy terms, and their taxonomies."""
    wait_for_turn(session, DIRECTORY)
    terms, taxonomies = read_terms(session, term_ids)
    history = read_history(session, terms)
    rendered = [
        render_term(term, taxonomies.get(term["taxonomy_id"]), history.get(term["id"], ()))
        for term in terms.values()
        if term["id"] in term_ids
    ]
    return _publish_shared(session, "taxonomy_term", rendered, term_ids, now=now)


def publish_taxonomy_heads(session: Session, taxonomy_ids: Collection[str], *, now: datetime) -> Published:
    """Re-render taxonomies themselves."""
    wait_for_turn(session, DIRECTORY)
    source = table("taxonomy")
    rows = [
        dict(row)
        for some in in_batches(taxonomy_ids)
        for row in session.execute(
            select(source).where(among(source.c.id, some), source.c.deleted_at.is_(None))
        ).mappings()
    ]
    history = read_history(session, taxonomy_ids)
    rendered = [render_taxonomy(row, history.get(row["id"], ())) for row in rows]
    return _publish_shared(session, "taxonomy", rendered, taxonomy_ids, now=now)


def organizations_using(session: Session, *, locations: Collection[str] = (), terms: Collection[str] = ()) -> set[str]:
    """List the organizations whose documents contain these locations or taxonomy terms."""
    found: set[str] = set()
    service, site = table("service"), table("service_at_location")
    for some in in_batches(locations):
        found.update(
            session.scalars(
                select(service.c.organization_id)
                .join(site, site.c.service_id == service.c.id)
                .where(among(site.c.location_id, some))
            )
        )
    attribute = table("attribute")
    for some in in_batches(terms):
        linked = select(attribute.c.link_id).where(among(attribute.c.taxonomy_term_id, some))
        found.update(session.scalars(select(service.c.organization_id).where(service.c.id.in_(linked))))
    return found


def _publish_shared(
    session: Session, kind: str, rendered: list[Rendered], asked: Collection[str], *, now: datetime
) -> Published:
    stored = _stored(session, "id", asked, kind=kind)
    written = _store(session, rendered, stored, now=now)
    live = {(d.kind, d.id) for d in rendered}
    gone = [key for key, row in stored.items() if key not in live and row["deleted_at"] is None]
    _retire(session, gone, now=now)
    session.flush()
    return Published(len(written), len(gone))


Key = tuple[str, str]


def _stored(session: Session, column: str, ids: Iterable[str], *, kind: str | None = None) -> dict[Key, dict[str, Any]]:
    kinds = ORGANIZATION_KINDS if kind is None else (kind,)
    found: dict[Key, dict[str, Any]] = {}
    for some in in_batches(list(ids)):
        rows = session.execute(
            select(Document.kind, Document.id, Document.etag, Document.version, Document.deleted_at).where(
                Document.kind.in_(kinds), among(getattr(Document, column), some)
            )
        )
        for row in rows:
            found[row.kind, row.id] = {"etag": row.etag, "version": row.version, "deleted_at": row.deleted_at}
    return found


def _store(
    session: Session, rendered: list[Rendered], stored: dict[Key, dict[str, Any]], *, now: datetime
) -> list[Key]:
    new: list[dict[str, Any]] = []
    changed: list[dict[str, Any]] = []
    for document in rendered:
        body, brief = orjson.dumps(document.body), orjson.dumps(document.brief)
        digest = hashlib.sha256(body)
        digest.update(brief)
        etag = digest.hexdigest()[:32]
        before = stored.get((document.kind, document.id))
        row = {
            "organization_id": document.organization_id,
            "body": body,
            "brief": brief,
            "etag": etag,
            "modified_at": now,
            "deleted_at": None,
        }
        if before is None:
            new.append(row | {"kind": document.kind, "id": document.id, "version": 1})
        elif before["etag"] != etag or before["deleted_at"] is not None:
            changed.append(row | {"of_kind": document.kind, "of_id": document.id, "version": before["version"] + 1})
    write_many(session, table("document"), new)
    if changed:
        target = table("document")
        session.execute(
            update(target)
            .where(target.c.kind == bindparam("of_kind"), target.c.id == bindparam("of_id"))
            .values({name: bindparam(name) for name in (*_row_names(), "version")}),
            changed,
        )
    return [(r["kind"], r["id"]) for r in new] + [(r["of_kind"], r["of_id"]) for r in changed]


def _row_names() -> tuple[str, ...]:
    """List the columns of a document that a new rendering replaces."""
    return ("organization_id", "body", "brief", "etag", "modified_at", "deleted_at")


def _retire(session: Session, gone: Collection[Key], *, now: datetime) -> None:
    target = table("document")
    for kind, record_id in gone:
        session.execute(
            update(target)
            .where(target.c.kind == kind, target.c.id == record_id)
            .values(body=b"", brief=b"", etag="", version=target.c.version + 1, modified_at=now, deleted_at=now)
        )


def _store_needs(session: Session, services: Collection[str], needs: dict[str, tuple[NeedLink, ...]]) -> None:
    for some in in_batches(services):
        session.execute(delete(ServiceNeed).where(among(ServiceNeed.service_id, some)))
    rows = [
        {"service_id": service, "need": link.need, "certainty": link.certainty}
        for service in services
        for link in needs.get(service, ())
    ]
    write_many(session, table("service_need"), rows)


def _log_changes(session: Session, services: Collection[str]) -> None:
    write_many(session, table("change"), [{"service_id": service} for service in services])
