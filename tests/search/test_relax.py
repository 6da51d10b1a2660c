"""What to drop when nothing fits."""

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from resource_api.places import Point
from resource_api.search.ask import ask_for, read_question
from resource_api.search.place import place_at
from resource_api.search.query import SearchQuery
from resource_api.search.relax import MOST, Relaxation, find_relaxations
from tests.search.services import (
    FAR_AWAY,
    HOME,
    JSON,
    TEN_MILES_NORTH,
    WEEKDAYS_NINE_TO_FIVE,
    make_service,
    make_site,
    searching,
    uuid,
)

HERE = place_at(Point(*HOME), "21215", zip5="21215")
FOOD = SearchQuery(needs=(ask_for("food-pantry"),))
SUNDAY = datetime(2026, 11, 29, 12, tzinfo=ZoneInfo("America/New_York"))


def relax(path: Path, query: SearchQuery, *services: JSON) -> list[Relaxation]:
    with searching(path, *services) as (session, index):
        assert index.find(session, query).total == 0
        found = find_relaxations(session, index, query)
        assert all(each.total for each in found)
        return found


FILTERS: list[tuple[str, JSON, JSON]] = [
    ("open_at", {"open_at": SUNDAY}, {"schedules": [WEEKDAYS_NINE_TO_FIVE]}),
    ("age", {"age_months": 240.0}, {"maximum_age_months": 36}),
    ("language", {"language": "es"}, {"languages": [{"id": uuid("l"), "code": "ru"}]}),
    ("free", {"free": True}, {"fees_description": "$20 a visit"}),
    ("capacity", {"capacity": "capacity"}, {"capacity_status": "no-capacity"}),
    ("accepts_referrals", {"accepts_referrals": True}, {"accepts_referrals": "no"}),
    ("life_stage", {"life_stage": "pregnant"}, {"life_stages": ["teen"]}),
    ("remote", {"remote": True}, {}),
    ("organization_id", {"organization_id": uuid("somebody else")}, {}),
    ("taxonomy_term_id", {"taxonomy_term_id": uuid("a term")}, {}),
    ("updated_after", {"updated_after": datetime(2030, 1, 1, tzinfo=UTC)}, {}),
]


@pytest.mark.parametrize(
    ("name", "asked", "fields"), FILTERS, ids=lambda value: value if isinstance(value, str) else ""
)
def test_the_filter_that_emptied_the_answer_is_named(tmp_path: Path, name: str, asked: JSON, fields: JSON) -> None:
    services = [make_service("one", **fields), make_service("two", **fields)]
    assert relax(tmp_path, replace(FOOD, **asked), *services) == [Relaxation(name, None, 2)]


def test_a_circle_is_widened_only_as_far_as_it_must_be(tmp_path: Path) -> None:
    query = replace(FOOD, place=HERE, within_m=1_000.0)
    services = [make_service("ten miles", at=TEN_MILES_NORTH), make_service("far", at=FAR_AWAY)]
    assert relax(tmp_path, query, *services) == [Relaxation("within", "50mi", 1), Relaxation("near", None, 2)]


def test_a_wider_circle_is_tried_where_the_first_is_empty_too(tmp_path: Path) -> None:
    service = make_service("seventy miles", at=(HOME[0] + 1.0, HOME[1]))
    found = relax(tmp_path, replace(FOOD, place=HERE), service)
    assert found == [Relaxation("within", "100mi", 1), Relaxation("near", None, 1)]


def test_a_circle_is_never_narrowed(tmp_path: Path) -> None:
    query = replace(FOOD, place=HERE, within_m=300_000.0)
    assert relax(tmp_path, query, make_service("far", at=FAR_AWAY)) == [Relaxation("near", None, 1)]


def test_a_filter_that_did_not_empty_the_answer_is_not_offered(tmp_path: Path) -> None:
    query = replace(FOOD, free=True, life_stage="pregnant")
    service = make_service("for teens", fees_description="Free", life_stages=["teen"])
    assert relax(tmp_path, query, service) == [Relaxation("life_stage", None, 1)]


def test_of_two_needs_both_may_go(tmp_path: Path) -> None:
    query = SearchQuery(needs=(ask_for("food-pantry"), ask_for("diapers")))
    assert relax(tmp_path, query, make_service("pantry")) == [Relaxation("need", None, 1)]


def test_the_one_need_that_is_asked_for_is_never_dropped(tmp_path: Path) -> None:
    assert relax(tmp_path, SearchQuery(needs=(ask_for("diapers"),)), make_service("pantry")) == []


def test_a_need_and_a_question_may_each_go(tmp_path: Path) -> None:
    services = [make_service("Pantry"), make_service("Pottery class", needs={})]
    with searching(tmp_path, *services) as (session, index):
        query = replace(FOOD, asked=read_question(session, index, "pottery").asked)
        assert index.find(session, query).total == 0
        found = find_relaxations(session, index, query)
    assert found == [Relaxation("need", None, 1), Relaxation("q", None, 1)]


def test_the_words_beside_a_need_may_go(tmp_path: Path) -> None:
    service = make_service("Pantry")
    with searching(tmp_path, service) as (session, index):
        query = SearchQuery(asked=read_question(session, index, "purple pantry").asked)
        assert index.find(session, query).total == 0
        assert find_relaxations(session, index, query) == [Relaxation("q", "pantry", 1)]


def test_accessibility_excludes_nobody_and_is_never_to_blame(tmp_path: Path) -> None:
    with searching(tmp_path, make_service("one")) as (session, index):
        assert index.find(session, replace(FOOD, accessibility="wheelchair")).total == 1


def test_where_nothing_helps_nothing_is_offered(tmp_path: Path) -> None:
    query = SearchQuery(needs=(ask_for("diapers"),), place=HERE, free=True, language="es")
    assert relax(tmp_path, query, make_service("pantry")) == []
    with searching(tmp_path / "again") as (session, index):
        assert find_relaxations(session, index, replace(FOOD, place=HERE)) == []


def test_few_are_offered_the_nearest_first(tmp_path: Path) -> None:
    # Each of five services is kept out by one filter of its own.
    asked: dict[str, Any] = {}
    services = []
    fits = {
        "schedules": [{**WEEKDAYS_NINE_TO_FIVE, "byday": "SU"}],
        "maximum_age_months": 600,
        "languages": [{"id": uuid("l"), "code": "es"}],
        "fees_description": "Free",
        "capacity_status": "capacity",
    }
    for name, filters, fields in FILTERS[:5]:
        asked |= filters
        services.append(make_service(name, **(fits | fields)))
    found = relax(tmp_path, replace(FOOD, **asked), *services)
    assert [each.drop for each in found] == ["open_at", "age", "language", "free"]
    assert len(found) == MOST


def test_the_page_and_the_facets_do_not_change_a_total(tmp_path: Path) -> None:
    query = replace(FOOD, free=True, page=3, per_page=1, facets=("city",))
    services = [make_service(f"service {n}", sites=[make_site(HOME)], fees_description="$5") for n in range(3)]
    assert relax(tmp_path, query, *services) == [Relaxation("free", None, 3)]
