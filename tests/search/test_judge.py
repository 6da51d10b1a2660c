"""Which candidates fit: against a plain reckoning over the documents, and at the edges."""

from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from resource_api.needs import vocabulary
from resource_api.places import Point, haversine_m
from resource_api.search.ask import ask_for
from resource_api.search.place import place_at
from resource_api.search.query import Asked, SearchQuery, Word
from resource_api.words import query_forms
from tests.search.services import (
    FAR_AWAY,
    HOME,
    JSON,
    ONE_MILE_NORTH,
    TEN_MILES_NORTH,
    WEEKDAYS_NINE_TO_FIVE,
    make_service,
    make_site,
    searching,
    uuid,
)

EASTERN = ZoneInfo("America/New_York")
HERE = place_at(Point(*HOME), "21215", zip5="21215")
EVERYTHING = SearchQuery()
SUNDAY = datetime(2026, 11, 29, 12, tzinfo=EASTERN)
TUESDAY = datetime(2026, 11, 24, 12, tzinfo=EASTERN)
WEEKENDS = {**WEEKDAYS_NINE_TO_FIVE, "byday": "SA,SU"}

# --- a plain reckoning -------------------------------------------------------------------------------------------

SLUGS = ["food", "food-pantry", "meals", "diapers", "baby-supplies", "legal"]
AREAS = {"MD": "state", "WI": "state", "21215": "zip", "US": "nation"}
POINTS = st.one_of(
    st.sampled_from([HOME, ONE_MILE_NORTH, TEN_MILES_NORTH, FAR_AWAY]),
    st.tuples(st.floats(38.8, 40.0), st.floats(-77.4, -76.0)),
)
SITES = st.lists(
    st.one_of(
        POINTS.map(lambda point: make_site(point)),
        st.just(None).map(lambda _: make_site(None, location_type="virtual")),
        st.just(None).map(lambda _: make_site(None)),
    ),
    max_size=3,
)
FIELDS: dict[str, st.SearchStrategy[Any]] = {
    "sites": SITES,
    "needs": st.lists(st.sampled_from(SLUGS), max_size=2, unique=True).map(lambda slugs: dict.fromkeys(slugs, "term")),
    "description": st.sampled_from(["", "pottery", "pottery and kites", "kites"]),
}
OPTIONAL: dict[str, st.SearchStrategy[Any]] = {
    "service_areas": st.lists(st.sampled_from(sorted(AREAS)), max_size=2, unique=True).map(
        lambda codes: [{"id": uuid(c), "extent_type": AREAS[c], "extent": c, "name": c} for c in codes]
    ),
    "minimum_age_months": st.sampled_from([0, 12, 216]),
    "maximum_age_months": st.sampled_from([12, 36, 720]),
    "life_stages": st.sampled_from([["pregnant"], ["infant", "child"]]),
    "languages": st.sampled_from([[{"id": uuid("l"), "code": "es"}], [{"id": uuid("l"), "code": "ru"}]]),
    "accepts_referrals": st.sampled_from(["yes", "no"]),
    "capacity_status": st.sampled_from(["capacity", "no-capacity"]),
    "fees_description": st.sampled_from(["Free", "$20 a visit"]),
}
DIRECTORIES = st.lists(st.fixed_dictionaries(FIELDS, optional=OPTIONAL), min_size=1, max_size=12).map(
    lambda rows: [make_service(f"service {n}", **row) for n, row in enumerate(rows)]
)
QUERIES = st.builds(
    SearchQuery,
    needs=st.lists(st.sampled_from(SLUGS).map(ask_for), max_size=2).map(tuple),
    asked=st.sampled_from(
        [Asked(), *(Asked(essential=(Word(word, query_forms(word)),)) for word in ("pottery", "kites"))]
    ),
    place=st.none() | POINTS.map(lambda point: place_at(Point(*point), "here")),
    within_m=st.floats(500, 200_000),
    age_months=st.none() | st.sampled_from([6.0, 24.0, 400.0]),
    life_stage=st.none() | st.sampled_from(["pregnant", "infant"]),
    language=st.none() | st.sampled_from(["es", "en"]),
    remote=st.none() | st.booleans(),
    free=st.none() | st.booleans(),
    accepts_referrals=st.none() | st.booleans(),
    capacity=st.none() | st.just("capacity"),
    per_page=st.just(100),
)


