"""Services and queries by chance, always the same: every kind of service that the embedded index tells apart."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from random import Random
from typing import Any
from zoneinfo import ZoneInfo

from resource_api.needs import vocabulary
from resource_api.places import Point
from resource_api.search.ask import ask_for, ask_for_any
from resource_api.search.place import place_at
from resource_api.search.query import FACETS, Asked, SearchQuery, Word
from resource_api.words import query_forms
from tests.search.services import FAR_AWAY, HOME, JSON, make_service, make_site, uuid

EASTERN = ZoneInfo("America/New_York")
WEEKS = ("MO,TU,WE,TH,FR", "SA,SU", "MO", "FR,SA", "MO,TU,WE,TH,FR,SA,SU")
HOURS = (("09:00", "17:00"), ("22:00", "06:00"), ("00:00", "24:00"), ("18:00", "23:30"), ("08:00", "12:00"))
ZONES = ("America/New_York", "America/Los_Angeles", "UTC+05:30", "Pacific/Auckland")
STAGES = ("pregnant", "postpartum", "infant", "child", "teen", "older-adult")
LANGUAGES = ("en", "es", "fr", "am")
CAPACITIES = ("capacity", "no-capacity", "waitlist", "additional-assessment-required")
NAMES = ("Food pantry", "Diaper bank", "Home visiting for young mothers", "Clinic", "Crib and car seat closet")
TEXTS = ("", "We give away formula, diapers and baby food.", "Legal help with rent and eviction.", "Rides to visits.")
REMARKS = ("Wheelchair access", "Sign language *by* appointment?", "")
QUESTIONS = (
    "food", "diapers", "help with rent", "baby food", "crib", "legal aid eviction", "passport photos", "wic",
    "somewhere to sleep tonight with my baby", "clínica", "spanish speaking doula", "job training for veterans",
    "st vincent de paul", "ride to prenatal visit", "young mothers home", "mental health", "no such thing at all",
    "free clothes for kids", "domestic violence shelter", "dentist", "car seat closet",
)  # fmt: skip


def generate_services(count: int, seed: int = 3) -> Iterator[JSON]:
    """Make services of every kind."""
    chance = Random(seed)
    for number in range(count):
        yield _generate_service(chance, number)


def _generate_service(chance: Random, number: int) -> JSON:
    fields: JSON = {
        "description": chance.choice(TEXTS),
        "sites": [_site(chance) for _ in range(chance.choice((0, 1, 1, 2, 4)))],
    }
    slugs = sorted(vocabulary().needs)
    fields["needs"] = {
        chance.choice(slugs): chance.choice(("given", "term", "name", "words")) for _ in range(chance.randint(0, 4))
    }
    maybe: dict[str, Any] = {
        "accepts_referrals": chance.choice(("yes", "no")),
        "capacity_status": chance.choice(CAPACITIES),
        "minimum_age": chance.choice((0, 5, 18)),
        "maximum_age_months": chance.choice((12, 36, 216)),
        "life_stages": chance.sample(STAGES, 2),
        "languages": [{"id": uuid(f"l{number}"), "code": chance.choice(LANGUAGES)}],
        "fees_description": chance.choice(("Free", "$20 per visit", "None")),
        "assured_date": f"202{chance.randint(1, 6)}-0{chance.randint(1, 9)}-15",
        "service_areas": [_area(chance, number)],
        "schedules": [_schedule(chance)],
    }
    fields |= {name: value for name, value in maybe.items() if chance.random() < 0.4}
    name = f"{chance.choice(NAMES)} {number % 97}"
    return make_service(name, **fields) | {
        "id": uuid(f"generated {number}"),
        "organization_id": uuid(f"o{number % 40}"),
    }


def _site(chance: Random) -> JSON:
    kind = chance.random()
    if kind < 0.1:
        return {"id": _id(chance)} | make_site(None, location_type="virtual")
    if kind < 0.2:
        return {"id": _id(chance)} | make_site(None, schedules=[_schedule(chance)])
    point = FAR_AWAY if kind < 0.3 else (HOME[0] + chance.gauss(0, 0.2), HOME[1] + chance.gauss(0, 0.2))
    location: JSON = {"city": chance.choice(("Baltimore", "Towson", "Dundalk"))}
    if chance.random() < 0.2:
        location["accessibility"] = [{"id": _id(chance), "description": chance.choice(REMARKS)}]
    if chance.random() < 0.6:
        location["schedules"] = [_schedule(chance) for _ in range(chance.choice((1, 1, 2)))]
    return {"id": _id(chance)} | make_site(point, **location)


def _schedule(chance: Random) -> JSON:
    opens, closes = chance.choice(HOURS)
    schedule: JSON = {"freq": "WEEKLY", "byday": chance.choice(WEEKS), "opens_at": opens, "closes_at": closes}
    schedule["timezone_name"] = chance.choice(ZONES)
    if chance.random() < 0.2:
        schedule |= {"freq": "MONTHLY", "byday": "1TU,3TH"}
    elif chance.random() < 0.2:
        schedule |= {"valid_from": "2026-11-25", "valid_to": "2026-12-24"}
    return schedule


def _area(chance: Random, number: int) -> JSON:
    lat, lon = HOME[0] + chance.gauss(0, 0.3), HOME[1] + chance.gauss(0, 0.3)
    ring = [[lon - 0.2, lat - 0.2], [lon + 0.2, lat - 0.2], [lon, lat + 0.3], [lon - 0.2, lat - 0.2]]
    kind, extent = chance.choice(
        (
            ("state", "MD"), ("state", "IL"), ("nation", "US"), ("zip", "21215"), ("county", "24005"),
            ("geojson", f'{{"type":"Polygon","coordinates":[{ring}]}}'),
        )
    )  # fmt: skip
    return {"id": uuid(f"a{number}"), "extent_type": kind, "extent": extent, "name": extent[:20]}


def _id(chance: Random) -> str:
    return uuid(str(chance.random()))


def generate_queries(count: int, organizations: list[str], terms: list[str], seed: int = 11) -> Iterator[SearchQuery]:
    """Make queries that mix every parameter; questions are left to `read_question` by whoever asks."""
    chance = Random(seed)
    for _ in range(count):
        yield _generate_query(chance, organizations, terms)


def _generate_query(chance: Random, organizations: list[str], terms: list[str]) -> SearchQuery:
    slugs = sorted(vocabulary().needs)
    fields: dict[str, Any] = {"facets": tuple(chance.sample(FACETS, chance.randint(0, len(FACETS))))}
    kind = chance.random()
    if kind < 0.45:
        fields["q"] = chance.choice(QUESTIONS)
    elif kind < 0.7:
        fields["needs"] = tuple(ask_for(chance.choice(slugs)) for _ in range(chance.choice((1, 1, 1, 2))))
    elif kind < 0.75:
        fields["needs"] = (ask_for_any([(chance.choice(slugs), 1.0), (chance.choice(slugs), 0.5)]),)
    elif kind < 0.85:
        words = chance.sample(("food", "baby", "church", "health", "center", "family", "young", "closet"), 2)
        read = tuple(Word(word, query_forms(word)) for word in words)
        fields["asked"] = Asked(essential=read[: chance.choice((1, 2))], context=read[1:])
    if chance.random() < 0.7:
        point = Point(HOME[0] + chance.gauss(0, 0.1), HOME[1] + chance.gauss(0, 0.1))
        fields["place"] = place_at(point, "somewhere")
        fields["within_m"] = chance.choice((2_000.0, 8_000.0, 40_233.6, 160_934.4, 4_000_000.0))
    maybe: dict[str, Any] = {
        "open_at": datetime(2026, 11, 26, tzinfo=EASTERN) + timedelta(minutes=chance.randint(0, 60 * 24 * 40)),
        "age_months": float(chance.choice((0, 6, 24, 30, 200, 500))),
        "life_stage": chance.choice(STAGES),
        "language": chance.choice(LANGUAGES),
        "accessibility": chance.choice(("wheelchair", "*by*", "t?")),
        "free": chance.random() < 0.7,
        "remote": chance.random() < 0.4,
        "accepts_referrals": chance.random() < 0.7,
        "capacity": chance.choice(CAPACITIES),
        "organization_id": chance.choice(organizations),
        "taxonomy_term_id": chance.choice(terms),
        "updated_after": datetime(2026, chance.randint(1, 12), 1, tzinfo=EASTERN),
    }
    rare = ("organization_id", "taxonomy_term_id", "remote")
    fields |= {name: v for name, v in maybe.items() if chance.random() < (0.04 if name in rare else 0.15)}
    sorts = ("best", "best", "name", "updated", *(("distance", "distance") if "place" in fields else ()))
    return SearchQuery(**fields, sort=chance.choice(sorts))
