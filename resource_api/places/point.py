"""How far apart are two points, and does an area contain one?

The earth is a sphere of its mean radius, good to 0.5 %; areas are GeoJSON (RFC 7946), edges straight in
degrees.
"""

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import NamedTuple

EARTH_RADIUS_M = 6_371_008.8

# 1e-9 degree is 0.1 mm: enough that rounding never puts a point of the circle outside its box.
_ROUNDING_DEGREES = 1e-9

_Ring = list[tuple[float, float]]


@dataclass(frozen=True, slots=True)
class Point:
    """A place on earth, in WGS 84 degrees."""

    latitude: float
    longitude: float


class Box(NamedTuple):
    """A rectangle of degrees, edges included; never crosses the 180th meridian (west <= east)."""

    south: float
    west: float
    north: float
    east: float

    def contains(self, point: Point) -> bool:
        """Tell whether the point lies in the box or on its edge."""
        return self.south <= point.latitude <= self.north and self.west <= point.longitude <= self.east


def haversine_m(a: Point, b: Point) -> float:
    """Measure the great-circle distance in metres."""
    lat_a, lat_b = math.radians(a.latitude), math.radians(b.latitude)
    half_lat = (lat_b - lat_a) / 2
    half_lon = math.radians(b.longitude - a.longitude) / 2
    h = math.sin(half_lat) ** 2 + math.cos(lat_a) * math.cos(lat_b) * math.sin(half_lon) ** 2
    return 2 * EARTH_RADIUS_M * math.asin(math.sqrt(min(1.0, h)))


def bounding_box(point: Point, radius_m: float) -> tuple[Box, ...]:
    """Enclose every point within radius_m metres: one box, or two where the 180th meridian is crossed.

    Raises ValueError unless radius_m is finite and not negative.
    """
    if not (math.isfinite(radius_m) and radius_m >= 0):
        raise ValueError(f"a radius is a finite number of metres, not {radius_m}")
    angle = radius_m / EARTH_RADIUS_M
    reach = math.degrees(angle) + _ROUNDING_DEGREES
    south, north = point.latitude - reach, point.latitude + reach
    if south <= -90 or north >= 90:  # the circle holds a pole, hence every longitude
        return (Box(max(south, -90.0), -180.0, min(north, 90.0), 180.0),)
    # A circle is widest poleward of its centre, so reach / cos(latitude) would cut it off.
    ratio = math.sin(angle) / math.cos(math.radians(point.latitude))
    width = math.degrees(math.asin(min(1.0, ratio))) + _ROUNDING_DEGREES
    west, east = point.longitude - width, point.longitude + width
    if west < -180:
        return Box(south, west + 360, north, 180.0), Box(south, -180.0, north, east)
    if east > 180:
        return Box(south, west, north, 180.0), Box(south, -180.0, north, east - 360)
    return (Box(south, west, north, east),)


def point_in_geojson(point: Point, geojson: Mapping[str, object]) -> bool:
    """Tell whether an area contains the point; its edges belong to it, its holes do not.

    Takes a Polygon, MultiPolygon, GeometryCollection, Feature or FeatureCollection; raises ValueError on any
    other, and on one that breaks the rules of GeoJSON.
    """
    polygons = list(_polygons(geojson))  # all of it, so that a bad shape is refused wherever the point lies
    return any(_in_polygon(point, rings) for rings in polygons)


def geojson_bounds(geojson: Mapping[str, object]) -> Box:
    """Find the smallest box around an area. Raises ValueError as point_in_geojson does."""
    outer = [position for rings in _polygons(geojson) for position in rings[0]]
    if not outer:
        raise ValueError("this GeoJSON holds no polygon")
    longitudes, latitudes = zip(*outer, strict=True)
    return Box(min(latitudes), min(longitudes), max(latitudes), max(longitudes))


def _polygons(geojson: object) -> Iterator[list[_Ring]]:
    if not isinstance(geojson, Mapping):
        raise ValueError("GeoJSON is an object with a type, such as a Polygon or a Feature")
    kind = geojson.get("type")
    match kind:
        case "FeatureCollection":
            for feature in _array(geojson.get("features"), "features"):
                yield from _polygons(feature)
        case "GeometryCollection":
            for geometry in _array(geojson.get("geometries"), "geometries"):
                yield from _polygons(geometry)
        case "Feature":
            yield from _polygons(geojson.get("geometry"))
        case "MultiPolygon":
            for polygon in _array(geojson.get("coordinates"), "coordinates"):
                yield _rings(polygon)
        case "Polygon":
            yield _rings(geojson.get("coordinates"))
        case _:
            raise ValueError(f"an area is a Polygon, MultiPolygon, Feature or FeatureCollection, not {kind!r}")


def _rings(polygon: object) -> list[_Ring]:
    rings = [[_position(pair) for pair in _array(ring, "ring")] for ring in _array(polygon, "polygon")]
    for ring in rings:
        if len(ring) < 4 or ring[0] != ring[-1]:
            raise ValueError("a ring has at least four positions, and its last is its first again")
    return rings


def _array(value: object, name: str) -> list[object]:
    if not isinstance(value, list | tuple) or not value:
        raise ValueError(f"GeoJSON {name} is an array with something in it")
    return list(value)


def _position(pair: object) -> tuple[float, float]:
    numbers = [n for n in _array(pair, "position")[:2] if isinstance(n, int | float) and not isinstance(n, bool)]
    if len(numbers) != 2 or not (abs(numbers[0]) <= 180 and abs(numbers[1]) <= 90):
        raise ValueError(f"a position is [longitude, latitude] in degrees, not {pair!r}")
    return float(numbers[0]), float(numbers[1])


def _in_polygon(point: Point, rings: list[_Ring]) -> bool:
    outer, *holes = (_side_of_ring(point, ring) for ring in rings)
    return outer >= 0 and all(hole <= 0 for hole in holes)


def _side_of_ring(point: Point, ring: _Ring) -> int:
    """Answer 1 inside, 0 on the edge, -1 outside: count the edges that a ray to the east crosses."""
    x, y = point.longitude, point.latitude
    inside = False
    x1, y1 = ring[0]
    for x2, y2 in ring[1:]:
        if min(y1, y2) <= y <= max(y1, y2):
            turn = (x2 - x1) * (y - y1) - (x - x1) * (y2 - y1)
            if turn == 0 and min(x1, x2) <= x <= max(x1, x2):
                return 0
            if (y1 > y) != (y2 > y) and (turn > 0) == (y2 > y1):
                inside = not inside
        x1, y1 = x2, y2
    return 1 if inside else -1