def fits(service: JSON, query: SearchQuery) -> bool:
    """Reckon whether a service fits, from its document alone."""
    own = {link["need"] for link in service["needs"]}
    families = own | {vocabulary().needs[slug].parent for slug in own}
    for ask in query.needs:
        if not any(slug in (families if weight == 1.0 else own) for slug, weight in ask.answers):
            return False
    if not all(word.text in service["description"].split() for word in query.asked.essential):
        return False
    low, high = service.get("minimum_age_months"), service.get("maximum_age_months")
    if query.age_months is not None and not (low or 0) <= query.age_months <= (high or 2_000):
        return False
    if query.life_stage is not None and query.life_stage not in service.get("life_stages", [query.life_stage]):
        return False
    codes = {row["code"] for row in service.get("languages", [])}
    if query.language == "es" and codes and "es" not in codes:
        return False
    remote = any(site["location"]["location_type"] == "virtual" for site in service["service_at_locations"])
    if query.remote is not None and query.remote != remote:
        return False
    fees = service.get("fees_description")
    if query.free is not None and fees is not None and query.free != (fees == "Free"):
        return False
    if query.accepts_referrals is not None:
        answer = service.get("accepts_referrals")
        if answer is not None and (answer == "yes") != query.accepts_referrals:
            return False
    if query.capacity is not None and service.get("capacity_status", query.capacity) != query.capacity:
        return False
    if query.place is None:
        return True
    areas = {row["extent"] for row in service.get("service_areas", [])}
    covered = any({"US": "US", "MD": "US-MD", "WI": "US-WI", "21215": "Z21215"}[a] in query.place.areas for a in areas)
    return nearest(service, query) is not None or covered or (remote and not areas)


def nearest(service: JSON, query: SearchQuery) -> float | None:
    """Measure to the nearest site in the circle."""
    assert query.place is not None
    points = [
        Point(site["location"]["latitude"], site["location"]["longitude"])
        for site in service["service_at_locations"]
        if "latitude" in site["location"]
    ]
    inside = [d for point in points if (d := haversine_m(query.place.point, point)) <= query.within_m]
    return min(inside, default=None)


@given(services=DIRECTORIES, queries=st.lists(QUERIES, min_size=5, max_size=20))
@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
def test_the_index_finds_what_a_plain_reckoning_finds(
    tmp_path_factory: pytest.TempPathFactory, services: list[JSON], queries: list[SearchQuery]
) -> None:
    with searching(tmp_path_factory.mktemp("oracle"), *services) as (session, index):
        for query in queries:
            page = index.find(session, query)
            expected = {service["id"]: service for service in services if fits(service, query)}
            assert {hit.service_id for hit in page.hits} == set(expected)
            assert page.total == len(expected)
            if query.place is None:
                assert all(hit.distance_m is None for hit in page.hits)
                continue
            distances = {id_: nearest(service, query) for id_, service in expected.items()}
            for hit in page.hits:
                assert hit.distance_m == pytest.approx(distances[hit.service_id], abs=0.01)
            by_distance = index.find(session, replace(query, sort="distance"))
            found = [hit.distance_m for hit in by_distance.hits]
            known = [distance for distance in found if distance is not None]
            assert known == sorted(known)
            assert found == known + [None] * (len(found) - len(known))


# --- hours -------------------------------------------------------------------------------------------------------


def find(path: Path, query: SearchQuery, *services: JSON) -> list[tuple[str, str | None]]:
    by_id = {service["id"]: service["name"] for service in services}
    with searching(path, *services) as (session, index):
        return [(by_id[hit.service_id], hit.site) for hit in index.find(session, query).hits]


