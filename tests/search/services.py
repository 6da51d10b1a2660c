"""Rendered services to search among, made in one line each."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any
from uuid import NAMESPACE_URL, uuid5

import orjson
from sqlalchemy import insert
from sqlalchemy.orm import Session

from resource_api.database import Database
from resource_api.directory.card import write_card
from resource_api.directory.document import Document
from resource_api.places import fold_place
from resource_api.search.document import search_document
from resource_api.search.index import SearchIndex
from resource_api.search.tables import Town
from resource_api.wiring import make_index
from tests.databases import SQLITE, Kind, drop_database, empty_database, url_of

JSON = dict[str, Any]


@dataclass
class On:
    """The kind of database that is searched in."""

    kind: Kind = SQLITE


on = On()

TODAY = date(2026, 11, 24)
NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)

HOME = (39.3449, -76.6847)
ONE_MILE_NORTH = (39.3594, -76.6847)
TEN_MILES_NORTH = (39.4898, -76.6847)
FAR_AWAY = (41.8781, -87.6298)

WEEKDAYS_NINE_TO_FIVE = {
    "freq": "WEEKLY",
    "byday": "MO,TU,WE,TH,FR",
    "opens_at": "09:00",
    "closes_at": "17:00",
    "timezone_name": "America/New_York",
}


def uuid(name: str) -> str:
    return str(uuid5(NAMESPACE_URL, name))


def make_site(point: tuple[float, float] | None, **location: Any) -> JSON:
    if point is not None:
        location |= {"latitude": point[0], "longitude": point[1]}
    schedules = location.pop("schedules", None)
    own: JSON = {"location": {"id": uuid("location"), "location_type": "physical"} | location}
    return own | ({"schedules": schedules} if schedules else {})


def make_service(name: str, *, at: tuple[float, float] | None = HOME, **fields: Any) -> JSON:
    needs = [
        {"need": slug, "certainty": certainty, "confidence": {"given": 9, "term": 9, "name": 8, "words": 4}[certainty]}
        for slug, certainty in fields.pop("needs", {"food-pantry": "term"}).items()
    ]
    sites = fields.pop("sites", None)
    if sites is None:
        sites = [] if at is None else [make_site(at)]
    for number, site in enumerate(sites):
        site.setdefault("id", uuid(f"{name} {number}"))
    organization = fields.pop("organization", "An Organization")
    return {
        "id": uuid(name),
        "name": name,
        "status": "active",
        "organization_id": uuid(organization),
        "organization": {"id": uuid(organization), "name": organization},
        "needs": needs,
        "source": {"name": "test"},
        "service_at_locations": sites,
    } | fields


def put(session: Session, index: SearchIndex, *services: JSON) -> None:
    """Store services and their cards, as a publication would."""
    if not services:
        return
    cards = {service["id"]: write_card(service, today=TODAY) for service in services}
    rows = [
        {
            "kind": kind,
            "id": body.get("service_id", body.get("id")),
            "organization_id": None,
            "body": orjson.dumps(body),
            "brief": b"{}",
            "etag": "",
            "version": 1,
            "modified_at": NOW,
        }
        for service in services
        for kind, body in (("service", service), ("card", cards[service["id"]]))
    ]
    session.execute(insert(Document), rows)
    index.put(session, [search_document(s, cards[s["id"]], updated_at=NOW.timestamp()) for s in services])


@contextmanager
def searching(path: Path, *services: JSON) -> Iterator[tuple[Session, SearchIndex]]:
    """Open a database in which these services can be searched."""
    path.mkdir(parents=True, exist_ok=True)
    file = path / "search.db"
    if on.kind is SQLITE:
        file.write_bytes(empty_database())
    else:
        file = on.kind.new(file)
    database = Database(url_of(file))
    index = make_index(database)
    with database.write() as session:
        put(session, index, *services)
        yield session, index
    database.close()
    drop_database(file)


TOWNS = (
    ("Baltimore", "MD", 39.2904, -76.6122, 585_000),
    ("Towson", "MD", 39.4015, -76.6019, 55_000),
    ("Chicago", "IL", 41.8781, -87.6298, 2_700_000),
    ("Springfield", "MO", 37.2153, -93.2982, 169_000),
    ("Springfield", "IL", 39.7990, -89.6440, 114_000),
    ("Washington", "DC", 38.8951, -77.0364, 600_000),
)


def add_towns(session: Session) -> None:
    """Fill the gazetteer with a few towns: the whole one takes a second to read."""
    session.add_all(
        Town(folded=fold_place(name), name=name, state=state, latitude=lat, longitude=lon, population=population)
        for name, state, lat, lon, population in TOWNS
    )
    session.flush()
