"""What is known of a ZIP code."""

from functools import partial

import pytest
from hypothesis import given
from hypothesis import strategies as st

from resource_api.places import (
    STATES,
    County,
    Point,
    county_of_zip,
    haversine_m,
    nearest_zip,
    read_zip,
    state_of_zip,
    zip_point,
    zip_timezone,
)
from resource_api.places.zip import all_zips, counties_by_fips


def test_a_zip_has_a_point_a_zone_a_state_and_a_county() -> None:
    point = zip_point("21215")
    assert point
    assert haversine_m(point, Point(39.3446, -76.6794)) < 2_000
    assert zip_timezone("21215") == "America/New_York"
    assert state_of_zip("21215") == "MD"
    assert county_of_zip("21215") == County("24510", "Baltimore city", "MD")


def test_the_four_digits_behind_a_zip_do_not_matter() -> None:
    assert zip_point("21215-1234") == zip_point("212151234") == zip_point(" 21215 ") == zip_point("21215")


@pytest.mark.parametrize("ask", [read_zip, zip_point, zip_timezone, state_of_zip, county_of_zip])
@pytest.mark.parametrize("text", ["", "2121", "021215", "2121a", "+2121", "21215-12", "٢١٢١٥", "21 215", "0000"])
def test_what_is_no_zip_is_nowhere(ask: partial[object], text: str) -> None:
    assert ask(text) is None


def test_a_zip_that_begins_with_zero_keeps_it() -> None:
    assert state_of_zip("02118") == "MA"
    assert zip_point("02118") != zip_point("21180")


@pytest.mark.parametrize(
    ("zip5", "state", "county"),
    [
        ("10001", "NY", "New York County"),
        ("60601", "IL", "Cook County"),
        ("90012", "CA", "Los Angeles County"),
        ("20001", "DC", "District of Columbia"),
        ("22202", "VA", "Arlington County"),
        ("21201", "MD", "Baltimore city"),
        ("21204", "MD", "Baltimore County"),
        ("00901", "PR", "San Juan Municipio"),
        ("96910", "GU", "Guam"),
        ("96950", "MP", "Saipan Municipality"),
        ("96799", "AS", "Eastern District"),
        ("00802", "VI", "St. Thomas Island"),
        ("06390", "NY", "Suffolk County"),
        ("99686", "AK", "Chugach Census Area"),
        ("99501", "AK", "Anchorage Municipality"),
        ("70112", "LA", "Orleans Parish"),
    ],
)
def test_counties_are_those_people_live_in(zip5: str, state: str, county: str) -> None:
    found = county_of_zip(zip5)
    assert state_of_zip(zip5) == state
    assert found
    assert (found.name, found.state) == (county, state)


def test_nearly_every_zip_has_a_county_of_its_own_state() -> None:
    codes = list(all_zips())
    counties = {code: county_of_zip(code) for code in codes}
    assert sum(county is None for county in counties.values()) < 20
    strays = [c for c, county in counties.items() if county and (s := state_of_zip(c)) and county.state != s]
    assert len(strays) < 10
    assert all(county is None or county.state in STATES for county in counties.values())


def test_states_name_all_their_counties() -> None:
    assert {county.state for county in counties_by_fips().values()} - {"UM"} == set(STATES)


def test_associated_states_and_the_military_have_no_state() -> None:
    assert state_of_zip("96940") is None
    assert state_of_zip("09012") is None


def test_the_nearest_zip_of_a_point_is_next_door() -> None:
    assert nearest_zip(39.3446, -76.6794) == "21215"
    assert nearest_zip(35.0, -40.0) is None
    assert nearest_zip(90.0, 0.0) is None


def test_the_nearest_zip_may_lie_across_the_180th_meridian() -> None:
    far = max((p.longitude, code) for code, p in all_zips().items() if state_of_zip(code) == "GU")
    assert nearest_zip(all_zips()[far[1]].latitude, far[0] - 360) is not None
    west = min(all_zips().items(), key=lambda item: item[1].longitude)
    assert nearest_zip(west[1].latitude, west[1].longitude + 360) is not None


@given(st.sampled_from(sorted(all_zips())), st.floats(-0.7, 0.7), st.floats(-0.7, 0.7))
def test_the_nearest_zip_is_the_nearest_of_all(code: str, north: float, east: float) -> None:
    near = all_zips()[code]
    here = Point(near.latitude + north, near.longitude + east)
    found = nearest_zip(here.latitude, here.longitude)
    shortest = min(haversine_m(here, point) for point in all_zips().values())
    if found is None:
        assert shortest > 99_000
    else:
        assert haversine_m(here, all_zips()[found]) <= shortest * 1.02 + 1
