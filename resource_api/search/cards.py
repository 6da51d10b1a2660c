"""WHAT HITS SAY WHOEVER ASKS: the cards of services, taken apart once and kept by the number of their row.

A row's number is never given again, and a card that changes gives its service another row: hence what is kept under a
number is true for ever, as in `columns.py`.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from weakref import WeakKeyDictionary

import orjson
from sqlalchemy.orm import Session

from resource_api.database import fetch, is_sqlite, only_reads
from resource_api.search.query import SearchHit

JSON = dict[str, Any]

# About 2.4 KiB each: 95 MiB in each process at most.
MOST_KEPT = 40_000
_CARDS = "SELECT id, body FROM document WHERE kind = 'card' AND deleted_at IS NULL AND id IN :ids"
# One row of text: SQLite's driver hands over the interpreter once, not for each card.
_CARDS_AS_ONE = _CARDS.replace("id, body", "'[' || coalesce(group_concat(CAST(body AS text)), '') || ']'")
_SAID = ("service_name", "organization_id", "organization_name", "alert", "url", "assured_date", "source")
_AVAILABILITY = ("accepts_referrals", "capacity_status", "availability_until", "availability_note")

_kept: "WeakKeyDictionary[Any, dict[int, Card]]" = WeakKeyDictionary()


@dataclass(frozen=True, slots=True)
class Site:
    """Where a service is given: its location as JSON, whether that has a point, and its hours, packed."""

    id: str
    location: bytes | None
    located: bool
    address: str
    city: str
    hours: bytes | None


@dataclass(frozen=True, slots=True)
class Card:
    """A service's card: what every hit says of it, as JSON without its last brace, and what depends on who asks.

    `passing` holds until `until`, where that is known.
    """

    said: bytes
    name: str
    phone: str | None
    source: str
    passing: JSON
    until: datetime | None
    text: str
    sites: tuple[Site, ...]

    @classmethod
    def of(cls, card: JSON) -> "Card":
        """Take a card apart."""
        phones, until, text = card.get("phones", []), card.get("availability_until"), card.get("text", "")
        sites = tuple(_read_site(site) for site in card.get("sites", ()))
        availability = {name: card[name] for name in _AVAILABILITY if name in card}
        said = {
            "service_id": card["service_id"],
            **{name: card[name] for name in _SAID if name in card},
            "other_sites": max(0, len(sites) - 1),
            "phones": phones,
            "languages": card.get("languages", []),
            "cost": _present(card["cost"]),
            "eligibility": _present(card["eligibility"]),
            **({} if until else availability),
            "href": f"/services/{card['service_id']}",
        }
        return cls(
            said=orjson.dumps(said)[:-1],
            name=card["service_name"],
            phone=phones[0]["number"] if phones else None,
            source=card["source"]["name"],
            passing=availability if until else {},
            until=datetime.fromisoformat(until) if until else None,
            text=text,
            sites=sites,
        )

    def site(self, id: str | None) -> Site | None:
        """Get the site by which a hit reaches the caller; the first where it names none that is here."""
        for site in self.sites:
            if site.id == id:
                return site
        return self.sites[0] if self.sites else None

    def availability(self, now: datetime) -> JSON:
        """Tell what is known of it that passes; nothing any more where its time is over."""
        return self.passing if self.until is not None and self.until > now else {}


def find_cards(session: Session, hits: Iterable[SearchHit]) -> dict[str, Card]:
    """Find the cards of hits, by service; the gone ones are missing."""
    # A writer may still take back what only it can see: nothing is kept of that.
    kept = _kept.setdefault(session.get_bind(), {}) if only_reads(session) else {}
    found: dict[str, Card] = {}
    missing: dict[str, int] = {}
    for hit in hits:
        card = kept.get(hit.number)
        if card is None:
            missing[hit.service_id] = hit.number
        else:
            found[hit.service_id] = card
    if missing:
        if len(kept) + len(missing) > MOST_KEPT:
            for number in list(kept)[: MOST_KEPT // 2]:  # those that were met first
                kept.pop(number, None)
        for service, stored in read_cards(session, list(missing)).items():
            found[service] = kept[missing[service]] = Card.of(stored)
    return found


def read_cards(session: Session, service_ids: list[str]) -> dict[str, JSON]:
    """Read the cards of services as they are stored, by id; the gone ones are missing."""
    if not is_sqlite(session):
        return {service: orjson.loads(body) for service, body in fetch(session, _CARDS, service_ids)}
    cards: list[JSON] = orjson.loads(fetch(session, _CARDS_AS_ONE, service_ids)[0][0])
    return {card["service_id"]: card for card in cards}


def _read_site(site: JSON) -> Site:
    location: JSON | None = site.get("location")
    where: JSON = location or {}
    return Site(
        id=site["service_at_location_id"],
        location=None if location is None else orjson.dumps(location),
        located="latitude" in where,
        address=where.get("address", ""),
        city=where.get("city", ""),
        hours=orjson.dumps(site["hours"]) if "hours" in site else None,
    )


def _present(values: Mapping[str, Any]) -> JSON:
    return {key: value for key, value in values.items() if value is not None}
