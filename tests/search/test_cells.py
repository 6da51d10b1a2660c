"""The cells that a circle touches."""

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from resource_api.places import EARTH_RADIUS_M, Point, haversine_m
from resource_api.search.cells import MOST_CELLS, cell_tokens, chord_limit, chord_to_m, circle_tokens, unit_vector

LATITUDES, LONGITUDES = st.floats(-90, 90), st.floats(-180, 180)
POINTS = st.builds(Point, LATITUDES, LONGITUDES)


def chord(a: Point, b: Point) -> float:
    pairs = zip(unit_vector(a.latitude, a.longitude), unit_vector(b.latitude, b.longitude), strict=True)
    return sum((one - other) ** 2 for one, other in pairs)


@given(POINTS, POINTS)
def test_a_chord_tells_the_haversine_distance(a: Point, b: Point) -> None:
    # At the far side of the earth a chord tells less, by the nature of an arc sine.
    tolerance = 0.01 if haversine_m(a, b) < 19_000_000 else 1_000
    assert chord_to_m(chord(a, b)) == pytest.approx(haversine_m(a, b), abs=tolerance)


@given(st.floats(1, 20_000_000))
def test_the_limit_of_a_radius_is_its_chord(radius: float) -> None:
    assert chord_to_m(chord_limit(radius)) == pytest.approx(radius, rel=1e-6)


def test_no_circle_is_wider_than_the_earth() -> None:
    assert chord_limit(10 * EARTH_RADIUS_M) == pytest.approx(4)


@given(POINTS, st.floats(1, 3_000_000), st.floats(0, 360), st.floats(0, 0.999))
@settings(max_examples=200)
def test_whoever_is_in_a_circle_is_in_one_of_its_cells(
    centre: Point, radius: float, bearing: float, share: float
) -> None:
    tokens = circle_tokens(centre, radius)
    lat, lon, angle = math.radians(centre.latitude), math.radians(centre.longitude), radius * share / EARTH_RADIUS_M
    way = math.radians(bearing)
    there = math.asin(
        max(-1.0, min(1.0, math.sin(lat) * math.cos(angle) + math.cos(lat) * math.sin(angle) * math.cos(way)))
    )
    across = lon + math.atan2(
        math.sin(way) * math.sin(angle) * math.cos(lat), math.cos(angle) - math.sin(lat) * math.sin(there)
    )
    inside = Point(math.degrees(there), (math.degrees(across) + 540) % 360 - 180)
    assert tokens is None or set(cell_tokens(inside.latitude, inside.longitude)) & set(tokens)


def test_a_usual_circle_has_few_fine_cells_and_a_wide_one_few_coarse_cells() -> None:
    home = Point(39.34, -76.68)
    fine, coarse = circle_tokens(home, 40_233.6), circle_tokens(home, 500_000)
    assert fine is not None
    assert {token[0] for token in fine} == {"g"}
    assert len(fine) <= 30
    assert coarse is not None
    assert {token[0] for token in coarse} == {"h"}
    assert len(coarse) <= MOST_CELLS
    assert circle_tokens(home, 10_000_000) is None
