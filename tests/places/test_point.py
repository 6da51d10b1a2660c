"""Distances, boxes and areas on a sphere."""

import math
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from resource_api.places import (
    EARTH_RADIUS_M,
    Box,
    Point,
    bounding_box,
    geojson_bounds,
    haversine_m,
    point_in_geojson,
)

BALTIMORE = Point(39.2904, -76.6122)
WASHINGTON = Point(38.9072, -77.0369)
HALF_ROUND_M = math.pi * EARTH_RADIUS_M

points = st.builds(Point, st.floats(-90, 90), st.floats(-180, 180))


def test_baltimore_is_56_km_from_washington() -> None:
    assert haversine_m(BALTIMORE, WASHINGTON) == pytest.approx(56_300, abs=300)


def test_the_poles_are_half_the_earth_apart() -> None:
    assert haversine_m(Point(90, 0), Point(-90, 0)) == pytest.approx(HALF_ROUND_M)


@given(points, points)
def test_distance_is_the_same_both_ways_and_never_above_half_the_earth(a: Point, b: Point) -> None:
    assert haversine_m(a, b) == pytest.approx(haversine_m(b, a))
    assert 0 <= haversine_m(a, b) <= HALF_ROUND_M
    assert haversine_m(a, a) == 0


def beyond(start: Point, bearing: float, distance_m: float) -> Point:
    """Go a distance along a great circle."""
    lat, angle = math.radians(start.latitude), distance_m / EARTH_RADIUS_M
    sine = math.sin(lat) * math.cos(angle) + math.cos(lat) * math.sin(angle) * math.cos(bearing)
    there = math.asin(max(-1.0, min(1.0, sine)))
    turn = math.atan2(
        math.sin(bearing) * math.sin(angle) * math.cos(lat), math.cos(angle) - math.sin(lat) * math.sin(there)
    )
    longitude = (start.longitude + math.degrees(turn) + 180) % 360 - 180
    return Point(math.degrees(there), longitude)


@given(points, st.floats(0, HALF_ROUND_M), st.floats(0, 2 * math.pi), st.floats(0, 1))
def test_boxes_contain_their_circle(centre: Point, radius: float, bearing: float, part: float) -> None:
    point = beyond(centre, bearing, radius * part)
    assume(haversine_m(centre, point) <= radius)
    boxes = bounding_box(centre, radius)
    assert any(box.contains(point) for box in boxes), (point, boxes)


@given(points, st.floats(0, 2 * HALF_ROUND_M))
def test_boxes_are_ordered_and_on_earth(centre: Point, radius: float) -> None:
    for south, west, north, east in bounding_box(centre, radius):
        assert -90 <= south <= north <= 90
        assert -180 <= west <= east <= 180


def test_a_box_is_hardly_larger_than_its_circle() -> None:
    [box] = bounding_box(BALTIMORE, 10_000)
    assert haversine_m(BALTIMORE, Point(box.north, BALTIMORE.longitude)) == pytest.approx(10_000, rel=1e-3)
    assert haversine_m(BALTIMORE, Point(BALTIMORE.latitude, box.east)) == pytest.approx(10_000, rel=1e-3)


def test_a_circle_across_the_180th_meridian_has_two_boxes() -> None:
    for longitude in (179.9, -179.9):
        west_of, east_of = bounding_box(Point(52, longitude), 50_000)
        assert west_of.east == 180
        assert east_of.west == -180
        assert west_of.west > 178
        assert east_of.east < -178


def test_a_circle_around_a_pole_has_every_longitude() -> None:
    [box] = bounding_box(Point(89.9, 10), 50_000)
    assert (box.west, box.north, box.east) == (-180, 90, 180)
    assert box.south == pytest.approx(89.45, abs=0.01)


@pytest.mark.parametrize("radius", [-1, math.nan, math.inf])
def test_a_radius_must_be_a_length(radius: float) -> None:
    with pytest.raises(ValueError, match="metres"):
        bounding_box(BALTIMORE, radius)


def square(low: float, high: float) -> list[list[float]]:
    return [[low, low], [high, low], [high, high], [low, high], [low, low]]


RING = {"type": "Polygon", "coordinates": [square(0, 10), square(4, 6)]}
TWO = {"type": "MultiPolygon", "coordinates": [[square(0, 1)], [square(20, 21)]]}


def test_a_hole_is_not_part_of_its_area_but_every_edge_is() -> None:
    assert point_in_geojson(Point(2, 2), RING)
    assert not point_in_geojson(Point(5, 5), RING)
    assert not point_in_geojson(Point(11, 5), RING)
    for edge in (Point(0, 5), Point(5, 0), Point(10, 10), Point(4, 5), Point(6, 6)):
        assert point_in_geojson(edge, RING)


@pytest.mark.parametrize(
    "wrapped",
    [
        {"type": "Feature", "geometry": TWO},
        {"type": "FeatureCollection", "features": [{"type": "Feature", "geometry": TWO}]},
        {"type": "GeometryCollection", "geometries": [RING, TWO]},
    ],
)
def test_areas_may_be_wrapped(wrapped: dict[str, Any]) -> None:
    assert point_in_geojson(Point(20.5, 20.5), wrapped)
    assert not point_in_geojson(Point(15, 15), wrapped)


def test_latitude_comes_second_in_geojson() -> None:
    wide = {"type": "Polygon", "coordinates": [[[0, 0], [100, 0], [100, 1], [0, 1], [0, 0]]]}
    assert point_in_geojson(Point(0.5, 99), wide)
    assert geojson_bounds(wide) == Box(south=0, west=0, north=1, east=100)


def test_bounds_enclose_every_part() -> None:
    assert geojson_bounds(TWO) == (0, 0, 21, 21)


@given(st.floats(-1, 11), st.floats(-1, 11))
def test_a_slanted_square_contains_what_its_equation_says(latitude: float, longitude: float) -> None:
    diamond = {"type": "Polygon", "coordinates": [[[5, 0], [10, 5], [5, 10], [0, 5], [5, 0]]]}
    off = abs(latitude - 5) + abs(longitude - 5) - 5
    assume(abs(off) > 1e-9)
    assert point_in_geojson(Point(latitude, longitude), diamond) == (off < 0)


@pytest.mark.parametrize(
    "bad",
    [
        None,
        {},
        {"type": "Point", "coordinates": [0, 0]},
        {"type": "Polygon"},
        {"type": "Polygon", "coordinates": []},
        {"type": "Polygon", "coordinates": [[[0, 0], [1, 1], [0, 0]]]},
        {"type": "Polygon", "coordinates": [square(0, 1)[:-1]]},
        {"type": "Polygon", "coordinates": [[["0", 0], [1, 0], [1, 1], ["0", 0]]]},
        {"type": "Polygon", "coordinates": [[[True, 0], [1, 0], [1, 1], [True, 0]]]},
        {"type": "Polygon", "coordinates": [square(80, 100)]},
        {"type": "Polygon", "coordinates": [[[math.nan, 0], [1, 0], [1, 1], [math.nan, 0]]]},
        {"type": "Feature", "geometry": None},
        {"type": "FeatureCollection", "features": []},
        {"type": "MultiPolygon", "coordinates": [[square(0, 1)], [[[0]]]]},
    ],
)
def test_bad_geometry_is_refused(bad: Any) -> None:
    for ask in (lambda: point_in_geojson(Point(0.5, 0.5), bad), lambda: geojson_bounds(bad)):
        with pytest.raises(ValueError, match=r"GeoJSON|area|ring|position"):
            ask()
