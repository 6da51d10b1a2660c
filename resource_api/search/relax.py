"""WHAT TO DROP WHEN NOTHING FITS: which filter emptied the answer, and how much there is without it."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy.orm import Session

from resource_api.search.ask import read_question
from resource_api.search.find import find_services
from resource_api.search.index import SearchIndex
from resource_api.search.query import Asked, SearchQuery

WIDER_M = (80_467.2, 160_934.4)
MOST = 4


@dataclass(frozen=True, slots=True)
class Relaxation:
    """Something to drop (a parameter's name, or `within` to widen), and the total without it.

    `value` is what the parameter becomes; None where it goes altogether.
    """

    drop: str
    value: str | None
    total: int


def find_relaxations(session: Session, index: SearchIndex, query: SearchQuery) -> list[Relaxation]:
    """Try the query without each of its filters; the nearest relaxations first, none that is empty too."""
    found: list[Relaxation] = []
    for drop, value, relaxed in _relaxed(session, index, query):
        if drop == "within" and any(each.drop == "within" for each in found):
            continue
        total = find_services(session, index, replace(relaxed, page=1, per_page=1, facets=())).total
        if total:
            found.append(Relaxation(drop, value, total))
    return found[:MOST]


def _relaxed(session: Session, index: SearchIndex, query: SearchQuery) -> Iterator[tuple[str, str | None, SearchQuery]]:
    if query.place is not None:
        for wider in WIDER_M:
            if wider > query.within_m:
                yield "within", f"{round(wider / 1609.344)}mi", replace(query, within_m=wider)
    for name in (
        "open_at",
        "age_months",
        "language",
        "free",
        "capacity",
        "accepts_referrals",
        "life_stage",
        "remote",
    ):
        if getattr(query, name) is not None:
            yield ("age" if name == "age_months" else name), None, _without(query, name)
    for name in ("accessibility", "organization_id", "taxonomy_term_id", "updated_after"):
        if getattr(query, name) is not None:
            yield name, None, _without(query, name)
    asked = query.asked
    if asked.needs and asked.essential:
        said = " ".join(word.text for word in asked.words)
        yield "q", said, replace(query, asked=read_question(session, index, said).asked)
    filters = query.needs
    if len(filters) > 1 or (filters and not asked.empty):
        yield "need", None, replace(query, needs=())
    if not asked.empty and filters:
        yield "q", None, replace(query, asked=Asked())
    if query.place is not None:
        yield "near", None, replace(query, place=None)


def _without(query: SearchQuery, name: str) -> SearchQuery:
    nothing: dict[str, Any] = {name: None}
    return replace(query, **nothing)
