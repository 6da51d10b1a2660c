"""What is answered: a hit, in full and in short."""

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import update
from sqlalchemy.orm import Session

from resource_api.directory.card import write_card
from resource_api.directory.tables import Document, Organization, Source
from resource_api.needs import vocabulary
from resource_api.places import Point
from resource_api.search.answer import _shorten, find_sources, write_facets, write_hits
from resource_api.search.ask import ask_for, read_question
from resource_api.search.cards import Card, find_cards
from resource_api.search.place import place_at
from resource_api.search.query import SearchPage, SearchQuery
from tests.search.services import (
    FAR_AWAY,
    HOME,
    JSON,
    NOW,
    ONE_MILE_NORTH,
    TODAY,
    WEEKDAYS_NINE_TO_FIVE,
    make_service,
    make_site,
    searching,
    uuid,
)

EASTERN = ZoneInfo("America/New_York")
HERE = place_at(Point(*HOME), "21215", zip5="21215")
FOOD = SearchQuery(needs=(ask_for("food-pantry"),))
TUESDAY_NOON = datetime(2026, 11, 24, 12, tzinfo=EASTERN)
SUNDAY_NOON = datetime(2026, 11, 29, 12, tzinfo=EASTERN)


def write(
    session: Session, query: SearchQuery, page: SearchPage, *, lang: str = "en", short: bool = False
) -> list[JSON]:
    hits = write_hits(find_cards(session, page.hits), query, page, lang=lang, short=short)
    return [orjson.loads(hit) for hit in hits]


def answer(path: Path, query: SearchQuery, *services: JSON, lang: str = "en", short: bool = False) -> list[JSON]:
    with searching(path, *services) as (session, index):
        return write(session, query, index.find(session, query), lang=lang, short=short)


def notes(path: Path, query: SearchQuery, *services: JSON, lang: str = "en") -> list[str]:
    (hit,) = answer(path, query, *services, lang=lang)
    found: list[str] = hit["why"]["notes"]
    return found


def test_a_hit_says_what_whoever_sends_somebody_there_must_know(tmp_path: Path) -> None:
    service = make_service(
        "Pantry",
        sites=[
            make_site(
                HOME,
                addresses=[
                    {"address_1": "1 Main St", "city": "Baltimore", "state_province": "MD", "postal_code": "21215"}
                ],
                schedules=[WEEKDAYS_NINE_TO_FIVE],
            ),
            make_site(FAR_AWAY),
        ],
        phones=[{"number": "410-555-0100", "extension": 7}],
        languages=[{"id": uuid("l"), "code": "es", "name": "Spanish"}],
        fees_description="Free",
        eligibility_description="Everybody",
        accepts_referrals="yes",
        capacity_status="waitlist",
        alert="Closed on holidays",
        url="https://example.org",
        description="We are here. A food pantry for all.",
        assured_date="2026-01-31",
        original_id="17",
    )
    (hit,) = answer(tmp_path, replace(FOOD, place=HERE, open_at=TUESDAY_NOON), service)
    highlight = hit["why"].pop("highlight")
    assert [highlight["text"][slice(*mark)] for mark in highlight["marks"]] == ["food pantry"]
    assert 0 < hit.pop("score") <= 1
    assert hit == {
        "service_id": uuid("Pantry"),
        "service_name": "Pantry",
        "organization_id": uuid("An Organization"),
        "organization_name": "An Organization",
        "service_at_location_id": uuid("Pantry 0"),
        "location": {
            "id": uuid("location"),
            "type": "physical",
            "latitude": HOME[0],
            "longitude": HOME[1],
            "address": "1 Main St",
            "city": "Baltimore",
            "state_province": "MD",
            "postal_code": "21215",
        },
        "distance_m": 0,
        "reached_by": "site",
        "other_sites": 1,
        "open": {"state": "open", "today": [["09:00", "17:00"]], "until": "2026-11-24T17:00:00-05:00"},
        "phones": [{"number": "410-555-0100", "extension": "7"}],
        "languages": [{"code": "es", "name": "Spanish"}],
        "cost": {"free": True, "text": "Free"},
        "eligibility": {"text": "Everybody"},
        "accepts_referrals": "yes",
        "capacity_status": "waitlist",
        "alert": "Closed on holidays",
        "url": "https://example.org",
        "why": {
            "needs": [{"need": "food-pantry", "label": "Food pantry", "certainty": "term"}],
            "words": [],
            "notes": [],
        },
        "assured_date": "2026-01-31",
        "source": {"name": "test", "id": "17"},
        "href": f"/services/{uuid('Pantry')}",
    }


