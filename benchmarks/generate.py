"""A COUNTRY OF SERVICES, made up and always the same: the input of every benchmark that needs many.

Of each service: 70 % in sixty metros by population, 30 % anywhere (gazetteer.py); 1-3 needs by taxonomy terms, named
as in `needs/vocabulary.toml`; 1 site (78 %) to 4 (4 %), 5 % also virtual; weekly hours on 60 %, ages on 25 %,
languages on 45 %, a fee text on 50 %, service areas on 30 % (county, state, ZIPs, nation), capacity on 8 %, whether
referrals are taken on 10 %, life stages on 10 %, an assured date on 80 %; one to eight services an organization. The
N first of a larger country are the smaller country, so sizes can be compared.

Services come as HSDS JSON, nested as they are served; package.py writes the same ones as HSDS's tables.
"""

from collections.abc import Iterator
from datetime import date, timedelta
from functools import lru_cache
from itertools import islice
from random import Random
from typing import Any
from uuid import NAMESPACE_URL, UUID, uuid5

from benchmarks.gazetteer import Home, choose_zip, home
from benchmarks.wording import (
    SEED,
    Offer,
    choose_offers,
    write_description,
    write_organization_name,
    write_service_name,
)
from resource_api.places import county_of_zip

JSON = dict[str, Any]

AS_OF = date(2026, 11, 24)
SOURCE = "benchmark"
TAXONOMY_ID = str(uuid5(NAMESPACE_URL, "benchmark:taxonomy"))

_SERVICES = (1, 1, 1, 2, 2, 3, 4, 8)
_WEEKS = ("MO,TU,WE,TH,FR", "MO,TU,WE,TH,FR", "MO,WE,FR", "TU,TH", "SA", "MO,TU,WE,TH,FR,SA", "TU,WE,TH", "SU,WE")
_HOURS = (("09:00", "17:00"), ("08:30", "16:30"), ("08:00", "20:00"), ("10:00", "14:00"), ("18:00", "20:30"))
_FEES = ("Free", "None", "No charge", "Sliding scale by income", "$20 co-pay", "Medicaid and insurance accepted")
_LANGUAGES = (("en", "English"), ("es", "Spanish"), ("fr", "French"), ("zh", "Chinese"), ("ar", "Arabic"))
_AGES = ((0, 5), (0, 18), (18, None), (12, 24), (60, None), (18, 64), (0, 1))
_STAGES = (["pregnant"], ["infant"], ["pregnant", "postpartum"], ["child"], ["older-adult"], ["teen"])
_CAPACITIES = ("capacity", "no-capacity", "waitlist", "additional-assessment-required")


def generate_services(count: int) -> Iterator[JSON]:
    """Yield the first `count` services of the country."""
    return islice(_endless(), count)


def generate_organization(number: int) -> list[JSON]:
    """Generate the services of one organization, by its number."""
    rng = Random(SEED * 1_000_003 + number)
    at = home(choose_zip(rng))
    organization: JSON = {
        "id": _id(rng),
        "name": write_organization_name(rng, at.city),
        "description": "An organization of the benchmark's country.",
        "website": f"https://o{number}.example.org",
        "phones": [_write_phone(rng)],
    }
    organization["phones"][0]["organization_id"] = organization["id"]
    return [_generate_service(rng, organization, at) for _ in range(rng.choice(_SERVICES))]


@lru_cache(maxsize=4096)
def term_id(name: str) -> str:
    """Get the id of a taxonomy term."""
    return str(uuid5(NAMESPACE_URL, f"benchmark:{name}"))


def _endless() -> Iterator[JSON]:
    number = 0
    while True:
        yield from generate_organization(number)
        number += 1


