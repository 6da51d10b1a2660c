"""What a request asks, and how a wrong one is refused."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy.orm import Session

from resource_api.errors import BadQuery, UnknownPlace
from resource_api.search.query import DEFAULT_WITHIN_M
from resource_api.search.read_query import Reading, SearchRequest, read_query
from resource_api.search.sqlite_index import SQLiteIndex
from tests.search.services import add_towns, make_service, searching

Searching = tuple[Session, SQLiteIndex]


@pytest.fixture(scope="module")
def opened(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Searching]:
    with searching(tmp_path_factory.mktemp("read"), make_service("Pantry")) as (session, index):
        add_towns(session)
        yield session, index


def read(opened: Searching, **asked: Any) -> Reading:
    return read_query(*opened, SearchRequest(**asked))


def test_nothing_asked_is_everything(opened: Searching) -> None:
    query = read(opened).query
    assert query.asked.empty
    assert (query.place, query.needs, query.open_at, query.age_months) == (None, (), None, None)


@pytest.mark.parametrize(
    ("q", "label", "rest"),
    [
        ("food 21215", "21215", "food"),
        ("21215", "21215", ""),
        ("food near 21215-1234 please", "21215", "food near please"),
        ("diapers in Towson", "Towson, MD", "diapers"),
        ("diapers in Towson?", "Towson, MD", "diapers"),
        ("pañales cerca de Towson, MD", "Towson, MD", "pañales"),
        ("comida en baltimore", "Baltimore, MD", "comida"),
        ("food in Towson, MD 21204", "21204", "food"),
    ],
)
def test_a_question_may_name_the_place_itself(opened: Searching, q: str, label: str, rest: str) -> None:
    reading = read(opened, q=q)
    assert reading.query.place is not None
    assert reading.query.place.label == label
    assert " ".join(reading.query.q.split()) == rest
    assert reading.place_in_q


@pytest.mark.parametrize("q", ["help in labor", "in need of formula", "food 00000", "near me", "help in Maryland", ""])
def test_words_that_are_no_place_stay_words(opened: Searching, q: str) -> None:
    reading = read(opened, q=q)
    assert reading.query.place is None
    assert reading.query.q == q
    assert not reading.place_in_q


def test_near_counts_before_a_place_in_the_question(opened: Searching) -> None:
    reading = read(opened, q="food in Towson", near="21215")
    assert reading.query.place is not None
    assert reading.query.place.label == "21215"
    assert not reading.place_in_q


def test_a_place_in_the_question_can_be_sorted_by_and_widened(opened: Searching) -> None:
    query = read(opened, q="food in Towson", within="3km", sort="distance").query
    assert (query.within_m, query.sort) == (3000.0, "distance")


def test_a_distance_is_25_miles_unless_given(opened: Searching) -> None:
    assert read(opened, near="21215").query.within_m == DEFAULT_WITHIN_M == pytest.approx(40_233.6)
    assert read(opened, near="21215", within="10").query.within_m == pytest.approx(16_093.44)


def test_needs_and_codes_are_each_one_ask(opened: Searching) -> None:
    query = read(opened, need=("food", "diapers"), code=("Z59.41",)).query
    assert [ask.slugs for ask in query.needs[:2]] == [("food",), ("diapers",)]
    assert "food-pantry" in query.needs[2].slugs
    assert len(query.needs) == 3


@pytest.mark.parametrize(
    ("tag", "language"), [("es", "es"), ("ES", "es"), ("es-MX", "es"), ("spa", "es"), ("zh-Hant", "zh"), ("q-q", "q-q")]
)
def test_a_language_is_asked_for_without_its_country(opened: Searching, tag: str, language: str) -> None:
    assert read(opened, language=tag).query.language == language


def test_an_age_may_be_given_in_years_or_in_months(opened: Searching) -> None:
    assert read(opened, age=2.5).query.age_months == 30
    assert read(opened, age_months=2.5).query.age_months == 2.5


def test_now_is_now(opened: Searching) -> None:
    moment = read(opened, open_at="now").query.open_at
    assert moment is not None
    assert abs(moment - datetime.now(UTC)) < timedelta(minutes=1)


@pytest.mark.parametrize(
    "text",
    ["2026-11-24T18:30:00-05:00", "2026-11-24T23:30:00Z", "2026-11-24T23:30+00:00", "2026-11-24T23:30:00 00:00"],
)
def test_a_time_with_its_zone_is_read_even_with_its_plus_lost_in_a_url(opened: Searching, text: str) -> None:
    assert read(opened, open_at=text).query.open_at == datetime(2026, 11, 24, 23, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("asked", "field", "said"),
    [
        ({"open_at": "2026-11-24T18:30:00"}, "open_at", "without a zone"),
        ({"open_at": "2026-11-24"}, "open_at", "without a zone"),
        ({"open_at": "tomorrow"}, "open_at", "no time"),
        ({"open_at": ""}, "open_at", "no time"),
        ({"open_at": "0001-01-01T00:00:00+14:00"}, "open_at", "no time"),
        ({"open_at": "9999-12-31T23:59:59-14:00"}, "open_at", "no time"),
        ({"within": "10mi"}, "within", "needs a place"),
        ({"within": "far", "near": "21215"}, "within", "not a distance"),
        ({"within": "0mi", "near": "21215"}, "within", "not above 0"),
        ({"sort": "distance"}, "sort", "needs a place"),
        ({"facets": ("city", "colour")}, "facets", "no facet 'colour'"),
        ({"need": ("fod",)}, "need", "no need 'fod'"),
        ({"code": ("snomed|1",)}, "code", "unknown code system"),
        ({"age": 1.0, "age_months": 12.0}, "age", "not both"),
    ],
)
def test_a_wrong_request_is_refused_by_name(opened: Searching, asked: dict[str, Any], field: str, said: str) -> None:
    with pytest.raises(BadQuery, match=said) as refused:
        read(opened, **asked)
    assert refused.value.field == field


def test_an_unknown_place_is_refused_with_the_likeliest(opened: Searching) -> None:
    with pytest.raises(UnknownPlace) as refused:
        read(opened, near="Towsen")
    assert refused.value.near == ("Towson, MD",)
