"""WHAT IS ANSWERED: hits made of the index's findings and the stored cards, in the caller's language."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

import orjson
from sqlalchemy import select
from sqlalchemy.orm import Session

from resource_api.database import fetch
from resource_api.directory.hours import describe, unpack
from resource_api.needs import vocabulary
from resource_api.search.cards import Card, Site
from resource_api.search.highlight import Pattern, highlight, highlight_patterns
from resource_api.search.query import SearchHit, SearchPage, SearchQuery

JSON = dict[str, Any]
Patterns = tuple[Pattern, ...]

_NOTES = {
    "en": {
        "hours": "hours not listed, call first",
        "age": "ages not listed, ask",
        "language": "languages not listed, ask",
        "life_stage": "not listed for whom, ask",
        "accessibility": "accessibility not listed, ask",
        "free": "cost not listed, ask",
        "accepts_referrals": "not listed whether referrals are taken, ask",
        "capacity": "capacity not listed, call first",
        "approximate": "distance is about right: from the middle of the ZIP",
    },
    "es": {
        "hours": "no se indica el horario, llame antes",
        "age": "no se indican las edades, pregunte",
        "language": "no se indican los idiomas, pregunte",
        "life_stage": "no se indica para quién es, pregunte",
        "accessibility": "no se indica la accesibilidad, pregunte",
        "free": "no se indica el costo, pregunte",
        "accepts_referrals": "no se indica si aceptan referidos, pregunte",
        "capacity": "no se indica si hay cupo, llame antes",
        "approximate": "la distancia es aproximada: desde el centro del código postal",
    },
}

_SOURCES = "SELECT name, licence, loaded_at FROM source WHERE name IN :ids ORDER BY name"


@dataclass(frozen=True, slots=True)
class Moment:
    """When it is, and the minute whose hours are asked for."""

    now: datetime
    asked: datetime


def write_hits(
    cards: Mapping[str, Card], query: SearchQuery, page: SearchPage, *, lang: str, short: bool
) -> list[bytes]:
    """Write the hits of a page as JSON; a service without a card, which has just gone, is left out."""
    now = datetime.now(UTC)
    # Hours are told in whole minutes.
    moment = Moment(now, (query.open_at or now).replace(second=0, microsecond=0))
    asked = (*query.asked.words, *query.asked.essential, *query.asked.context)
    patterns = highlight_patterns(tuple(word.text for word in asked), query.need_slugs)
    write = _write_short if short else _write_hit
    return [write(hit, cards[hit.service_id], moment, patterns, lang) for hit in page.hits if hit.service_id in cards]


def _write_hit(hit: SearchHit, card: Card, moment: Moment, patterns: Patterns, lang: str) -> bytes:
    site = card.site(hit.site)
    told = _NOTES[lang]
    notes = [told[name] for name in hit.unknown if name in told]
    out: JSON = {}
    if site is not None:
        out["service_at_location_id"] = site.id
        if site.location is not None:
            out["location"] = orjson.Fragment(site.location)
    if hit.distance_m is not None:
        out["distance_m"] = round(hit.distance_m)
        if site is not None and site.location is not None and not site.located:
            notes.append(told["approximate"])
    if hit.reached_by is not None:
        out["reached_by"] = hit.reached_by
    known = vocabulary().needs
    out["open"] = _open(site, moment, lang)
    out |= card.availability(moment.now)
    out["score"] = round(hit.score, 4)
    out["why"] = {
        "needs": [
            {"need": slug, "label": known[slug].label(lang), "certainty": certainty} for slug, certainty in hit.needs
        ],
        "words": hit.words,
        "highlight": highlight(card.text, patterns),
        "notes": notes,
    }
    return card.said + b"," + orjson.dumps(out)[1:]


def _write_short(hit: SearchHit, card: Card, moment: Moment, _patterns: Patterns, lang: str) -> bytes:
    """Write a hit of at most 400 bytes: what fits a text message and a slow network."""
    site = card.site(hit.site)
    out = {
        "service_id": hit.service_id,
        "service_name": _shorten(card.name, 80),
        "phone": _shorten(card.phone, 24) if card.phone is not None else None,
        "address": (_shorten(site.address, 50) or None) if site is not None else None,
        "city": (_shorten(site.city, 25) or None) if site is not None else None,
        "distance_m": None if hit.distance_m is None else round(hit.distance_m),
        "open": _open(site, moment, lang)["state"],
        "reached_by": hit.reached_by,
        # Whose data it is, for `sources` has its licence.
        "source": {"name": _shorten(card.source, 30)},
    }
    return orjson.dumps({key: value for key, value in out.items() if value is not None})


def _shorten(text: str, size: int) -> str:
    """Cut a text to a number of bytes as JSON writes them, quotation marks not counted."""
    while len(orjson.dumps(text)) - 2 > size:
        text = text[: min(size, len(text) - 1)]
    return text


def _open(site: Site | None, moment: Moment, lang: str) -> JSON:
    if site is None or site.hours is None:
        return {"state": "unknown", "note": _NOTES[lang]["hours"]}
    return _tell_hours(site.hours, moment.asked)


@lru_cache(maxsize=20_000)
def _tell_hours(packed: bytes, minute: datetime) -> JSON:
    # Services share timetables, and searches the minute; what is told is shared too, and changed by nobody.
    state = describe(unpack(orjson.loads(packed)), minute)
    out: JSON = {"state": state.state, "today": [list(window) for window in state.today]}
    if state.next is not None:
        out["next"] = state.next.isoformat()
    if state.until is not None:
        out["until"] = state.until.isoformat()
    return out


def write_facets(session: Session, page: SearchPage, *, lang: str) -> dict[str, list[JSON]]:
    """Write the facets with labels in the caller's language."""
    return {
        name: [
            {"value": value, "label": label, "count": count}
            for (value, count), label in zip(counts, _labels(session, name, [v for v, _ in counts], lang), strict=True)
        ]
        for name, counts in page.facets.items()
    }


def find_sources(session: Session, cards: Iterable[Card]) -> list[JSON]:
    """List where these cards came from, under which licence, and when that was last loaded."""
    names = {card.source for card in cards}
    if not names:
        return []
    rows = fetch(session, _SOURCES, sorted(names))
    return [
        {"name": name}
        | ({"licence": licence} if licence else {})
        | ({"checked": str(loaded_at)[:10]} if loaded_at else {})
        for name, licence, loaded_at in rows
    ]


def _labels(session: Session, facet: str, values: list[str], lang: str) -> list[str]:
    if facet == "need":
        known = vocabulary().needs
        return [known[value].label(lang) if value in known else value for value in values]
    if facet == "organization":
        # Its own table is mapped only where organizations are counted.
        from resource_api.directory.organization import Organization

        rows = session.execute(select(Organization.id, Organization.name).where(Organization.id.in_(values)))
        names = {row[0]: row[1] for row in rows}
        return [names.get(value, value) for value in values]
    if facet == "language":
        return [_language_name(value, lang) for value in values]
    return values


@lru_cache(maxsize=1024)
def _language_name(code: str, lang: str) -> str:
    # Babel is heavy to import, and needed only where languages are counted.
    from babel import Locale, UnknownLocaleError

    try:
        return Locale.parse(code).get_display_name(lang) or code
    except (UnknownLocaleError, ValueError):
        return code
