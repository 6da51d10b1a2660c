"""What every index must do: the same sentences for each."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from resource_api.directory.card import write_card
from resource_api.needs import vocabulary
from resource_api.places import Point, haversine_m
from resource_api.search.ask import ask_for
from resource_api.search.document import search_document
from resource_api.search.place import place_at
from resource_api.search.query import Asked, SearchPage, SearchQuery, Word
from resource_api.words import query_forms
from tests.databases import SQLITE, Kind
from tests.search.services import (
    FAR_AWAY,
    HOME,
    JSON,
    ONE_MILE_NORTH,
    TEN_MILES_NORTH,
    TODAY,
    WEEKDAYS_NINE_TO_FIVE,
    make_service,
    make_site,
    on,
    searching,
    uuid,
)

MILE = 1609.344
HERE = place_at(Point(*HOME), "21215", zip5="21215")
FOOD = SearchQuery(needs=(ask_for("food-pantry"),))
NEAR = replace(FOOD, place=HERE)
TUESDAY_NOON = datetime(2026, 11, 24, 12, tzinfo=ZoneInfo("America/New_York"))
SUNDAY_NOON = datetime(2026, 11, 29, 12, tzinfo=ZoneInfo("America/New_York"))


@pytest.fixture(autouse=True)
def _on_each_kind(database_kind: Kind) -> Iterator[None]:
    on.kind = database_kind
    yield
    on.kind = SQLITE


def find(path: Path, query: SearchQuery, *services: JSON) -> SearchPage:
    with searching(path, *services) as (session, index):
        return index.find(session, query)


def names(page: SearchPage, *services: JSON) -> list[str]:
    by_id = {service["id"]: service["name"] for service in services}
    return [by_id[hit.service_id] for hit in page.hits]


def words(text: str) -> tuple[Word, ...]:
    return tuple(Word(word, query_forms(word)) for word in text.split())


def test_the_nearest_that_fits_comes_first(tmp_path: Path) -> None:
    services = [
        make_service("ten miles", at=TEN_MILES_NORTH),
        make_service("one mile", at=ONE_MILE_NORTH),
        make_service("here", at=HOME),
        make_service("far away", at=FAR_AWAY),
        make_service("here, but clothes", at=HOME, needs={"clothing": "term"}),
    ]
    page = find(tmp_path, NEAR, *services)
    assert names(page, *services) == ["here", "one mile", "ten miles"]
    assert page.total == 3
    assert [hit.reached_by for hit in page.hits] == ["site"] * 3


def test_a_distance_is_the_haversine(tmp_path: Path) -> None:
    service = make_service("ten miles", at=TEN_MILES_NORTH)
    (hit,) = find(tmp_path, NEAR, service).hits
    assert hit.distance_m == pytest.approx(haversine_m(Point(*HOME), Point(*TEN_MILES_NORTH)), abs=0.01)


def test_a_circle_is_exact(tmp_path: Path) -> None:
    service = make_service("ten miles", at=TEN_MILES_NORTH)
    exact = haversine_m(Point(*HOME), Point(*TEN_MILES_NORTH))
    with searching(tmp_path, service) as (session, index):
        assert index.find(session, replace(NEAR, within_m=exact + 0.5)).total == 1
        assert index.find(session, replace(NEAR, within_m=exact - 0.5)).total == 0


def test_a_service_of_many_sites_is_one_hit_by_its_nearest(tmp_path: Path) -> None:
    sites = [make_site(TEN_MILES_NORTH), make_site(ONE_MILE_NORTH), make_site(FAR_AWAY)]
    service = make_service("three sites", sites=sites)
    page = find(tmp_path, NEAR, service)
    assert page.total == 1
    assert page.hits[0].site == uuid("three sites 1")


def test_an_open_site_is_preferred_to_a_nearer_closed_one(tmp_path: Path) -> None:
    always = {**WEEKDAYS_NINE_TO_FIVE, "byday": "SA,SU"}
    sites = [make_site(HOME, schedules=[WEEKDAYS_NINE_TO_FIVE]), make_site(ONE_MILE_NORTH, schedules=[always])]
    service = make_service("two sites", sites=sites)
    (hit,) = find(tmp_path, replace(NEAR, open_at=SUNDAY_NOON), service).hits
    assert hit.site == uuid("two sites 1")


def test_a_closed_service_is_left_out_and_one_of_unknown_hours_comes_last(tmp_path: Path) -> None:
    services = [
        make_service("unknown", at=HOME),
        make_service("open", at=TEN_MILES_NORTH, schedules=[WEEKDAYS_NINE_TO_FIVE]),
        make_service("closed", at=HOME, schedules=[{**WEEKDAYS_NINE_TO_FIVE, "byday": "MO"}]),
    ]
    page = find(tmp_path, replace(NEAR, open_at=TUESDAY_NOON), *services)
    assert names(page, *services) == ["open", "unknown"]
    assert page.hits[1].unknown == ("open_at",)


@pytest.mark.parametrize(
    ("area", "reached"),
    [
        ({"extent_type": "nation", "extent": "US", "name": "United States"}, True),
        ({"extent_type": "state", "extent": "MD", "name": "Maryland"}, True),
        ({"extent_type": "state", "extent": "WI", "name": "Wisconsin"}, False),
        ({"extent_type": "zip", "extent": "21215", "name": "21215"}, True),
        ({"extent_type": "zip", "extent": "53204", "name": "53204"}, False),
    ],
)
def test_a_far_service_reaches_the_caller_by_its_area(tmp_path: Path, area: JSON, reached: bool) -> None:
    service = make_service("far away", at=FAR_AWAY, service_areas=[{"id": uuid("area"), **area}])
    page = find(tmp_path, NEAR, service)
    assert [hit.reached_by for hit in page.hits] == (["area"] if reached else [])


def test_an_area_drawn_as_geojson_reaches_whoever_is_inside(tmp_path: Path) -> None:
    lat, lon = HOME
    ring = [[lon - 1, lat - 1], [lon + 1, lat - 1], [lon + 1, lat + 1], [lon - 1, lat + 1], [lon - 1, lat - 1]]
    area = {"id": uuid("a"), "extent_type": "geojson", "extent": f'{{"type":"Polygon","coordinates":[{ring}]}}'}
    service = make_service("far away", at=FAR_AWAY, service_areas=[area])
    with searching(tmp_path, service) as (session, index):
        assert [hit.reached_by for hit in index.find(session, NEAR).hits] == ["area"]
        elsewhere = place_at(Point(*FAR_AWAY), "Chicago")
        tucson = place_at(Point(32.22, -110.97), "Tucson")
        assert index.find(session, replace(NEAR, place=elsewhere)).hits[0].reached_by == "site"
        assert index.find(session, replace(NEAR, place=tucson)).total == 0


def test_a_remote_service_reaches_everybody_and_ranks_after_the_near(tmp_path: Path) -> None:
    services = [
        make_service("hotline", sites=[make_site(None, location_type="virtual")]),
        make_service("ten miles", at=TEN_MILES_NORTH),
    ]
    page = find(tmp_path, NEAR, *services)
    assert names(page, *services) == ["ten miles", "hotline"]
    assert page.hits[1].reached_by == "remote"


def test_a_given_need_ranks_before_an_inferred_one(tmp_path: Path) -> None:
    services = [
        make_service("inferred", needs={"food-pantry": "words"}),
        make_service("a term", needs={"food-pantry": "term"}),
    ]
    assert names(find(tmp_path, FOOD, *services), *services) == ["a term", "inferred"]


def test_a_parent_need_includes_its_children(tmp_path: Path) -> None:
    service = make_service("a pantry", needs={"food-pantry": "term"})
    assert find(tmp_path, SearchQuery(needs=(ask_for("food"),)), service).total == 1


def test_repeated_needs_must_all_be_answered(tmp_path: Path) -> None:
    both = make_service("both", needs={"food-pantry": "term", "clothing": "term"})
    one = make_service("one", needs={"food-pantry": "term"})
    page = find(tmp_path, SearchQuery(needs=(ask_for("food-pantry"), ask_for("clothing"))), both, one)
    assert names(page, both, one) == ["both"]


@pytest.mark.parametrize(
    ("fields", "age", "fits"),
    [
        ({"maximum_age_months": 36}, 12, True),
        ({"maximum_age_months": 36}, 48, False),
        ({"minimum_age": 18}, 12, False),
        ({"minimum_age": 18}, 240, True),
        ({"maximum_age": 5}, 71, True),
        ({"maximum_age": 5}, 72, False),
        ({}, 12, None),
    ],
)
def test_an_age_excludes_only_whom_it_certainly_excludes(
    tmp_path: Path, fields: JSON, age: float, fits: bool | None
) -> None:
    page = find(tmp_path, replace(FOOD, age_months=age), make_service("one", **fields))
    assert page.total == (0 if fits is False else 1)
    assert [hit.unknown for hit in page.hits] == ([] if fits is False else [() if fits else ("age",)])


FILTERS = [
    (
        {"language": "es"},
        {"languages": [{"id": uuid("l"), "code": "es"}]},
        {"languages": [{"id": uuid("l"), "code": "ru"}]},
    ),
    ({"free": True}, {"fees_description": "None."}, {"fees_description": "$20 a visit"}),
    ({"free": False}, {"fees_description": "$20 a visit"}, {"fees_description": "Free"}),
    ({"accepts_referrals": True}, {"accepts_referrals": "yes"}, {"accepts_referrals": "no"}),
    ({"capacity": "capacity"}, {"capacity_status": "capacity"}, {"capacity_status": "no-capacity"}),
    ({"life_stage": "pregnant"}, {"life_stages": ["pregnant"]}, {"life_stages": ["teen"]}),
]


@pytest.mark.parametrize(("asked", "fits", "not_fits"), FILTERS, ids=lambda value: next(iter(value)))
def test_a_filter_keeps_what_fits_and_what_is_not_known(
    tmp_path: Path, asked: JSON, fits: JSON, not_fits: JSON
) -> None:
    services = [make_service("unknown"), make_service("not", **not_fits), make_service("fits", **fits)]
    page = find(tmp_path, replace(FOOD, **asked), *services)
    assert names(page, *services) == ["fits", "unknown"]
    assert page.hits[1].unknown == tuple(asked)


def test_english_is_taken_to_be_spoken_everywhere(tmp_path: Path) -> None:
    service = make_service("Spanish too", languages=[{"id": uuid("l"), "code": "es"}])
    assert find(tmp_path, replace(FOOD, language="en"), service).total == 1


def test_remote_is_a_filter_both_ways(tmp_path: Path) -> None:
    services = [make_service("hotline", sites=[make_site(None, location_type="virtual")]), make_service("here")]
    with searching(tmp_path, *services) as (session, index):
        assert names(index.find(session, replace(FOOD, remote=True)), *services) == ["hotline"]
        assert names(index.find(session, replace(FOOD, remote=False)), *services) == ["here"]


def test_every_essential_word_must_be_found(tmp_path: Path) -> None:
    services = [
        make_service("Tax help", description="Files returns."),
        make_service("Tax returns filed", description="At the library."),
    ]
    page = find(tmp_path, SearchQuery(asked=Asked(essential=words("tax library"))), *services)
    assert names(page, *services) == ["Tax returns filed"]


def test_a_word_in_the_name_ranks_before_one_in_the_text(tmp_path: Path) -> None:
    services = [
        make_service("Helping hands", description="We keep bees."),
        make_service("Bees for all", description="A garden."),
    ]
    page = find(tmp_path, SearchQuery(asked=Asked(essential=words("bees"))), *services)
    assert names(page, *services) == ["Bees for all", "Helping hands"]


def test_accents_and_endings_do_not_matter(tmp_path: Path) -> None:
    service = make_service("Atención médica", description="Clínicas para las familias y los niños de la ciudad.")
    with searching(tmp_path, service) as (session, index):
        for asked in ("atencion", "medica", "clinica", "familia"):
            assert index.find(session, SearchQuery(asked=Asked(essential=words(asked)))).total == 1, asked


def test_words_that_only_ask_for_donations_are_not_found(tmp_path: Path) -> None:
    service = make_service("Helping hands", description="OVERVIEW: Shelter.\n\nDONATIONS: Cribs and toys.\n")
    page = find(tmp_path, SearchQuery(asked=Asked(essential=words("cribs"))), service)
    assert page.total == 0


def test_facets_count_every_hit_not_only_the_page(tmp_path: Path) -> None:
    services = [
        make_service(f"service {n}", sites=[make_site(HOME, addresses=[{"city": "Baltimore" if n % 3 else "Towson"}])])
        for n in range(9)
    ]
    page = find(tmp_path, replace(FOOD, per_page=2, facets=("city", "need")), *services)
    assert (page.total, len(page.hits)) == (9, 2)
    assert page.facets["city"] == (("Baltimore", 6), ("Towson", 3))
    assert dict(page.facets["need"]) == {"food": 9, "food-pantry": 9}


def test_pages_join_without_gap_or_overlap(tmp_path: Path) -> None:
    services = [make_service(f"service {n}") for n in range(25)]
    with searching(tmp_path, *services) as (session, index):
        pages = [index.find(session, replace(FOOD, page=n, per_page=10)) for n in (1, 2, 3, 4)]
    found = [hit.service_id for page in pages for hit in page.hits]
    assert len(found) == 25
    assert set(found) == {service["id"] for service in services}


@pytest.mark.parametrize("sort", ["distance", "name", "updated"])
def test_a_sort_orders_by_what_it_names(tmp_path: Path, sort: str) -> None:
    services = [make_service("b", at=HOME), make_service("a", at=ONE_MILE_NORTH)]
    page = find(tmp_path, replace(NEAR, sort=sort), *services)
    by_distance, by_name = ["b", "a"], ["a", "b"]
    by_id = [s["name"] for s in sorted(services, key=lambda s: s["id"])]
    assert names(page, *services) == {"distance": by_distance, "name": by_name, "updated": by_id}[sort]


def test_putting_a_service_again_replaces_it(tmp_path: Path) -> None:
    with searching(tmp_path, make_service("old name")) as (session, index):
        changed = make_service("old name") | {"name": "new name"}
        index.put(session, [search_document(changed, write_card(changed, today=TODAY), updated_at=0.0)])
        assert index.find(session, SearchQuery(asked=Asked(essential=words("old")))).total == 0
        assert index.find(session, SearchQuery(asked=Asked(essential=words("new")))).total == 1
        assert index.find(session, FOOD).total == 1


def test_a_removed_service_is_forgotten_whole(tmp_path: Path) -> None:
    services = [make_service("one"), make_service("two")]
    with searching(tmp_path, *services) as (session, index):
        index.remove(session, [services[0]["id"], uuid("never stored")])
        assert names(index.find(session, FOOD), *services) == ["two"]
        assert not index.has_word(session, ("one",))


def test_cells_never_lose_a_hit_anywhere_on_earth(tmp_path: Path) -> None:
    with searching(tmp_path) as (session, index):

        @given(point=st.tuples(st.floats(-89, 89), st.floats(-180, 180)), radius=st.floats(100, 4_000_000))
        @settings(max_examples=40, deadline=None)
        def find_at_the_edge(point: tuple[float, float], radius: float) -> None:
            service = make_service("at the edge", at=_on_circle(point, radius * 0.999))
            index.put(session, [search_document(service, write_card(service, today=TODAY), updated_at=0.0)])
            place = replace(HERE, point=Point(*point), areas=frozenset())
            assert index.find(session, replace(NEAR, place=place, within_m=radius)).total == 1

        find_at_the_edge()


def _on_circle(point: tuple[float, float], radius: float) -> tuple[float, float]:
    """Walk due east-north-east from a point along a great circle."""
    from math import asin, atan2, cos, degrees, radians, sin

    lat, lon, bearing, angle = radians(point[0]), radians(point[1]), radians(73), radius / 6_371_008.8
    there = asin(sin(lat) * cos(angle) + cos(lat) * sin(angle) * cos(bearing))
    across = lon + atan2(sin(bearing) * sin(angle) * cos(lat), cos(angle) - sin(lat) * sin(there))
    return degrees(there), (degrees(across) + 540) % 360 - 180


def test_a_term_confirms_a_life_stage_and_excludes_nobody(tmp_path: Path) -> None:
    name = next(iter(vocabulary().stages_by_term))
    stage = vocabulary().stages_by_term[name][0]
    other = next(each for each in ("pregnant", "teen", "infant") if each not in vocabulary().stages_by_term[name])
    term = {"id": uuid("a"), "taxonomy_term": {"id": uuid("t"), "name": name, "description": ""}}
    service = make_service("by its term", attributes=[term])
    with searching(tmp_path, service) as (session, index):
        (hit,) = index.find(session, replace(FOOD, life_stage=stage, facets=("life_stage",))).hits
        assert hit.unknown == ()
        (hit,) = index.find(session, replace(FOOD, life_stage=other)).hits
        assert hit.unknown == ("life_stage",)
        assert stage in dict(index.find(session, replace(FOOD, facets=("life_stage",))).facets["life_stage"])
