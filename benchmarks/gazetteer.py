"""WHERE SERVICES AND CALLERS ARE: sixty metropolitan areas by population, and every ZIP of the United States.

Points are real ZIP centroids, so that a search meets the crowds and the gaps that a real country has.
"""

import math
from bisect import bisect
from dataclasses import dataclass
from functools import cache, lru_cache
from itertools import accumulate
from random import Random

from resource_api.places import Point, haversine_m, state_of_zip, us_cities
from resource_api.places.zip import all_zips

METROS = 60
METRO_RADIUS_M = 30_000.0
METRO_SHARE = 0.70
_APART_M = 60_000.0


@dataclass(frozen=True, slots=True)
class Home:
    """A ZIP that a service or a caller is in."""

    zip5: str
    city: str
    state: str
    point: Point


@dataclass(frozen=True, slots=True)
class Metro:
    """A metropolitan area: its largest city, and the ZIPs around it."""

    city: str
    state: str
    population: int
    zips: tuple[str, ...]


@cache
def metros() -> tuple[Metro, ...]:
    """List the largest cities that are no suburbs of each other, with their ZIPs."""
    found: list[Metro] = []
    centres: list[Point] = []
    largest = sorted(_cities(), key=lambda city: (-city[3], city[0], city[1]))
    for name, state, point, population in largest:
        if name == "New York City" or state == "PR" or any(haversine_m(point, c) < _APART_M for c in centres):
            continue
        zips = tuple(zip5 for zip5, at in all_zips().items() if _near(point, at) and state_of_zip(zip5))
        centres.append(point)
        found.append(Metro(name, state, population, zips))
        if len(found) == METROS:
            break
    return tuple(found)


def choose_zip(rng: Random) -> str:
    """Choose a ZIP: 70 % in a metro, by its population; 30 % anywhere."""
    if rng.random() < METRO_SHARE:
        weights = _cumulative()
        metro = metros()[bisect(weights, rng.random() * weights[-1])]
        return rng.choice(metro.zips)
    return rng.choice(_everywhere())


@lru_cache(maxsize=50_000)
def home(zip5: str) -> Home:
    """Describe a ZIP, with the town of its state that is nearest to its centroid."""
    point, state = all_zips()[zip5], state_of_zip(zip5) or "US"
    row, column = math.floor(point.latitude), math.floor(point.longitude)
    around = [
        (haversine_m(city[2], point), city[0])
        for i in (-1, 0, 1)
        for j in (-1, 0, 1)
        for city in _city_grid().get((row + i, column + j), ())
        if city[1] == state
    ]
    return Home(zip5, min(around)[1] if around else "Rural Route", state, point)


@cache
def _cities() -> tuple[tuple[str, str, Point, int], ...]:
    return tuple((city.name, city.state, city.point, city.population) for city in us_cities())


@cache
def _city_grid() -> dict[tuple[int, int], list[tuple[str, str, Point, int]]]:
    grid: dict[tuple[int, int], list[tuple[str, str, Point, int]]] = {}
    for city in _cities():
        grid.setdefault((math.floor(city[2].latitude), math.floor(city[2].longitude)), []).append(city)
    return grid


@cache
def _everywhere() -> tuple[str, ...]:
    return tuple(zip5 for zip5 in all_zips() if state_of_zip(zip5))


@cache
def _cumulative() -> list[int]:
    return list(accumulate(metro.population for metro in metros()))


def _near(centre: Point, point: Point) -> bool:
    close = abs(centre.latitude - point.latitude) < 0.5 and abs(centre.longitude - point.longitude) < 0.7
    return close and haversine_m(centre, point) < METRO_RADIUS_M
