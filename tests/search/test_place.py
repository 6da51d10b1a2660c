"""Where the caller is."""

from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy.orm import Session

from resource_api.errors import UnknownPlace
from resource_api.places import City, Point, zip_point
from resource_api.search import place as place_module
from resource_api.search.follow import put_services
from resource_api.search.place import find_place, place_at, store_towns
from resource_api.search.tables import Town
from tests.search.services import HOME, add_towns, make_service, make_site, searching


@pytest.fixture(scope="module")
def session(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Session]:
    folder: Path = tmp_path_factory.mktemp("place")
    with searching(folder) as (session, _):
        add_towns(session)
        yield session


def test_a_zip_is_its_centroid_and_lies_in_its_county_state_and_nation(session: Session) -> None:
    place = find_place(session, "21204-1234")
    assert place.label == "21204"
    assert {"US", "US-MD", "US-24005", "Z21204"} <= place.areas
    assert place.timezone == "America/New_York"


def test_a_point_lies_where_its_nearest_zip_lies(session: Session) -> None:
    place = find_place(session, "39.4015,-76.6019")
    assert place.point == Point(39.4015, -76.6019)
    assert place.label == "39.4015,-76.6019"
    assert "US-24005" in place.areas


def test_a_point_at_sea_lies_in_no_area() -> None:
    assert place_at(Point(0.0, -140.0), "at sea").areas == frozenset()


@pytest.mark.parametrize(
    "text", ["Towson", "towson", " TOWSON ", "Towson, MD", "Towson MD", "towson, maryland", "900 Main St, Towson, MD"]
)
def test_a_town_is_found_however_it_is_written(session: Session, text: str) -> None:
    place = find_place(session, text)
    assert place.label == "Towson, MD"
    assert "US-24005" in place.areas


def test_the_largest_of_several_towns_is_meant_where_no_state_is_named(session: Session) -> None:
    assert find_place(session, "Springfield").label == "Springfield, MO"
    assert find_place(session, "Springfield, IL").label == "Springfield, IL"


@pytest.mark.parametrize(
    ("text", "said", "near"),
    [
        ("00000", "there is no ZIP 00000", ()),
        ("Towsen", "no town called 'Towsen'", ("Towson, MD",)),
        ("Sprngfield, IL", "no town called", ("Springfield, IL",)),
        ("Maryland", "Maryland is a whole state", ("Baltimore, MD", "Towson, MD")),
        ("MD", "Maryland is a whole state", ("Baltimore, MD", "Towson, MD")),
        ("Montana", "Montana is a whole state", ()),
        ("zzzzzzzz", "no town called", ()),
        ("123", "a ZIP code has five digits", ()),
        ("!!!", "this is not a place", ()),
        ("95,200", "is not on earth", ()),
        ("-76.68,39.34", "look swapped", ()),
    ],
)
def test_an_unknown_place_is_refused_with_the_likeliest(
    session: Session, text: str, said: str, near: tuple[str, ...]
) -> None:
    with pytest.raises(UnknownPlace, match=said) as refused:
        find_place(session, text)
    assert refused.value.near == near
    assert refused.value.field == "near"
    assert refused.value.hint


@given(st.text(max_size=100))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_any_text_is_a_place_or_refused(session: Session, text: str) -> None:
    with suppress(UnknownPlace):
        assert find_place(session, text).label


def test_the_gazetteer_is_stored_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    cities = [City("Saint Paul", "MN", Point(44.95, -93.09), 300_000, "America/Chicago")]
    monkeypatch.setattr(place_module, "us_cities", lambda: iter(cities))
    with searching(tmp_path) as (session, _):
        assert store_towns(session) == 1
        assert store_towns(session) == 1
        assert session.query(Town).count() == 1
        assert find_place(session, "St. Paul, Minnesota").label == "Saint Paul, MN"


def test_a_town_of_a_loaded_address_is_known_by_its_zip(tmp_path: Path) -> None:
    address = {"city": "Tuxedo Heights", "state_province": "MD", "postal_code": "21215", "address_1": "1 A St"}
    hidden = {"city": "Hollow Heights", "state_province": "MD", "postal_code": "21215", "confidential": True}
    services = [
        make_service("open", sites=[make_site(HOME, addresses=[address])]),
        make_service("hidden", sites=[make_site(None, addresses=[hidden], **hidden)]),
    ]
    with searching(tmp_path, *services) as (session, index):
        put_services(session, index, [service["id"] for service in services])
        found = find_place(session, "Tuxedo Heights, MD")
        assert found.point == zip_point("21215")
        with pytest.raises(UnknownPlace):
            find_place(session, "Hollow Heights, MD")
