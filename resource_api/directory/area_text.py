"""WHICH AREA A TEXT NAMES: "Statewide", "Baltimore County, MD", "21215, 21216", read only where certain.

A part that is not understood never becomes a guess: it is reported as unsure, and the caller cannot tell.
"""

import re
from collections import defaultdict
from collections.abc import Iterable
from functools import cache

from resource_api.places import STATES, County, fold_place, state_code
from resource_api.places.zip import all_zips, counties_by_fips

ANYWHERE = "*"
Codes = frozenset[str]

_NATION = {
    "us", "usa", "u s", "u s a", "united states", "united states of america", "nationwide", "nation wide",
    "national", "nation", "countrywide", "country", "50 states", "states", "worldwide", "international",
    "global", "estados unidos", "nacional", "todo el pais", "a nivel nacional",
}  # fmt: skip
_STATEWIDE = {"statewide", "state wide", "state", "todo el estado", "a nivel estatal"}
_PARTIAL = re.compile(
    r"\b(parts?|portions?|some|select(?:ed)?|northern|southern|eastern|western|central|north|south|east|west|rural|"
    r"upper|lower)\b"
)
# Words by which an area reaches beyond the place it is named for.
_BEYOND = re.compile(
    r"\b(near(?:by)?|around|greater|metro(?:politan)?|surrounding|neighbou?ring|adjacent|areas?|regions?|regional)\b"
)
_LIMITS = re.compile(
    r"\b(except|excluding|exclud\w+|excepto|not|no|outside|other than|but|within \d+|\d+ miles?|if|unless)\b"
)
_FILLER = re.compile(
    r"\b(?:(?:all|any|the|entire|whole|only|state of|county of|city of|commonwealth of|residents?|people|"
    r"persons?|individuals|families|clients|anyone|living|who live|serves?|serving|service area|services?|"
    r"available|provided|throughout|anywhere|within|in|of|to|for|zip ?codes?|zips?|postal codes?|primarily|"
    r"mainly|residentes|de|del)\b\s*)+"
)
_NEW_YORK_CITY = ("36005", "36047", "36061", "36081", "36085")

# Cities that are whole counties; every independent city is one by its own name already.
_WHOLE_COUNTIES = {
    ("new york city", "NY"): _NEW_YORK_CITY,
    ("new york", "NY"): _NEW_YORK_CITY,
    ("nyc", "NY"): _NEW_YORK_CITY,
    ("bronx", "NY"): ("36005",),
    ("brooklyn", "NY"): ("36047",),
    ("manhattan", "NY"): ("36061",),
    ("queens", "NY"): ("36081",),
    ("staten island", "NY"): ("36085",),
    ("philadelphia", "PA"): ("42101",),
    ("san francisco", "CA"): ("06075",),
    ("denver", "CO"): ("08031",),
    ("washington", "DC"): ("11001",),
    ("new orleans", "LA"): ("22071",),
}
_UNIQUE_CITIES = {"new york city", "nyc", "brooklyn", "staten island", "san francisco", "new orleans"}
_COUNTY_WORDS = (
    " county", " parish", " borough", " census area", " municipality", " municipio", " city and borough",
)  # fmt: skip
_STATE_OR_CITY = {"new york", "washington"}
_SEPARATORS = re.compile(r"\s*(?:[,;/|\n•]|\band\b|&|\by\b|\+)\s*", re.IGNORECASE)
_ZIP = re.compile(r"(\d{5})(?:-\d{4})?")
_ZIP_RANGE = re.compile(r"(\d{5})\s*(?:-|–|to|through|thru)\s*(\d{5})")
_LONGEST = 2_000
_MOST_WORDS = 6


def read_area_text(text: str, level: str, state: str | None) -> tuple[Codes, Codes]:
    """Read a text as (codes covered for sure, codes that are unsure).

    `level` is the extent_type: `zip`, `county`, `city`, `state`, `nation` and their like say how a bare name
    is meant. `state` is a USPS code that settles what several states have.
    """
    if not text.strip():
        return frozenset(), frozenset()
    folded = fold_place(text[:_LONGEST])
    if len(text) > _LONGEST or _LIMITS.search(folded):
        return frozenset(), frozenset({ANYWHERE})
    reader = _Reader(_level(level), state)
    for part in _SEPARATORS.split(text):
        reader.read(part.strip(" .()"))
    return reader.result()


def _level(extent_type: str) -> str:
    for level, names in (
        ("zip", ("zip", "postal", "postcode")),
        ("county", ("county", "parish")),
        ("city", ("city", "town", "municipal")),
        ("state", ("state", "province")),
        ("nation", ("nation", "country")),
    ):
        if extent_type.startswith(names):
            return level
    return ""


