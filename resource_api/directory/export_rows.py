"""WHICH ROWS AN EXPORT HAS, in which order: by source, by what they belong to, and then as their publisher had them.

The order depends on nothing that loading the export would change. So a position counts only among the rows of one
owner, and is passed over where a row has none.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, case, func, select
from sqlalchemy.orm import Session

from resource_api.directory.graph import OWNERS, SHARED, Row, table
from resource_api.directory.record import Source

# Whom a row of the other nouns belongs to, where it says several.
_OWNERS = ("organization_id", "service_id", "link_id", "resource_id")
ROWS_AT_ONCE = 100


@dataclass(frozen=True, slots=True)
class Scope:
    """What is exported: every source or `only` one; with `reveal`, confidential locations in full."""

    sources: Mapping[int, Source]
    only: int | None
    reveal: bool

    def clauses(self, noun: str) -> tuple[ColumnElement[bool], ...]:
        """List the clauses on the rows of a noun that are exported."""
        rows = table(noun)
        alive = rows.c.deleted_at.is_(None)
        # Taxonomies and units are shared by the sources: the row is of whichever brought it first.
        if self.only is None or noun in SHARED:
            return (alive,)
        return (alive, rows.c.source_id == self.only)

    def source_name(self, row: Row) -> str | None:
        """Get the name of a row's source."""
        source = self.sources.get(row["source_id"])
        return source.name if source is not None else None

    def exported_sources(self) -> list[Source]:
        """List the sources that the export is made of."""
        return [source for source in self.sources.values() if self.only in (None, source.id)]


def count_rows(session: Session, scope: Scope, noun: str) -> int:
    """Count the rows of a noun that are exported."""
    return session.scalar(select(func.count()).select_from(table(noun)).where(*scope.clauses(noun))) or 0


def _order(noun: str) -> tuple[ColumnElement[Any], ...]:
    rows = table(noun)
    if noun in SHARED or noun == "organization":
        return (rows.c.id,)
    owners = [rows.c[name] for name in OWNERS.get(noun, _OWNERS) if name in rows.c]
    owner = func.coalesce(*owners, "")
    return (owner, case((owner == "", 0), else_=rows.c.position), rows.c.id)


def read_rows(session: Session, scope: Scope, noun: str, *clauses: ColumnElement[bool]) -> Iterator[list[Row]]:
    """Read the rows of a noun that are exported, in order, some at a time."""
    rows, source = table(noun), table("source")
    # Only keys are sorted: a sorter that holds whole rows would hold the whole table.
    ordered = (
        select(rows.c.id)
        .outerjoin(source, source.c.id == rows.c.source_id)
        .where(*scope.clauses(noun), *clauses)
        .order_by(func.coalesce(source.c.name, ""), *_order(noun))
    )
    keys = session.scalars(ordered, execution_options={"yield_per": ROWS_AT_ONCE})
    for ids in keys.partitions():
        found = {row["id"]: dict(row) for row in session.execute(select(rows).where(rows.c.id.in_(ids))).mappings()}
        yield [found[row_id] for row_id in ids]
