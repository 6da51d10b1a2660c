"""How a question may go on."""

from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy.orm import Session

from resource_api.needs import vocabulary
from resource_api.search.suggest import Suggestion, suggest
from tests.search.services import add_towns, make_service, searching, uuid

SERVICES = [
    make_service("Diaper Depot"),
    make_service("Diáper Depot of Towson"),
    make_service("Towson Table"),
    make_service("McKinney Center"),
]


@pytest.fixture(scope="module")
def session(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Session]:
    with searching(tmp_path_factory.mktemp("suggest"), *SERVICES) as (session, _):
        add_towns(session)
        yield session


def values(session: Session, text: str, kind: str, lang: str = "en") -> list[str]:
    return [s.value for s in suggest(session, text, lang=lang) if s.kind == kind]


def test_needs_come_first_then_services_then_towns(session: Session) -> None:
    kinds = [s.kind for s in suggest(session, "to", lang="en", limit=20)]
    assert kinds == sorted(kinds, key=["need", "service", "place"].index)
    assert {"service", "place"} <= set(kinds)


@pytest.mark.parametrize("text", ["diap", "DIAP", "pañal", "panal", "diapers"])
def test_a_need_is_suggested_in_either_language_with_the_readers_label(session: Session, text: str) -> None:
    need = vocabulary().needs["diapers"]
    assert Suggestion("need", "diapers", need.en) in suggest(session, text, lang="en")
    assert Suggestion("need", "diapers", need.es) in suggest(session, text, lang="es")


def test_a_label_counts_before_a_way_to_say_it(session: Session) -> None:
    assert values(session, "food", "need")[0] == "food"


def test_a_service_is_suggested_by_the_name_it_gave_itself(session: Session) -> None:
    assert Suggestion("service", uuid("McKinney Center"), "McKinney Center") in suggest(session, "mckin", lang="en")
    assert set(values(session, "diaper d", "service")) == {uuid("Diaper Depot"), uuid("Diáper Depot of Towson")}


def test_a_town_is_suggested_with_its_state_the_largest_first(session: Session) -> None:
    assert values(session, "spring", "place") == ["Springfield, MO", "Springfield, IL"]


def test_there_are_never_more_than_asked_for_and_needs_leave_room(session: Session) -> None:
    for limit in (1, 2, 3, 10):
        assert len(suggest(session, "d", lang="en", limit=limit)) <= limit
    assert "service" in {s.kind for s in suggest(session, "diaper", lang="en", limit=4)}


@pytest.mark.parametrize("text", ["", "   ", "!?", "\x00", "the zzzz"])
def test_nothing_typed_suggests_nothing(session: Session, text: str) -> None:
    assert suggest(session, text, lang="en") == []


@given(st.text(max_size=30), st.sampled_from(["en", "es"]))
@settings(deadline=None)
def test_whatever_is_typed_is_no_fault(session: Session, text: str, lang: str) -> None:
    found = suggest(session, text, lang=lang)
    assert len({(s.kind, s.value) for s in found}) == len(found)