def two_sites() -> JSON:
    sites = [make_site(HOME, schedules=[WEEKDAYS_NINE_TO_FIVE]), make_site(ONE_MILE_NORTH, schedules=[WEEKENDS])]
    return make_service("two sites", sites=sites)


def test_without_a_place_any_open_site_will_do(tmp_path: Path) -> None:
    assert find(tmp_path, replace(EVERYTHING, open_at=SUNDAY), two_sites()) == [("two sites", uuid("two sites 1"))]


def test_a_service_closed_at_every_site_is_closed(tmp_path: Path) -> None:
    monday_night = datetime(2026, 11, 23, 23, tzinfo=EASTERN)
    assert find(tmp_path, replace(EVERYTHING, open_at=monday_night), two_sites()) == []


def test_a_closed_office_does_not_close_the_telephone(tmp_path: Path) -> None:
    phone = make_site(None, location_type="virtual", schedules=[WEEKENDS])
    hybrid = make_service("hybrid", sites=[make_site(FAR_AWAY, schedules=[WEEKDAYS_NINE_TO_FIVE]), phone])
    for query in (EVERYTHING, replace(EVERYTHING, place=HERE)):
        assert find(tmp_path / str(query.place is None), replace(query, open_at=SUNDAY), hybrid) == [
            ("hybrid", uuid("hybrid 1"))
        ]


def test_who_is_reached_by_telephone_is_shown_by_it(tmp_path: Path) -> None:
    phone = make_site(None, location_type="virtual")
    hybrid = make_service("hybrid", sites=[make_site(FAR_AWAY), phone])
    assert find(tmp_path, replace(EVERYTHING, place=HERE), hybrid) == [("hybrid", uuid("hybrid 1"))]


def test_a_site_of_unknown_hours_may_be_open(tmp_path: Path) -> None:
    sites = [make_site(HOME, schedules=[WEEKDAYS_NINE_TO_FIVE]), make_site(ONE_MILE_NORTH)]
    service = make_service("half known", sites=sites)
    with searching(tmp_path, service) as (session, index):
        for query in (EVERYTHING, replace(EVERYTHING, place=HERE)):
            (hit,) = index.find(session, replace(query, open_at=SUNDAY)).hits
            assert (hit.site, hit.unknown) == (uuid("half known 1"), ("open_at",))
            (hit,) = index.find(session, replace(query, open_at=TUESDAY)).hits
            assert (hit.site, hit.unknown) == (uuid("half known 0"), ())


# --- facets ------------------------------------------------------------------------------------------------------


def test_facets_count_every_value_and_what_is_not_known(tmp_path: Path) -> None:
    always = {**WEEKDAYS_NINE_TO_FIVE, "byday": "MO,TU,WE,TH,FR,SA,SU"}
    services = [
        make_service(
            "known",
            sites=[make_site(HOME, schedules=[always], addresses=[{"city": "Baltimore"}])],
            fees_description="Free",
            accepts_referrals="yes",
            capacity_status="waitlist",
            life_stages=["pregnant", "infant"],
            languages=[{"id": uuid("es"), "code": "es"}, {"id": uuid("ru"), "code": "ru"}],
        ),
        make_service("priced", fees_description="$5", schedules=[{**WEEKDAYS_NINE_TO_FIVE, "byday": "MO"}]),
        make_service("remote", sites=[make_site(None, location_type="virtual")]),
    ]
    names = "need language city organization reached_by free accepts_referrals capacity life_stage open".split()
    query = replace(EVERYTHING, place=HERE, open_at=None, facets=tuple(names))
    with searching(tmp_path, *services) as (session, index):
        facets = {name: dict(counts) for name, counts in index.find(session, query).facets.items()}
        apart = {name: dict(index.find(session, replace(query, facets=(name,))).facets[name]) for name in names}
        assert index.find(session, replace(query, place=None)).facets["reached_by"] == ()
    assert apart == facets
    state = facets.pop("open")
    assert sum(state.values()) == 3
    assert state["unknown"] == 1
    assert facets == {
        "need": {"food": 3, "food-pantry": 3},
        "language": {"es": 1, "ru": 1},
        "city": {"Baltimore": 1},
        "organization": {uuid("An Organization"): 3},
        "reached_by": {"site": 2, "remote": 1},
        "free": {"yes": 1, "no": 1, "unknown": 1},
        "accepts_referrals": {"yes": 1},
        "capacity": {"waitlist": 1},
        "life_stage": {"pregnant": 1, "infant": 1},
    }