class _Reader:
    """Reads the parts of one text in order: a state's name settles the counties and cities before it."""

    def __init__(self, level: str, state: str | None) -> None:
        self.level = level
        self.state = state
        self.codes: set[str] = set()
        self.unsure: set[str] = set()
        self.states: set[str] = set()
        self.waiting: list[tuple[str, bool]] = []

    def read(self, part: str) -> None:
        if not part:
            return
        if (zips := _read_zips(part)) and self.level != "county":
            self.codes |= zips
            return
        folded = _FILLER.sub("", fold_place(part)).strip()
        if self.level == "county" and folded in counties_by_fips():
            self.codes.add(f"US-{folded}")
        elif folded in _NATION:
            self.codes.add("US")
        elif not folded:
            return  # "residents of" and its like say nothing alone
        elif folded in _STATEWIDE:
            self._add_state(self.state)
        elif (code := _read_state(part, self.level)) is not None:
            self._bind(code)
        else:
            plural = folded.endswith((" counties", " parishes"))
            name = folded.removesuffix(" counties").removesuffix(" parishes")
            if plural:
                self.waiting = [(waiting, True) for waiting, _ in self.waiting]
            if len(name.split()) > _MOST_WORDS:
                self.unsure.add(ANYWHERE)
            else:
                self.waiting.append((name, plural or self.level == "county"))

    def result(self) -> tuple[Codes, Codes]:
        self._settle(self.state)
        return frozenset(self.codes), frozenset(self.unsure - self.codes)

    def _add_state(self, code: str | None) -> None:
        if code is None:
            self.unsure.add(ANYWHERE)
        else:
            self.codes.add(f"US-{code}")

    def _bind(self, code: str) -> None:
        """Take a state's name as that of the places before it, else as the whole state."""
        if not self.waiting:
            self.codes.add(f"US-{code}")
            return
        if any(_places(name, plural, code) for name, plural in self.waiting) or len(self.waiting) == 1:
            self._settle(code)
            return
        self._settle(None)
        self.codes.add(f"US-{code}")

    def _settle(self, state: str | None) -> None:
        known = {place.state for name, plural in self.waiting for place in _unique(name, plural)}
        state = state or (known.pop() if len(known) == 1 else None)
        for name, plural in self.waiting:
            places = _places(name, plural, state)
            if places:
                self.codes |= {f"US-{fips}" for fips in places}
            else:
                self._doubt(name, state)
        self.waiting = []

    def _doubt(self, name: str, state: str | None) -> None:
        partial = _PARTIAL.sub("", name).strip()
        within = state_code(partial) if len(partial) > 2 and partial != "washington" else None
        if _BEYOND.search(name) or (within or state) is None:
            self.unsure.add(ANYWHERE)
        else:
            self.unsure.add(f"US-{within or state}")


def _read_zips(part: str) -> set[str]:
    if matched := _ZIP_RANGE.search(part):
        low, high = matched[1], matched[2]
        if low[:2] == high[:2] and low <= high:
            return {f"Z{code}" for code in all_zips() if low <= code <= high}
        return set()
    folded = _FILLER.sub("", part.lower()).strip(" :.")
    found = _ZIP.findall(folded)
    rest = _ZIP.sub("", folded).strip()
    return {f"Z{code}" for code in found} if found and not rest else set()


def _read_state(part: str, level: str) -> str | None:
    plain = _FILLER.sub("", fold_place(part.replace(".", ""))).strip().removesuffix(" statewide")
    named_state = plain.removesuffix(" state")
    if named_state in _STATE_OR_CITY and level != "state" and named_state == plain:
        return None
    if len(named_state) == 2 and not re.search(rf"\b{named_state.upper()}\b", part.replace(".", "")):
        return None  # "in", "or" and "me" are words before they are states
    code = state_code(named_state)
    return code if code in STATES else None


def _places(name: str, plural: bool, state: str | None) -> tuple[str, ...]:
    """List the counties that a name means: in one state, or in the only state that has it."""
    whole = name.removesuffix(" city")
    for city in (name, whole):
        if state is not None and (city, state) in _WHOLE_COUNTIES and not plural:
            return _WHOLE_COUNTIES[city, state]
        if state is None and city in _UNIQUE_CITIES:
            return next(fips for (known, _), fips in _WHOLE_COUNTIES.items() if known == city)
    found = _named(name, plural)
    if state is not None:
        found = [county for county in found if county.state == state]
        if not found and not plural:
            # "Richmond, VA" is the independent city, not the county of that name.
            independent = _named(f"{name} city", False)
            found = [c for c in independent if c.state == state and c.name.endswith(" city")]
    return (found[0].fips,) if len(found) == 1 else ()


def _unique(name: str, plural: bool) -> Iterable[County]:
    found = _named(name, plural)
    return found if len(found) == 1 else ()


def _named(name: str, plural: bool) -> list[County]:
    exact = _counties().get(name, [])
    if exact or not plural:
        return exact
    return [county for word in _COUNTY_WORDS for county in _counties().get(f"{name}{word}", [])]


@cache
def _counties() -> dict[str, list[County]]:
    found: dict[str, list[County]] = defaultdict(list)
    for county in counties_by_fips().values():
        found[fold_place(county.name)].append(county)
    return dict(found)
