"""WHICH SOURCE EACH RECORD IS OF: the load's own, unless the record says that it came from another.

What this project exports or serves names each record's source, so that a copy of a directory keeps its sources apart.
What hangs on a record is of the same source as the record.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from resource_api.directory.graph import OWNERS
from resource_api.directory.load.row import Draft
from resource_api.directory.load.shape import RANK

_UPWARD = {
    "program": ("organization_id",),
    "service": ("organization_id",),
    "location": ("organization_id",),
    "service_at_location": ("service_id",),
    "attribute": ("link_id",),
    "metadata": ("resource_id",),
}


@dataclass(frozen=True, slots=True)
class SourceFacts:
    """Whose data it is: the name its records are known by, and what is shown beside them."""

    name: str
    title: str | None = None
    licence: str | None = None
    url: str | None = None
    published_at: str | None = None


def read_source(said: object) -> SourceFacts | None:
    """Read what a record says of its source: a name, or the object of our own documents."""
    if isinstance(said, str):
        return SourceFacts(said.strip()) if said.strip() else None
    if not isinstance(said, dict):
        return None
    facts = {key: value for key, value in said.items() if isinstance(value, str) and value.strip()}
    if "name" not in facts:
        return None
    return SourceFacts(facts["name"], facts.get("title"), facts.get("licence"), facts.get("url"), facts.get("checked"))


def assign_sources(drafts: list[Draft], default: int | None, find: Callable[[SourceFacts], int | None]) -> None:
    """Give each draft of a batch its source; `find` makes or finds the one that a record names."""
    named = [draft for draft in drafts if "source" in draft.private]
    for draft in drafts:
        draft.source_id = default
    if not named:
        return
    of: dict[str, int | None] = {}
    for draft in sorted(drafts, key=lambda d: RANK[d.noun]):
        facts = read_source(draft.private.get("source"))
        if facts is not None:
            draft.source_id = find(facts)
        else:
            links: tuple[Any, ...] = _UPWARD.get(draft.noun) or OWNERS.get(draft.noun, ())
            owner = next((draft.fields[link] for link in links if draft.fields.get(link) in of), None)
            if owner is not None:
                draft.source_id = of[owner]
        of[draft.id] = draft.source_id
    _adopt_locations(drafts, of)


def _adopt_locations(drafts: list[Draft], of: dict[str, int | None]) -> None:
    """A location of no organization is of the source whose service is there, and so is what hangs on it."""
    homeless = {d.id for d in drafts if d.noun == "location" and not d.fields.get("organization_id")}
    if not homeless:
        return
    adopted: dict[str, int | None] = {}
    for site in drafts:
        if site.noun == "service_at_location" and site.fields.get("location_id") in homeless:
            adopted.setdefault(site.fields["location_id"], site.source_id)
    for draft in drafts:
        place = draft.id if draft.noun == "location" else draft.fields.get("location_id") or draft.fields.get("link_id")
        if place in adopted and draft.noun not in ("service_at_location", "service", "organization"):
            draft.source_id = adopted[place]