def test_a_facet_of_open_counts_at_the_time_that_is_asked(tmp_path: Path) -> None:
    services = [
        make_service("weekdays", schedules=[WEEKDAYS_NINE_TO_FIVE]),
        make_service("weekends", schedules=[WEEKENDS]),
        make_service("who knows"),
    ]
    with searching(tmp_path, *services) as (session, index):
        query = replace(EVERYTHING, open_at=SUNDAY, facets=("open",))
        assert dict(index.find(session, query).facets["open"]) == {"open": 1, "unknown": 1}


# --- ranking -----------------------------------------------------------------------------------------------------


def ranked(path: Path, asked: Asked, *services: JSON) -> list[str]:
    return [name for name, _ in find(path, SearchQuery(asked=asked), *services)]


def words(text: str) -> tuple[Word, ...]:
    return tuple(Word(word, query_forms(word)) for word in text.split())


def test_who_one_is_orders_and_does_not_exclude(tmp_path: Path) -> None:
    services = [
        make_service("Pantry"),
        make_service("Pantry of mothers"),
        make_service("Pantry of hands", organization="House of Mothers"),
    ]
    asked = Asked(needs=(ask_for("food-pantry"),), words=words("pantry"), context=words("mothers"))
    assert ranked(tmp_path, asked, *services) == ["Pantry of mothers", "Pantry of hands", "Pantry"]


def test_a_service_that_answers_both_needs_ranks_first(tmp_path: Path) -> None:
    services = [
        make_service("both", needs={"food-pantry": "term", "diapers": "term"}),
        make_service("food", needs={"food-pantry": "term"}),
        make_service("diapers", needs={"diapers": "term"}),
    ]
    asked = Asked(needs=(ask_for("food-pantry"), ask_for("diapers")))
    found = ranked(tmp_path, asked, *services)
    assert found[0] == "both"
    assert set(found) == {"both", "food", "diapers"}


def test_a_service_that_is_only_called_so_ranks_after_those_that_answer(tmp_path: Path) -> None:
    services = [
        make_service("Pantry chef training", needs={"job-training": "term"}),
        make_service("Groceries", needs={"food-pantry": "term"}),
    ]
    asked = Asked(needs=(ask_for("food-pantry"),), words=words("pantry"))
    assert ranked(tmp_path, asked, *services) == ["Groceries", "Pantry chef training"]


def test_a_hit_says_which_needs_it_answers_and_how_surely(tmp_path: Path) -> None:
    service = make_service("one", needs={"diapers": "name", "food-pantry": "term"})
    query = SearchQuery(asked=Asked(needs=(ask_for("baby-supplies"),)), needs=(ask_for("food-pantry"),))
    with searching(tmp_path, service) as (session, index):
        (hit,) = index.find(session, query).hits
    needs = dict(hit.needs)
    assert (needs["baby-supplies"], needs["food-pantry"]) == ("name", "term")


def test_a_page_beyond_the_end_is_empty_and_still_counts(tmp_path: Path) -> None:
    with searching(tmp_path, make_service("one")) as (session, index):
        page = index.find(session, replace(EVERYTHING, page=1000, per_page=100))
    assert (page.hits, page.total) == ((), 1)