def _generate_service(rng: Random, organization: JSON, at: Home) -> JSON:
    chosen = choose_offers(rng, rng.choice((1, 1, 2, 2, 3)))
    service: JSON = {
        "id": _id(rng),
        "organization_id": organization["id"],
        "name": write_service_name(rng, chosen),
        "description": write_description(rng, chosen),
        "status": "active",
        "source": {"name": SOURCE},
        "organization": organization,
    }
    service["attributes"] = [_write_attribute(rng, service["id"], offer) for offer in chosen]
    if rng.random() < 0.80:
        service["assured_date"] = (AS_OF - timedelta(days=rng.randrange(1_460))).isoformat()
    if rng.random() < 0.50:
        service["fees_description"] = rng.choice(_FEES)
    if rng.random() < 0.25:
        low, high = rng.choice(_AGES)
        service |= {"minimum_age": low} if high is None else {"minimum_age": low, "maximum_age": high}
    if rng.random() < 0.10:
        service["accepts_referrals"] = rng.choice(("yes", "no"))
    if rng.random() < 0.08:
        service["capacity_status"] = rng.choice(_CAPACITIES)
    if rng.random() < 0.10:
        service["life_stages"] = rng.choice(_STAGES)
    if rng.random() < 0.60:
        opens, closes = rng.choice(_HOURS)
        service["schedules"] = [
            {"id": _id(rng), "freq": "WEEKLY", "byday": rng.choice(_WEEKS), "opens_at": opens, "closes_at": closes}
        ]
    if rng.random() < 0.45:
        some = _LANGUAGES[: 1 + (rng.random() < 0.6)] + ((rng.choice(_LANGUAGES[2:]),) if rng.random() < 0.15 else ())
        service["languages"] = [{"id": _id(rng), "code": code, "name": name} for code, name in some]
    if rng.random() < 0.30:
        service["service_areas"] = [_write_area(rng, at)]
    if rng.random() < 0.60:
        service["phones"] = [_write_phone(rng)]
    service["service_at_locations"] = _write_sites(rng, service["id"], at)
    return service


def _write_attribute(rng: Random, service_id: str, offer: Offer) -> JSON:
    name = rng.choice(offer.terms)
    term = {"id": term_id(name), "name": name, "taxonomy_id": TAXONOMY_ID}
    return {"id": _id(rng), "link_id": service_id, "link_entity": "service", "taxonomy_term": term}


def _write_area(rng: Random, at: Home) -> JSON:
    draw = rng.random()
    county = county_of_zip(at.zip5)
    if draw < 0.55 and county is not None:
        extent = (f"{county.name}, {county.state}", "county")
    elif draw < 0.85:
        extent = (at.state, "state")
    elif draw < 0.97:
        extent = (at.zip5, "postcode")
    else:
        extent = ("United States", "country")
    return {"id": _id(rng), "name": extent[0], "extent": extent[0], "extent_type": extent[1]}


def _write_sites(rng: Random, service_id: str, at: Home) -> list[JSON]:
    draw = rng.random()
    count = 1 if draw < 0.78 else 2 if draw < 0.90 else 3 if draw < 0.96 else 4
    sites = [
        {"id": _id(rng), "service_id": service_id, "location": _write_location(rng, at, first=number == 0)}
        for number in range(count)
    ]
    if rng.random() < 0.05:
        virtual = {"id": _id(rng), "location_type": "virtual", "name": "Online"}
        sites.append({"id": _id(rng), "service_id": service_id, "location": virtual})
    return sites


def _write_location(rng: Random, at: Home, *, first: bool) -> JSON:
    # Further sites stand within the same town or the next.
    spread = 0.008 if first else 0.05
    latitude = round(at.point.latitude + rng.gauss(0, spread), 6)
    longitude = round(at.point.longitude + rng.gauss(0, spread), 6)
    address = {
        "id": _id(rng),
        "address_1": f"{rng.randrange(1, 9999)} {rng.choice(('Main', 'Oak', 'Park', 'Lake', 'Second'))} Street",
        "city": at.city,
        "state_province": at.state,
        "postal_code": at.zip5,
        "country": "US",
        "address_type": "physical",
    }
    return {
        "id": _id(rng),
        "location_type": "physical",
        "name": f"{at.city} site {rng.randrange(1, 99)}",
        "latitude": latitude,
        "longitude": longitude,
        "addresses": [address],
    }


def _write_phone(rng: Random) -> JSON:
    number = f"{rng.randrange(201, 989)}-555-{rng.randrange(100, 200):04}"
    return {"id": _id(rng), "number": number, "type": "voice"}


def _id(rng: Random) -> str:
    return str(UUID(int=rng.getrandbits(128), version=4))
