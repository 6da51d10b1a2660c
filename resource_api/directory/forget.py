"""WHAT HISTORY FORGETS: every word of where a confidential location is.

Rendering strikes it out of what is served; here it leaves the history's own rows, for they are kept for good.
"""

import re
from collections.abc import Collection, Iterator

from sqlalchemy import delete, or_, select, update
from sqlalchemy.orm import Session

from resource_api.among import among
from resource_api.directory.confidential import hiding_organizations, withheld_patterns, withhold
from resource_api.directory.graph import OWNERS, in_batches, read_graph, table


def forget_places(session: Session, organization_ids: Collection[str]) -> None:
    """Take the confidential locations of these organizations out of all history."""
    hiding = sorted(set(organization_ids) & set(session.scalars(hiding_organizations())))
    for organization_id in hiding:
        graph = read_graph(session, [organization_id])
        hidden = [row["id"] for row in graph.locations.values() if row["confidential"]]
        _forget_all(session, hidden)
        pattern = withheld_patterns(graph).get(organization_id)
        if pattern is not None:
            _strike(
                session, pattern, [*graph.organizations, *graph.services, *graph.service_at_locations, *graph.locations]
            )


def _forget_all(session: Session, location_ids: Collection[str]) -> None:
    """Delete the history of locations and of all that hangs or hung on them."""
    metadata = table("metadata")
    ids = set(location_ids)
    for noun, link in (("address", "location_id"), ("contact", "location_id"), ("phone", "location_id"),
                       ("accessibility", "location_id"), ("schedule", "location_id"), ("language", "location_id"),
                       ("phone", "contact_id"), ("attribute", "link_id")):  # fmt: skip
        ids |= _hanging(session, noun, link, ids)
    for some in in_batches(ids):
        session.execute(delete(metadata).where(among(metadata.c.resource_id, some)))


def _strike(session: Session, pattern: re.Pattern[str], record_ids: Collection[str]) -> None:
    """Strike the streets out of the history of records, and of what hangs or hung on them."""
    metadata = table("metadata")
    ids = set(record_ids)
    for noun, links in OWNERS.items():
        for link in links:
            ids |= _hanging(session, noun, link, set(record_ids) if link not in ("contact_id", "phone_id") else ids)
    for some in in_batches(ids):
        rows = session.execute(
            select(metadata.c.id, metadata.c.previous_value, metadata.c.replacement_value).where(
                among(metadata.c.resource_id, some),
                or_(metadata.c.previous_value != "", metadata.c.replacement_value != ""),
            )
        ).all()
        for row in rows:
            said = {name: withhold(getattr(row, name), pattern) for name in ("previous_value", "replacement_value")}
            if said != {"previous_value": row.previous_value, "replacement_value": row.replacement_value}:
                session.execute(update(metadata).where(metadata.c.id == row.id).values(said))


def _hanging(session: Session, noun: str, link: str, ids: Collection[str]) -> set[str]:
    rows = table(noun)
    found: set[str] = set()
    for some in in_batches(ids):
        found.update(_ids(session, noun, among(rows.c[link], some)))
    return found


def _ids(session: Session, noun: str, clause: object) -> Iterator[str]:
    rows = table(noun)
    yield from session.scalars(select(rows.c.id).where(clause))  # type: ignore[arg-type]
