"""What place and what distance did someone mean who typed "21215", "Baltimore, MD" or "10 miles"?

Reading only: whether the city exists, and where a ZIP lies, is for whoever asks next.
"""

import math
import re
from dataclasses import dataclass

from resource_api.places.city import STATES, fold_place, state_code
from resource_api.places.point import Point
from resource_api.places.zip import read_zip

_NUMBER = r"[+-]?(?:\d+\.?\d*|\.\d+)"
_COORDINATES = re.compile(rf"\(?\s*({_NUMBER})\s*(?:[,;]\s*|\s)\s*({_NUMBER})\s*\)?")
_ZIP_AT_END = re.compile(r"\W(\d{5})(?:-\d{4})?$")
_COUNTRY_AT_END = re.compile(r"[ ,]+(?:usa|u\.s\.(?:a\.)?|united states(?: of america)?)$", re.IGNORECASE)
_DISTANCE = re.compile(r"(\d+\.?\d*|\.\d+)\s*([a-z]*)\.?")
_METRES = {
    **dict.fromkeys(("", "mi", "mile", "miles", "milla", "millas"), 1609.344),
    **dict.fromkeys(("km", "kilometer", "kilometers", "kilometre", "kilometres", "kilometros"), 1000.0),
    **dict.fromkeys(("m", "meter", "meters", "metre", "metres", "metros"), 1.0),
}
_LONGEST = 200
_FARTHEST_M = 20_000_000.0  # nothing on earth is farther
_SAY = 'give a ZIP code (21215), a point (39.34,-76.68) or a city and state ("Baltimore, MD")'

# States that are also cities so large that whoever gives only the name means the city.
_CITIES_NAMED_AS_STATES = frozenset({"new york", "washington"})


class PlaceNotUnderstood(ValueError):
    """What was typed names no place; the message says what would be right."""


@dataclass(frozen=True, slots=True)
class ZipPlace:
    """A well-formed ZIP code of five digits, which need not exist."""

    zip5: str


@dataclass(frozen=True, slots=True)
class PointPlace:
    """A point that was given as such."""

    point: Point


@dataclass(frozen=True, slots=True)
class CityPlace:
    """A city as typed (compare with fold_place) and the USPS code of its state, if one was named."""

    city: str
    state: str | None


def read_place(text: str) -> ZipPlace | PointPlace | CityPlace:
    """Read a place as people type it. Raises PlaceNotUnderstood."""
    if len(text) > _LONGEST:
        raise PlaceNotUnderstood(f"this is too long for a place: {_SAY}")
    text = _COUNTRY_AT_END.sub("", " ".join(text.split()))
    if zip5 := read_zip(text):
        return ZipPlace(zip5)
    if pair := _COORDINATES.fullmatch(text):
        return PointPlace(_read_point(float(pair[1]), float(pair[2])))
    if not any(c.isalpha() for c in text):
        what = "a ZIP code has five digits" if text.isdigit() else "this is not a place"
        raise PlaceNotUnderstood(f"{what}: {_SAY}")
    if address := _ZIP_AT_END.search(text):
        return ZipPlace(address[1])
    return _read_city(text)


def read_distance(text: str) -> float:
    """Read "10mi", "15 km", "800m" or "5" (miles) as metres. Raises ValueError saying what would be right."""
    matched = _DISTANCE.fullmatch(text.strip().lower())
    unit = _METRES.get(matched[2]) if matched else None
    if matched is None or unit is None:
        raise ValueError(f'{text!r} is not a distance: give a number and mi, km or m, such as "10mi"')
    metres = float(matched[1]) * unit
    if not (math.isfinite(metres) and 0 < metres <= _FARTHEST_M):
        raise ValueError(f'{text!r} is not above 0 and at most 20,000 km: give a distance such as "10mi"')
    return metres


def _read_point(latitude: float, longitude: float) -> Point:
    in_range = abs(latitude) <= 90 and abs(longitude) <= 180
    # American longitudes lie beyond 64 degrees: taken for latitudes, they are Antarctic or impossible.
    if not _might_be_american(latitude, longitude) and _might_be_american(longitude, latitude):
        raise PlaceNotUnderstood(
            f"latitude and longitude look swapped: latitude comes first, try {longitude:g},{latitude:g}"
        )
    if not in_range:
        raise PlaceNotUnderstood(
            f"{latitude:g},{longitude:g} is not on earth: latitude is -90 to 90, then longitude -180 to 180"
        )
    return Point(latitude, longitude)


def _might_be_american(latitude: float, longitude: float) -> bool:
    return -15 <= latitude <= 72 and (-180 <= longitude <= -64 or 144 <= longitude <= 180)


def _read_city(text: str) -> CityPlace:
    whole = state_code(text)
    if whole == "DC":  # the one state that is a city
        return CityPlace("Washington", "DC")
    if whole and fold_place(text) not in _CITIES_NAMED_AS_STATES:
        raise PlaceNotUnderstood(f"{STATES[whole]} is a whole state: {_SAY}")
    *before, last = [part.strip() for part in text.split(",") if part.strip()]
    if before:
        state = state_code(last)
        if state is None:
            raise PlaceNotUnderstood(f"{last!r} is not a state of the United States: {_SAY}")
        return CityPlace(before[-1], state)  # of "900 Main St, Baltimore, MD" the city is next to the state
    words = last.split()
    for count in (3, 2, 1):  # the longest first, or "Charleston West Virginia" would lie in Virginia
        city, state = " ".join(words[:-count]), state_code(" ".join(words[-count:]))
        if city and state:
            return CityPlace(city, state)
    return CityPlace(last, None)