def test_a_closed_service_says_when_it_opens_next(tmp_path: Path) -> None:
    # Not filtered by time: the hit is shown as it is now.
    service = make_service("Pantry", schedules=[WEEKDAYS_NINE_TO_FIVE])
    with searching(tmp_path, service) as (session, index):
        page = index.find(session, FOOD)
        (hit,) = write(session, replace(FOOD, open_at=SUNDAY_NOON), page)
        (short,) = write(session, replace(FOOD, open_at=SUNDAY_NOON), page, short=True)
    assert hit["open"] == {"state": "closed", "today": [], "next": "2026-11-30T09:00:00-05:00"}
    assert short["open"] == "closed"


def test_hours_that_are_not_listed_say_so(tmp_path: Path) -> None:
    (hit,) = answer(tmp_path, FOOD, make_service("Pantry"))
    assert hit["open"] == {"state": "unknown", "note": "hours not listed, call first"}
    (hit,) = answer(tmp_path / "es", FOOD, make_service("Pantry"), lang="es")
    assert hit["open"]["note"] == "no se indica el horario, llame antes"


UNKNOWN = [
    ({"age_months": 12.0}, "ages not listed", "edades"),
    ({"language": "es"}, "languages not listed", "idiomas"),
    ({"life_stage": "pregnant"}, "for whom", "para quién"),
    ({"accessibility": "wheelchair"}, "accessibility not listed", "accesibilidad"),
    ({"free": True}, "cost not listed", "costo"),
    ({"accepts_referrals": True}, "referrals", "referidos"),
    ({"capacity": "capacity"}, "capacity not listed", "cupo"),
]


@pytest.mark.parametrize(("asked", "english", "spanish"), UNKNOWN, ids=lambda value: next(iter(value)))
def test_what_is_not_known_of_what_was_asked_is_said(
    tmp_path: Path, asked: dict[str, Any], english: str, spanish: str
) -> None:
    (note,) = notes(tmp_path / "en", replace(FOOD, **asked), make_service("Pantry"))
    assert english in note
    (note,) = notes(tmp_path / "es", replace(FOOD, **asked), make_service("Pantry"), lang="es")
    assert spanish in note


def test_a_distance_from_the_middle_of_a_zip_says_so(tmp_path: Path) -> None:
    vague = make_service("Pantry", sites=[make_site(None, addresses=[{"postal_code": "21204"}])])
    query = replace(FOOD, place=HERE)
    (note,) = notes(tmp_path / "en", query, vague)
    assert "middle of the ZIP" in note
    (note,) = notes(tmp_path / "es", query, vague, lang="es")
    assert "aproximada" in note
    assert notes(tmp_path / "exact", query, make_service("Pantry")) == []
    assert notes(tmp_path / "anywhere", FOOD, vague) == []


def test_a_service_without_any_site_is_answered(tmp_path: Path) -> None:
    (hit,) = answer(tmp_path, FOOD, make_service("Nowhere", at=None))
    assert "location" not in hit
    assert hit["other_sites"] == 0
    (short,) = answer(tmp_path / "short", FOOD, make_service("Nowhere", at=None), short=True)
    assert "address" not in short


def test_labels_are_in_the_readers_language(tmp_path: Path) -> None:
    need = vocabulary().needs["food-pantry"]
    (hit,) = answer(tmp_path, FOOD, make_service("Pantry"), lang="es")
    assert hit["why"]["needs"] == [{"need": "food-pantry", "label": need.es, "certainty": "term"}]


def test_words_that_were_asked_are_told(tmp_path: Path) -> None:
    service = make_service("Pottery", description="Clay and pottery for mothers.", needs={})
    with searching(tmp_path, service) as (session, index):
        query = SearchQuery(asked=read_question(session, index, "clay pottery mothers").asked)
        (hit,) = write(session, query, index.find(session, query))
    assert set(hit["why"]["words"]) == {"clay", "pottery", "mothers"}
    assert len(hit["why"]["highlight"]["marks"]) == 3


