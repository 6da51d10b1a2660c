"""WHAT A TABULAR EXPORT LEAVES OUT: rows say of a confidential location no more than the public documents do."""

import re
from dataclasses import dataclass, field

from sqlalchemy.orm import Session

from resource_api.directory.confidential import PUBLIC_FIELDS, hiding_organizations, withheld_patterns, withhold
from resource_api.directory.export_rows import Scope, read_rows
from resource_api.directory.graph import OWNERS, Graph, Row, graph_ids, read_graph, table


@dataclass
class Guard:
    """Rows to leave out, locations to mask, and the streets to strike out of a row's texts, by id."""

    hidden: set[str] = field(default_factory=set)
    left_out: set[str] = field(default_factory=set)
    patterns: dict[str, list[re.Pattern[str]]] = field(default_factory=dict)

    def make_public(self, row: Row) -> Row | None:
        """Make the public form of a row, or None where it has none."""
        row_id = row["id"]
        if row_id in self.left_out:
            return None
        if row_id in self.hidden:
            kept = {*PUBLIC_FIELDS, "confidential", "source_id"}
            return {name: value if name in kept else None for name, value in row.items()}
        for pattern in self.patterns.get(row_id, ()):
            row = withhold(row, pattern)
        return row


def read_guard(session: Session, scope: Scope) -> Guard:
    """Read what has to be left out of an export."""
    guard = Guard()
    if scope.reveal:
        return guard
    for rows in read_rows(session, scope, "location", table("location").c.confidential):
        ids = [row["id"] for row in rows]
        guard.hidden.update(ids)
        guard.left_out |= _said_only_of_locations(read_graph(session, (), location_ids=ids), set(ids))
    for organization_id in session.scalars(hiding_organizations()).all():
        # One at a time: what one organization hides is not struck out of another's texts.
        graph = read_graph(session, [organization_id])
        pattern = withheld_patterns(graph).get(organization_id)
        if pattern is not None:
            for row_id in _every_id(graph):
                guard.patterns.setdefault(row_id, []).append(pattern)
    return guard


def _said_only_of_locations(graph: Graph, hidden: set[str]) -> set[str]:
    """List the addresses and contacts of hidden locations, and what hangs on those alone."""
    left_out: set[str] = set()
    for noun, owner, said_of in (
        ("address", "location_id", hidden),
        ("contact", "location_id", hidden),
        ("phone", "contact_id", left_out),
        ("language", "phone_id", left_out),
    ):
        for rows in graph.owned[noun, owner].values():
            left_out.update(row["id"] for row in rows if {row[column] for column in OWNERS[noun]} - {None} <= said_of)
    for grouped in (graph.attributes, graph.metadata):
        gone = hidden | left_out
        left_out.update(row["id"] for linked, rows in grouped.items() if linked in gone for row in rows)
    return left_out


def _every_id(graph: Graph) -> set[str]:
    found = {*graph.organizations, *graph.services, *graph.service_at_locations, *graph.locations, *graph.programs}
    for noun in OWNERS:
        found |= graph_ids(graph, noun)
    for grouped in (graph.attributes, graph.metadata):
        found.update(row["id"] for rows in grouped.values() for row in rows)
    return found
