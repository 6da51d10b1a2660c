"""WHAT SOMEBODY IS TYPING: needs, services and towns that begin like it."""

from dataclasses import dataclass

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from resource_api.needs import Vocabulary, vocabulary
from resource_api.places import fold_place
from resource_api.search.cards import read_cards
from resource_api.search.tables import SearchRow, Town
from resource_api.words import fold, split

LIMIT = 10


@dataclass(frozen=True, slots=True)
class Suggestion:
    """Something to search for: `kind` is need, service or place; `value` goes into the parameter of that name."""

    kind: str
    value: str
    label: str


def suggest(session: Session, text: str, *, lang: str, limit: int = LIMIT) -> list[Suggestion]:
    """Suggest how to go on: needs first, then services by name, then towns."""
    typed = " ".join(split(text))
    if not typed:
        return []
    found = [Suggestion("need", slug, vocabulary().needs[slug].label(lang)) for slug in _needs(vocabulary(), typed)]
    half = max(1, limit // 2)
    found = found[:half]
    found += _services(session, fold(text.strip()), limit - len(found))
    if len(found) < limit:
        found += _towns(session, fold_place(text), limit - len(found))
    return found[:limit]


def _needs(known: Vocabulary, typed: str) -> list[str]:
    ranked: dict[str, int] = {}
    for need in known.needs.values():
        for rank, texts in enumerate(((need.en, need.es), (*need.say, *need.say_es))):
            for text in texts:
                said = " ".join(split(text))
                if said.startswith(typed):
                    ranked.setdefault(need.slug, rank * 2)
                elif f" {typed}" in said:
                    ranked.setdefault(need.slug, rank * 2 + 1)
    return sorted(ranked, key=lambda slug: (ranked[slug], known.needs[slug].parent is not None, slug))


def _services(session: Session, folded: str, limit: int) -> list[Suggestion]:
    name = SearchRow.name_key
    rows = session.scalars(
        select(func.min(SearchRow.service_id))
        .where(name >= folded, name < folded + "\U0010ffff")
        .group_by(name)
        .order_by(name)
        .limit(limit)
    ).all()
    cards = read_cards(session, list(rows))
    return [Suggestion("service", service, cards[service]["service_name"]) for service in rows if service in cards]


def _towns(session: Session, folded: str, limit: int) -> list[Suggestion]:
    rows = session.scalars(
        select(Town)
        .where(Town.folded >= folded, Town.folded < folded + "\U0010ffff")
        .order_by(Town.population.desc(), Town.id)
        .limit(limit)
    )
    return [Suggestion("place", f"{town.name}, {town.state}", f"{town.name}, {town.state}") for town in rows]
