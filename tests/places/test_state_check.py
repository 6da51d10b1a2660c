"""Coordinates are believed, mended or doubted."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from resource_api.places import STATES, Point, mend_coordinates, point_fits_state, state_of_zip
from resource_api.places.zip import all_zips, county_of_zip

PARK_HEIGHTS = Point(39.34, -76.68)


def test_a_point_fits_its_state_and_its_neighbours_border_only() -> None:
    assert point_fits_state(PARK_HEIGHTS, "MD")
    assert point_fits_state(PARK_HEIGHTS, "Maryland")
    assert not point_fits_state(PARK_HEIGHTS, "TN")
    assert point_fits_state(Point(51.88, -176.65), "AK")  # Adak
    assert point_fits_state(Point(13.47, 144.75), "GU")
    assert point_fits_state(PARK_HEIGHTS, "Ontario")


def test_every_zip_fits_the_state_its_county_is_in() -> None:
    for code, point in list(all_zips().items())[::50]:
        if county := county_of_zip(code):
            assert point_fits_state(point, county.state), code


def test_a_right_point_is_left_alone() -> None:
    kept = mend_coordinates(39.34, -76.68, "MD", "21215")
    assert (kept.point, kept.mended, kept.doubt) == (PARK_HEIGHTS, None, None)


@pytest.mark.parametrize(
    ("latitude", "longitude", "what"),
    [
        (-76.68, 39.34, "swapped"),
        (39.34, 76.68, "minus sign"),
        (76.68, 39.34, "swapped, and longitude"),
        (4770497.0, -8535978.6, "3857"),
        (-8535978.6, 4770497.0, "3857 metres, swapped"),
    ],
)
@pytest.mark.parametrize(("state", "zip5"), [("MD", "21215"), ("MD", None), (None, "21215")])
def test_a_plain_mistake_is_mended(
    latitude: float, longitude: float, what: str, state: str | None, zip5: str | None
) -> None:
    mended = mend_coordinates(latitude, longitude, state, zip5)
    assert mended.point
    assert mended.point.latitude == pytest.approx(39.34, abs=1e-3)
    assert mended.point.longitude == pytest.approx(-76.68, abs=1e-3)
    assert mended.mended
    assert what in mended.mended
    assert mended.doubt is None


@pytest.mark.parametrize(
    ("latitude", "longitude", "state", "zip5", "why"),
    [
        (0.0, 0.0, "MD", None, "Atlantic"),
        (0.0, 0.0, None, None, "Atlantic"),
        (35.15, -90.05, "MD", "21215", "not in Maryland"),
        (4770497.0, -8535978.6, None, None, "3857"),
        (4770497.0, -8535978.6, "TN", None, "3857"),
        (-99.1, 19.4, "CDMX", "06600", "swapped"),
        (95.0, 170.0, None, None, "not on earth"),
        (math.nan, -76.68, "MD", None, "finite"),
        (39.34, math.inf, "MD", None, "finite"),
        (1e300, -1e300, "MD", None, "3857"),
    ],
)
def test_what_is_not_plain_is_doubted_never_mended(
    latitude: float, longitude: float, state: str | None, zip5: str | None, why: str
) -> None:
    doubted = mend_coordinates(latitude, longitude, state, zip5)
    assert doubted.point is None
    assert doubted.mended is None
    assert doubted.doubt
    assert why in doubted.doubt


def test_a_point_far_from_its_zip_is_kept_and_doubted() -> None:
    kept = mend_coordinates(25.77, -80.19, "FL", "32301")  # Miami, with a ZIP of Tallahassee
    assert kept.point == Point(25.77, -80.19)
    assert kept.doubt
    assert "ZIP 32301" in kept.doubt


def test_points_abroad_are_only_checked_for_range() -> None:
    abroad = mend_coordinates(19.43, -99.13, "CDMX", "06600")
    assert (abroad.point, abroad.mended, abroad.doubt) == (Point(19.43, -99.13), None, None)


degrees = st.floats(-200, 200)
metres = st.floats(-2.1e7, 2.1e7)
states = st.sampled_from([None, "Ontario", *STATES])
zips = st.sampled_from([None, "21215", "99546", "96910"])


@given(degrees | metres, degrees | metres, states, zips)
def test_mending_twice_changes_nothing(latitude: float, longitude: float, state: str | None, zip5: str | None) -> None:
    once = mend_coordinates(latitude, longitude, state, zip5)
    if once.point is None:
        assert once.doubt
        return
    twice = mend_coordinates(once.point.latitude, once.point.longitude, state, zip5)
    assert (twice.point, twice.mended) == (once.point, None)


@given(st.sampled_from(sorted(all_zips())), st.sampled_from(["swapped", "unsigned", "right"]))
def test_a_zip_is_never_mended_to_somewhere_else(code: str, mistake: str) -> None:
    point, county = all_zips()[code], county_of_zip(code)
    # Alaska reaches across the 180th meridian, where a longitude without its sign may be right.
    if county is None or county.state != state_of_zip(code) or (county.state == "AK" and point.longitude < -170):
        return
    latitude, longitude = point.latitude, point.longitude
    if mistake == "swapped":
        latitude, longitude = longitude, latitude
    elif mistake == "unsigned":
        longitude = abs(longitude)
    found = mend_coordinates(latitude, longitude, county.state, code)
    assert found.point == point
