"""WHICH RECORDS WERE ASKED FOR: a list by HSDS's parameters, which all must hold.

Lists are in the order of ids: it never changes, so whoever harvests page by page misses nothing.
https://docs.openreferral.org/en/latest/hsds/api_reference.html
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

import orjson
from sqlalchemy import ColumnElement, and_, func, or_, select
from sqlalchemy.orm import Session

from resource_api.directory.document import Document
from resource_api.directory.list_reach import sites_reaching
from resource_api.directory.list_search import search_clause, withheld_hits
from resource_api.directory.list_terms import taxonomy_clauses, term_tree_clauses
from resource_api.directory.lookup import Kind, write_time

Form = Literal["brief", "full", "minimal"]
Clauses = tuple[ColumnElement[bool], ...]

CHUNK = 200


@dataclass(frozen=True, slots=True)
class RecordQuery:
    """The parameters of an HSDS list. `proximity_m` is in metres around the centroid of `postcode`.

    `tombstones` adds the records deleted since `modified_after`, whatever else is asked but
    `organization_id`: what a deleted record contained is no longer known.
    """

    kind: Kind
    search: str | None = None
    taxonomy_term_id: str | None = None
    taxonomy_id: str | None = None
    organization_id: str | None = None
    modified_after: datetime | None = None
    tombstones: bool = False
    postcode: str | None = None
    proximity_m: float | None = None
    parent_id: str | None = None
    top_only: bool = False


@dataclass(frozen=True, slots=True)
class Selection:
    """The records that answer a query, in the order of ids. `ids` stands where SQL alone cannot decide."""

    session: Session
    kind: Kind
    clauses: Clauses
    ids: tuple[str, ...] | None = None

    def count(self) -> int:
        """Count the records."""
        if self.ids is not None:
            return len(self.ids)
        counted = select(func.count()).select_from(Document)
        return self.session.scalar(counted.where(Document.kind == self.kind, *self.clauses)) or 0

    def page(self, form: Form, *, offset: int, limit: int) -> list[bytes]:
        """List the JSON of some of the records."""
        if self.ids is not None:
            ids: Sequence[str] = self.ids[offset : offset + limit]
        else:
            ids = self.session.scalars(self._ordered().offset(offset).limit(limit)).all()
        return list(self._fetch(form, ids))

    def stream(self, form: Form) -> Iterator[bytes]:
        """Yield the JSON of every record, a few at a time."""
        if self.ids is not None:
            yield from self._fetch(form, self.ids)
            return
        last = ""
        while ids := self.session.scalars(self._ordered().where(Document.id > last).limit(CHUNK)).all():
            yield from self._fetch(form, ids)
            last = ids[-1]

    def _ordered(self) -> Any:
        return select(Document.id).where(Document.kind == self.kind, *self.clauses).order_by(Document.id)

    def _fetch(self, form: Form, ids: Sequence[str]) -> Iterator[bytes]:
        columns: list[Any] = [Document.id, Document.modified_at, Document.deleted_at]
        json: list[Any] = {"brief": [Document.brief], "full": [Document.body], "minimal": []}[form]
        fetch = select(*columns, *json).where(Document.kind == self.kind).order_by(Document.id)
        for start in range(0, len(ids), CHUNK):
            for record_id, modified_at, deleted_at, *stored in self.session.execute(
                fetch.where(Document.id.in_(ids[start : start + CHUNK]))
            ):
                if deleted_at is not None:
                    gone = {"id": record_id, "deleted": True, "deleted_at": write_time(deleted_at)}
                    yield orjson.dumps(gone)
                elif stored:
                    yield stored[0]
                else:
                    yield orjson.dumps({"id": record_id, "last_modified": write_time(modified_at)})


def select_records(session: Session, query: RecordQuery) -> Selection:
    """Select the records that answer a query.

    Raises BadQuery where it asks for a proximity without a postcode, or for a postcode that nobody knows.
    """
    also_deleted: list[ColumnElement[bool]] = []
    if query.organization_id is not None:
        also_deleted.append(Document.organization_id == query.organization_id)
    if query.modified_after is not None:
        also_deleted.append(Document.modified_at >= query.modified_after)
    live: list[ColumnElement[bool]] = [Document.deleted_at.is_(None)]
    if query.kind == "taxonomy_term":
        live += term_tree_clauses(query.taxonomy_id, query.parent_id, top_only=query.top_only)
    else:
        live += taxonomy_clauses(query.kind, query.taxonomy_term_id, query.taxonomy_id)
    hidden: frozenset[str] = frozenset()
    if query.search is not None:
        live.append(search_clause(query.kind, query.search))
        hidden = withheld_hits(session, query.kind, query.search)
    clauses: Clauses = (*also_deleted, *live)
    if query.tombstones:
        clauses = (*also_deleted, or_(and_(*live), Document.deleted_at.is_not(None)))
    reached = sites_reaching(session, query.postcode, query.proximity_m)
    if reached is None and not hidden:
        return Selection(session, query.kind, clauses)
    rows = session.execute(
        select(Document.id, Document.deleted_at).where(Document.kind == query.kind, *clauses).order_by(Document.id)
    )
    ids = (
        row.id
        for row in rows
        if row.deleted_at is not None or (row.id not in hidden and (reached is None or row.id in reached))
    )
    return Selection(session, query.kind, clauses, tuple(ids))


def with_full_services(session: Session, organizations: Iterable[bytes]) -> Iterator[bytes]:
    """Put into the JSON of organizations the full documents of their services."""
    for stored in organizations:
        organization = orjson.loads(stored)
        services = session.scalars(
            select(Document.body)
            .where(
                Document.kind == "service",
                Document.organization_id == organization["id"],
                Document.deleted_at.is_(None),
            )
            .order_by(Document.id)
        ).all()
        if services:
            organization["services"] = [orjson.Fragment(service) for service in services]
        yield orjson.dumps(organization)
