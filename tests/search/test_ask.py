"""What a question means to the index, and how its misspelt words are repaired."""

from collections.abc import Iterator

import pytest
from sqlalchemy.orm import Session

from resource_api.search.ask import MOST_WORDS, Question, ask_for, read_question
from resource_api.search.sqlite_index import SQLiteIndex
from tests.search.services import make_service, searching

Searching = tuple[Session, SQLiteIndex]
SERVICES = [
    make_service("Beekeeping workshop", description="We teach beekeeping and pottery. Bring pots.", needs={}),
    make_service("Harbor Pantry", description="Groceries.", organization="Quantum Foundation"),
]


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Searching]:
    with searching(tmp_path_factory.mktemp("ask"), *SERVICES) as opened:
        yield opened


def read(place: Searching, text: str) -> Question:
    return read_question(*place, text)


def test_a_question_becomes_needs_and_words(place: Searching) -> None:
    question = read(place, "purple diapers")
    assert [ask.slugs for ask in question.asked.needs] == [("diapers",)]
    assert [word.text for word in question.asked.words] == ["diapers"]
    assert [word.text for word in question.asked.essential] == ["purple"]
    assert question.repaired == ()


def test_a_word_that_nothing_answers_to_is_repaired_to_one_that_is_said(place: Searching) -> None:
    question = read(place, "potttery")
    assert question.repaired == (("potttery", "pottery"),)
    assert [word.text for word in question.asked.essential] == ["pottery"]


def test_two_letters_may_be_swapped_and_a_long_word_may_miss_two(place: Searching) -> None:
    assert read(place, "qauntum").repaired == (("qauntum", "quantum"),)
    assert read(place, "beekeping").repaired == (("beekeping", "beekeeping"),)
    assert read(place, "bekeping").repaired == (("bekeping", "beekeeping"),)
    assert read(place, "bkepng").repaired == ()


def test_a_misspelt_need_is_repaired_to_the_need_first(place: Searching) -> None:
    question = read(place, "diapres")
    assert question.repaired == (("diapres", "diapers"),)
    assert [ask.slugs for ask in question.asked.needs] == [("diapers",)]


def test_a_word_that_some_service_says_is_never_repaired(place: Searching) -> None:
    assert read(place, "pots").repaired == ()
    # One slip from "pottery", and said itself.
    assert read(place, "pottery").repaired == ()


@pytest.mark.parametrize("text", ["pot", "wik", "12345", "99999999", "zzzzzzzz"])
def test_short_words_numbers_and_strange_words_are_left_alone(place: Searching, text: str) -> None:
    assert read(place, text).repaired == ()


def test_only_the_misspelt_words_of_a_question_change(place: Searching) -> None:
    question = read(place, "Harbor potery")
    assert question.repaired == (("potery", "pottery"),)
    assert [word.text for word in question.asked.essential] == ["harbor", "pottery"]


def test_a_word_that_is_said_no_longer_is_suggested_no_longer(tmp_path_factory: pytest.TempPathFactory) -> None:
    with searching(tmp_path_factory.mktemp("gone"), *SERVICES) as (session, index):
        assert read_question(session, index, "potery").repaired
        index.remove(session, [SERVICES[0]["id"]])
        assert read_question(session, index, "potery").repaired == ()


def test_a_word_that_another_process_has_just_removed_is_not_suggested(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    with searching(tmp_path_factory.mktemp("stale"), *SERVICES) as (session, index):
        index.spoken_words(session)
        other = SQLiteIndex()
        other.remove(session, [SERVICES[0]["id"]])
        index._words_as_of = session.connection().exec_driver_sql("SELECT count(*), max(rowid) FROM search_word").one()
        assert "pottery" in index.spoken_words(session)
        assert read_question(session, index, "potery").repaired == ()


def test_a_very_long_question_is_read_as_far_as_somebody_may_mean_it(place: Searching) -> None:
    question = read(place, "pottery " * 10_000)
    assert len(question.asked.essential) == 1
    many = read(place, " ".join(f"word{n}" for n in range(1000)))
    assert len(many.asked.essential) == MOST_WORDS


def test_a_word_asked_twice_is_asked_once(place: Searching) -> None:
    assert len(read(place, "pottery pottery").asked.essential) == 1


def test_asking_for_a_need_asks_for_what_else_helps_with_less_weight() -> None:
    ask = ask_for("diapers")
    assert ask.slugs == ("diapers",)
    assert all(weight < 1 for slug, weight in ask.answers[1:])
