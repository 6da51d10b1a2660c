"""WHAT IS ANSWERED: hits made of the index's findings and the stored cards, in the caller's language."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

import orjson
from sqlalchemy import select
from sqlalchemy.orm import Session

from resource_api.database import fetch, is_sqlite
from resource_api.directory.hours import describe, unpack
from resource_api.needs import vocabulary
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


_AVAILABILITY = ("accepts_referrals", "capacity_status", "availability_until", "availability_note")

_CARDS = "SELECT id, body FROM document WHERE kind = 'card' AND deleted_at IS NULL AND id IN :ids"
# One row of text: SQLite's driver hands over the interpreter once, not for each card.
_CARDS_AS_ONE = _CARDS.replace("id, body", "'[' || coalesce(group_concat(CAST(body AS text)), '') || ']'")
_SOURCES = "SELECT name, licence, loaded_at FROM source WHERE name IN :ids ORDER BY name"


@dataclass(frozen=True, slots=True)
class Moment:
    """When it is, and the minute whose hours are asked for."""

    now: datetime
    asked: datetime


def write_hits(session: Session, query: SearchQuery, page: SearchPage, *, lang: str, short: bool) -> list[JSON]:
    """Write the hits of a page; a service that has just gone is left out."""
    cards = read_cards(session, [hit.service_id for hit in page.hits])
    now = datetime.now(UTC)
    # Hours are told in whole minutes.
    moment = Moment(now, (query.open_at or now).replace(second=0, microsecond=0))
    asked = (*query.asked.words, *query.asked.essential, *query.asked.context)
    patterns = highlight_patterns(tuple(word.text for word in asked), query.need_slugs)
    write = _write_short if short else _write_hit
    return [write(hit, cards[hit.service_id], moment, patterns, lang) for hit in page.hits if hit.service_id in cards]


def read_cards(session: Session, service_ids: list[str]) -> dict[str, JSON]:
    """Read the cards of services, by id; the gone ones are missing."""
    if not is_sqlite(session):
        return {service: orjson.loads(body) for service, body in fetch(session, _CARDS, service_ids)}
    cards: list[JSON] = orjson.loads(fetch(session, _CARDS_AS_ONE, service_ids)[0][0])
    return {card["service_id"]: card for card in cards}


def _write_hit(hit: SearchHit, card: JSON, moment: Moment, patterns: Patterns, lang: str) -> JSON:
    site = _site(hit, card)
    location = site.get("location")
    notes = [_NOTES[lang][name] for name in hit.unknown if name in _NOTES[lang]]
    if hit.distance_m is not None and location is not None and "latitude" not in location:
        notes.append(_NOTES[lang]["approximate"])
    known = vocabulary().needs
    out = {
        "service_id": hit.service_id,
        "service_name": card["service_name"],
        "organization_id": card["organization_id"],
        "organization_name": card.get("organization_name"),
        "service_at_location_id": site.get("service_at_location_id"),
        "location": location,
        "distance_m": None if hit.distance_m is None else round(hit.distance_m),
        "reached_by": hit.reached_by,
        "other_sites": max(0, len(card.get("sites", ())) - 1),
        "open": _open(site, moment, lang),
        "phones": card.get("phones", []),
        "languages": card.get("languages", []),
        "cost": _present(card["cost"]),
        "eligibility": _present(card["eligibility"]),
        **_availability(card, moment.now),
        "alert": card.get("alert"),
        "url": card.get("url"),
        "score": round(hit.score, 4),
        "why": {
            "needs": [
                {"need": slug, "label": known[slug].label(lang), "certainty": certainty}
                for slug, certainty in hit.needs
            ],
            "words": list(hit.words),
            "highlight": highlight(card.get("text", ""), patterns),
            "notes": notes,
        },
        "assured_date": card.get("assured_date"),
        "source": card["source"],
        "href": f"/services/{hit.service_id}",
    }
    return {key: value for key, value in out.items() if value is not None}


def _write_short(hit: SearchHit, card: JSON, moment: Moment, _patterns: Patterns, lang: str) -> JSON:
    """Write a hit of at most 400 bytes: what fits a text message and a slow network."""
    site = _site(hit, card)
    location = site.get("location", {})
    phones = card.get("phones", ())
    out = {
        "service_id": hit.service_id,
        "service_name": _shorten(card["service_name"], 80),
        "phone": _shorten(phones[0]["number"], 24) if phones else None,
        "address": _shorten(location.get("address", ""), 50) or None,
        "city": _shorten(location.get("city", ""), 25) or None,
        "distance_m": None if hit.distance_m is None else round(hit.distance_m),
        "open": _open(site, moment, lang)["state"],
        "reached_by": hit.reached_by,
        # Whose data it is, for `sources` has its licence.
        "source": {"name": _shorten(card["source"]["name"], 30)},
    }
    return {key: value for key, value in out.items() if value is not None}


def _shorten(text: str, size: int) -> str:
    """Cut a text to a number of bytes as JSON writes them, quotation marks not counted."""
    while len(orjson.dumps(text)) - 2 > size:
        text = text[: min(size, len(text) - 1)]
    return text


def _site(hit: SearchHit, card: JSON) -> JSON:
    sites: list[JSON] = card.get("sites", [])
    chosen = next((site for site in sites if site["service_at_location_id"] == hit.site), None)
    return chosen or (sites[0] if sites else {})


def _open(site: JSON, moment: Moment, lang: str) -> JSON:
    if "hours" not in site:
        return {"state": "unknown", "note": _NOTES[lang]["hours"]}
    return _tell_hours(orjson.dumps(site["hours"]), moment.asked)


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


def _availability(card: JSON, now: datetime) -> JSON:
    """Tell whether people are taken; nothing is known of it any more where its time is over."""
    until = card.get("availability_until")
    if until is not None and datetime.fromisoformat(until) <= now:
        return {}
    return {name: card[name] for name in _AVAILABILITY if name in card}


def _present(values: Mapping[str, Any]) -> JSON:
    return {key: value for key, value in values.items() if value is not None}


def write_facets(session: Session, page: SearchPage, *, lang: str) -> dict[str, list[JSON]]:
    """Write the facets with labels in the caller's language."""
    return {
        name: [
            {"value": value, "label": label, "count": count}
            for (value, count), label in zip(counts, _labels(session, name, [v for v, _ in counts], lang), strict=True)
        ]
        for name, counts in page.facets.items()
    }


def find_sources(session: Session, hits: list[JSON]) -> list[JSON]:
    """List where these hits came from, under which licence, and when that was last loaded."""
    names = {hit["source"]["name"] for hit in hits if "source" in hit}
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
