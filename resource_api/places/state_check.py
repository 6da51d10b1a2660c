"""Does a point lie where its address says, and if not, is it plain what went wrong?

A wrong point sends someone to the wrong city, so a point is mended only when exactly one mending puts it
where the address says.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

from resource_api.places.city import STATES, state_code
from resource_api.places.point import Box, Point, haversine_m
from resource_api.places.zip import all_zips, county_of_zip, zip_point

_PADDING_DEGREES = 0.5
_NEAR_ZIP_M = 200_000.0
_MERCATOR_RADIUS_M = 6_378_137.0  # EPSG:3857 takes the equatorial radius


@dataclass(frozen=True, slots=True)
class MendedPoint:
    """A point to rely on, if any; mended says what changed, doubt what is wrong and what would be right."""

    point: Point | None
    mended: str | None = None
    doubt: str | None = None


def point_fits_state(point: Point, state: str) -> bool:
    """Tell whether a point lies within half a degree of the box around a state; True of unknown states."""
    code = state_code(state)
    box = _state_boxes().get(code) if code else None
    return box is None or box.contains(Point(point.latitude, _unbroken(point.longitude)))


def mend_coordinates(latitude: float, longitude: float, state: str | None, zip5: str | None) -> MendedPoint:
    """Check coordinates against their address and undo a certain mistake: metres, swapped, a lost minus sign.

    A state that is none of the United States switches all but the range checks off.
    """
    if not (math.isfinite(latitude) and math.isfinite(longitude)):
        return MendedPoint(None, doubt="latitude and longitude must be finite numbers")
    given = Point(latitude, longitude)
    if latitude == 0 and longitude == 0:
        return MendedPoint(None, doubt="0,0 lies in the Atlantic: leave both empty if they are unknown")
    code = state_code(state) if state else None
    # A Mexican or German postcode has five digits too.
    at_zip = zip_point(zip5) if zip5 and (code or not (state and state.strip())) else None
    if _on_earth(given) and _fits(given, code, at_zip):
        return MendedPoint(given, doubt=_far_from_zip(given, at_zip, zip5))
    known = code is not None or at_zip is not None
    fitting = {p: what for p, what in _mendings(latitude, longitude) if known and _fits(p, code, at_zip)}
    if len(fitting) == 1:
        [(point, what)] = fitting.items()
        return MendedPoint(point, mended=f"{what}: {_write(given)} became {_write(point)}")
    if not _on_earth(given):
        return MendedPoint(None, doubt=_off_earth(given))
    if code:
        doubt = f"{_write(given)} is not in {STATES[code]}: correct the point or the state"
        return MendedPoint(None, doubt=doubt)
    return MendedPoint(given, doubt=_far_from_zip(given, at_zip, zip5))


def _mendings(latitude: float, longitude: float) -> Iterator[tuple[Point, str]]:
    if max(abs(latitude), abs(longitude)) > 180:
        for y, x, order in ((latitude, longitude, ""), (longitude, latitude, ", swapped")):
            degrees = math.degrees(2 * math.atan(math.exp(min(y / _MERCATOR_RADIUS_M, 50.0))) - math.pi / 2)
            # 1e-7 degree is a centimetre; the rest is noise of the projection.
            there = round(degrees, 7), round(math.degrees(x / _MERCATOR_RADIUS_M), 7)
            yield from _if_on_earth(*there, f"EPSG:3857 metres{order}")
        return
    yield from _if_on_earth(longitude, latitude, "latitude and longitude were swapped")
    if longitude > 0:
        yield from _if_on_earth(latitude, -longitude, "longitude had lost its minus sign")
    if latitude > 0:
        yield from _if_on_earth(longitude, -latitude, "swapped, and longitude had lost its minus sign")


def _if_on_earth(latitude: float, longitude: float, what: str) -> Iterator[tuple[Point, str]]:
    point = Point(latitude, longitude)
    if _on_earth(point):
        yield point, what


def _on_earth(point: Point) -> bool:
    return abs(point.latitude) <= 90 and abs(point.longitude) <= 180


def _fits(point: Point, code: str | None, at_zip: Point | None) -> bool:
    if code:
        return point_fits_state(point, code)
    return at_zip is None or haversine_m(point, at_zip) <= _NEAR_ZIP_M


def _far_from_zip(point: Point, at_zip: Point | None, zip5: str | None) -> str | None:
    away = haversine_m(point, at_zip) if at_zip else 0.0
    if away <= _NEAR_ZIP_M:
        return None
    return f"{_write(point)} is {away / 1000:.0f} km from ZIP {zip5}: correct the point or the ZIP"


def _off_earth(point: Point) -> str:
    if max(abs(point.latitude), abs(point.longitude)) > 180:
        return f"{_write(point)} looks like metres (EPSG:3857): give degrees (WGS 84)"
    what = "looks swapped" if abs(point.longitude) <= 90 else "is not on earth"
    return f"{_write(point)} {what}: latitude is -90 to 90, longitude -180 to 180"


def _write(point: Point) -> str:
    return f"{round(point.latitude, 5)},{round(point.longitude, 5)}"


def _unbroken(longitude: float) -> float:
    """Count Alaska's far islands and Guam from the east of 180, so that no state is cut in two."""
    return longitude - 360 if longitude > 0 else longitude


@cache
def _state_boxes() -> dict[str, Box]:
    points: dict[str, list[Point]] = {}
    for code, point in all_zips().items():
        # By county: a misplaced ZIP would stretch the box of the state its mail goes to.
        if county := county_of_zip(code):
            points.setdefault(county.state, []).append(Point(point.latitude, _unbroken(point.longitude)))
    return {
        state: Box(
            min(p.latitude for p in found) - _PADDING_DEGREES,
            min(p.longitude for p in found) - _PADDING_DEGREES,
            max(p.latitude for p in found) + _PADDING_DEGREES,
            max(p.longitude for p in found) + _PADDING_DEGREES,
        )
        for state, found in points.items()
    }