def test_a_service_that_has_just_gone_is_left_out(tmp_path: Path) -> None:
    with searching(tmp_path, make_service("one"), make_service("two")) as (session, index):
        page = index.find(session, FOOD)
        session.execute(update(Document).where(Document.id == uuid("one")).values(deleted_at=NOW))
        assert [hit["service_name"] for hit in write(session, FOOD, page)] == ["two"]


WIDE = st.text(alphabet=st.sampled_from(['"', "\\", "\x01", "é", "漢", "🥫", "a", " "]), min_size=1, max_size=300)


@given(name=WIDE, phone=WIDE, street=WIDE, city=WIDE)
def test_a_short_hit_is_at_most_400_bytes_whatever_it_is_called(
    tmp_path_factory: pytest.TempPathFactory, name: str, phone: str, street: str, city: str
) -> None:
    from resource_api.search.answer import Moment, _write_short
    from resource_api.search.query import SearchHit

    site = make_site(HOME, addresses=[{"address_1": street, "city": city}], schedules=[WEEKDAYS_NINE_TO_FIVE])
    service = make_service("x", sites=[site]) | {"name": name, "phones": [{"number": phone}]}
    hit = SearchHit(1, uuid("x"), 1.0, "remote", 19_999_999.4, None, (), (), ())
    written = _write_short(hit, Card.of(write_card(service, today=TODAY)), Moment(NOW, NOW), (), "en")
    assert len(written) <= 400
    short = orjson.loads(written)
    assert name.startswith(short["service_name"])
    assert short["service_name"]


def test_a_short_text_stays_whole() -> None:
    assert _shorten("Ñandú 🥫", 90) == "Ñandú 🥫"
    assert _shorten("", 10) == ""


def test_a_short_hit_says_whom_to_call_and_where_to_go(tmp_path: Path) -> None:
    site = make_site(ONE_MILE_NORTH, addresses=[{"address_1": "1 Main St", "city": "Towson"}])
    service = make_service("Pantry", sites=[site], phones=[{"number": "410-555-0100"}])
    (hit,) = answer(tmp_path, replace(FOOD, place=HERE), service, short=True)
    assert 1_500 < hit.pop("distance_m") < 1_700
    assert hit == {
        "service_id": uuid("Pantry"),
        "service_name": "Pantry",
        "phone": "410-555-0100",
        "address": "1 Main St",
        "city": "Towson",
        "source": {"name": "test"},
        "open": "unknown",
        "reached_by": "site",
    }


def test_facets_are_labelled(tmp_path: Path) -> None:
    with searching(tmp_path) as (session, _):
        session.add(Organization(id="o", name="Harbor House", description=""))
        session.flush()
        page = SearchPage(
            (),
            0,
            {
                "need": (("food-pantry", 2), ("no-such-need", 1)),
                "organization": (("o", 2), ("gone", 1)),
                "language": (("es", 2), ("zz-unknown-tag-x", 1), ("q", 1)),
                "city": (("Baltimore", 3),),
            },
        )
        english, spanish = (write_facets(session, page, lang=lang) for lang in ("en", "es"))
    labels = {name: [row["label"] for row in rows] for name, rows in english.items()}
    assert labels == {
        "need": ["Food pantry", "no-such-need"],
        "organization": ["Harbor House", "gone"],
        "language": ["Spanish", "zz-unknown-tag-x", "q"],
        "city": ["Baltimore"],
    }
    assert spanish["language"][0]["label"] == "español"
    assert english["need"][0] == {"value": "food-pantry", "label": "Food pantry", "count": 2}


def test_sources_are_told_with_their_licence_and_when_they_were_loaded(tmp_path: Path) -> None:
    with searching(tmp_path) as (session, _):
        loaded = datetime(2026, 2, 3, tzinfo=UTC)
        session.add_all(
            [
                Source(name="open", licence="CC0-1.0", loaded_at=loaded),
                Source(name="bare"),
                Source(name="not among these"),
            ]
        )
        session.flush()
        cards = [
            Card.of(write_card(make_service("x", source={"name": name}), today=TODAY)) for name in ("open", "bare")
        ]
        assert find_sources(session, cards) == [
            {"name": "bare"},
            {"name": "open", "licence": "CC0-1.0", "checked": "2026-02-03"},
        ]
        assert find_sources(session, []) == []
