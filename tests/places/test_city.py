"""Cities, states and the spellings of both."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from resource_api.places import STATES, City, fold_place, state_code, us_cities
from resource_api.places.zip import nearest_zip, state_of_zip


@pytest.fixture(scope="module")
def cities() -> list[City]:
    return list(us_cities())


def test_large_cities_are_where_they_are(cities: list[City]) -> None:
    by_name = {(fold_place(city.name), city.state): city for city in cities}
    for name, state in [("Baltimore", "MD"), ("St. Louis", "MO"), ("New York", "NY"), ("San Juan", "PR")]:
        city = by_name[fold_place(name), state]
        assert city.population > 200_000
        zip5 = nearest_zip(city.point.latitude, city.point.longitude)
        assert zip5
        assert state_of_zip(zip5) == state
    assert by_name["baltimore", "MD"].timezone == "America/New_York"


def test_every_city_is_of_a_state_and_has_people(cities: list[City]) -> None:
    assert len(cities) > 15_000
    assert {city.state for city in cities} == set(STATES)
    assert all(fold_place(city.name) for city in cities)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("St. Louis", "saint louis"),
        ("Mount Airy", "Mt. Airy"),
        ("Fort Worth", "FT WORTH"),
        ("Sault Sainte Marie", "Sault Ste. Marie"),
        ("Winston-Salem", "winston salem"),
        ("Mayagüez", "Mayaguez"),
        ("Coeur d’Alene", "coeur dalene"),
        ("‘Ewa Beach", "Ewa  Beach"),
        ("Cañon City", "Can\u0303on City"),
    ],
)
def test_spellings_of_one_place_fold_to_one(one: str, other: str) -> None:
    assert fold_place(one) == fold_place(other)


@given(st.text())
def test_folding_twice_changes_nothing(text: str) -> None:
    assert fold_place(fold_place(text)) == fold_place(text)


@pytest.mark.parametrize("text", ["Maryland", "maryland", "MD", "md", "Md.", " M.D. "])
def test_a_state_has_many_spellings(text: str) -> None:
    assert state_code(text) == "MD"


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("D.C.", "DC"),
        ("Washington, D.C.", "DC"),
        ("Penn.", "PA"),
        ("Calif", "CA"),
        ("puerto rico", "PR"),
        ("Virgin Islands", "VI"),
        ("", None),
        ("Ontario", None),
        ("XX", None),
    ],
)
def test_states_are_known_by_what_people_write(text: str, code: str | None) -> None:
    assert state_code(text) == code


def test_every_state_is_known_by_its_name_and_code() -> None:
    assert all(state_code(name) == code and state_code(code) == code for code, name in STATES.items())
