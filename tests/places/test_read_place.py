"""What people type for a place and a distance."""

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from resource_api.places import (
    CityPlace,
    PlaceNotUnderstood,
    Point,
    PointPlace,
    ZipPlace,
    read_distance,
    read_place,
)


@pytest.mark.parametrize(
    ("text", "zip5"),
    [
        ("21215", "21215"),
        (" 21215-1234 ", "21215"),
        ("212151234", "21215"),
        ("21215, USA", "21215"),
        ("Baltimore, MD 21215", "21215"),
        ("900 Main St, Baltimore, MD 21215-0001", "21215"),
    ],
)
def test_a_zip_is_read_alone_or_at_the_end_of_an_address(text: str, zip5: str) -> None:
    assert read_place(text) == ZipPlace(zip5)


@pytest.mark.parametrize("text", ["39.34,-76.68", "39.34 -76.68", "(39.34, -76.68)", "39.34;-76.68", "+39.34 , -76.68"])
def test_a_point_is_read_latitude_first(text: str) -> None:
    assert read_place(text) == PointPlace(Point(39.34, -76.68))


@pytest.mark.parametrize(
    ("text", "city", "state"),
    [
        ("Baltimore, MD", "Baltimore", "MD"),
        ("baltimore maryland", "baltimore", "MD"),
        ("Baltimore", "Baltimore", None),
        ("St. Louis, Missouri, United States", "St. Louis", "MO"),
        ("900 Main St, Baltimore, MD", "Baltimore", "MD"),
        ("Charleston West Virginia", "Charleston", "WV"),
        ("New York", "New York", None),
        ("new york ny", "new york", "NY"),
        ("Washington", "Washington", None),
        ("Washington DC", "Washington", "DC"),
        ("Washington, D.C.", "Washington", "DC"),
        ("D.C.", "Washington", "DC"),
        ("Kansas City", "Kansas City", None),
        ("Mayagüez, PR", "Mayagüez", "PR"),
    ],
)
def test_a_city_is_read_with_its_state_or_without(text: str, city: str, state: str | None) -> None:
    assert read_place(text) == CityPlace(city, state)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "not a place"),
        ("?!", "not a place"),
        (",", "not a place"),
        ("2121", "five digits"),
        ("Maryland", "whole state"),
        ("West Virginia", "whole state"),
        ("Paris, France", "'France' is not a state"),
        ("-76.68,39.34", "swapped.*39.34,-76.68"),
        ("-157.8 21.3", "swapped"),
        ("95,10", "not on earth"),
        ("10,190", "not on earth"),
        ("x" * 1000, "too long"),
    ],
)
def test_what_is_no_place_is_told_what_would_be(text: str, why: str) -> None:
    with pytest.raises(PlaceNotUnderstood, match=why):
        read_place(text)


@given(st.text())
def test_any_text_is_a_place_or_refused(text: str) -> None:
    with suppress(PlaceNotUnderstood):
        assert read_place(text)


@given(st.floats(-55, 90), st.floats(-180, 180))
def test_a_point_that_is_written_is_read_again(latitude: float, longitude: float) -> None:
    found = read_place(f"{latitude:.6f},{longitude:.6f}")
    assert found == PointPlace(Point(float(f"{latitude:.6f}"), float(f"{longitude:.6f}")))


@pytest.mark.parametrize(
    ("text", "metres"),
    [
        ("10mi", 16_093.44),
        ("10 miles", 16_093.44),
        ("1 mile", 1609.344),
        ("5", 5 * 1609.344),
        ("2.5 MI.", 2.5 * 1609.344),
        ("5 millas", 5 * 1609.344),
        ("15km", 15_000),
        (" 15 kilometros ", 15_000),
        ("800m", 800),
        (".5 km", 500),
    ],
)
def test_a_distance_is_in_miles_unless_it_says_otherwise(text: str, metres: float) -> None:
    assert read_distance(text) == pytest.approx(metres)


@pytest.mark.parametrize(
    "text", ["", "0", "-5mi", "far", "5 leagues", "nan", "inf", "1e400", "9" * 400, "20001km", "mi"]
)
def test_what_is_no_distance_is_told_what_would_be(text: str) -> None:
    with pytest.raises(ValueError, match="10mi"):
        read_distance(text)
