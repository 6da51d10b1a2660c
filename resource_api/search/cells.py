"""WHICH CELLS A CIRCLE TOUCHES: the earth cut into squares whose names an index can store as tokens.

A quarter of a degree is small enough that few strangers share a cell, and large enough that 25 miles need about
twenty. Wide circles use whole degrees; wider ones still no cells at all.
"""

import math

from resource_api.places import EARTH_RADIUS_M, Point, bounding_box

FINE_DEGREES = 0.25
COARSE_DEGREES = 2.0
MOST_CELLS = 120


def cell_tokens(latitude: float, longitude: float) -> tuple[str, str]:
    """Name the fine and the coarse cell of a point."""
    return (
        _token("g", *_cell(latitude, longitude, FINE_DEGREES)),
        _token("h", *_cell(latitude, longitude, COARSE_DEGREES)),
    )


def circle_tokens(point: Point, radius_m: float) -> tuple[str, ...] | None:
    """List the cells that a circle touches, or None where it is too wide to be worth naming them."""
    for prefix, size in (("g", FINE_DEGREES), ("h", COARSE_DEGREES)):
        tokens: list[str] = []
        for south, west, north, east in bounding_box(point, radius_m):
            first, last = _cell(south, west, size), _cell(north, east, size)
            if (last[0] - first[0] + 1) * (last[1] - first[1] + 1) > MOST_CELLS:
                break
            tokens.extend(
                _token(prefix, row, column)
                for row in range(first[0], last[0] + 1)
                for column in range(first[1], last[1] + 1)
            )
        else:
            return tuple(tokens)
    return None


def unit_vector(latitude: float, longitude: float) -> tuple[float, float, float]:
    """Turn a point into a vector of length 1: the chord between two needs no trigonometry per hit."""
    phi, theta = math.radians(latitude), math.radians(longitude)
    return math.cos(phi) * math.cos(theta), math.cos(phi) * math.sin(theta), math.sin(phi)


def chord_limit(radius_m: float) -> float:
    """Square the chord that subtends a distance over the ground."""
    half = min(radius_m / EARTH_RADIUS_M / 2, math.pi / 2)
    return 4 * math.sin(half) ** 2


def chord_to_m(chord_squared: float) -> float:
    """Turn a squared chord back into metres over the ground: the haversine, exactly."""
    return 2 * EARTH_RADIUS_M * math.asin(min(1.0, math.sqrt(chord_squared) / 2))


def _cell(latitude: float, longitude: float, size: float) -> tuple[int, int]:
    return math.floor((latitude + 90) / size), math.floor((longitude + 180) / size)


def _token(prefix: str, row: int, column: int) -> str:
    return f"{prefix}{row}x{column}"
