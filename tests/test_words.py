"""How words are read, when written and when asked."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from resource_api.words import LIGHT, fold, index_tokens, is_spanish, query_forms, split, stem, stem_spanish


@pytest.mark.parametrize(
    ("text", "folded"),
    [
        ("Pañales", "panales"),
        ("ATENCIÓN Médica", "atencion medica"),
        ("plain", "plain"),
        ("Ｆｏｏｄ", "food"),
        ("𝐅𝐨𝐨𝐝", "food"),
        ("ﬁnd", "find"),
        ("İstanbul", "istanbul"),
        ("", ""),
    ],
)
def test_case_accents_and_fancy_letters_do_not_matter(text: str, folded: str) -> None:
    assert fold(text) == folded


@given(st.text())
def test_folding_twice_changes_nothing(text: str) -> None:
    assert fold(fold(text)) == fold(text)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("mother's milk", ["mothers", "milk"]),
        ("mother’s milk", ["mothers", "milk"]),
        ("drop-in, 24/7!", ["drop", "in", "24", "7"]),
        ("snake_case", ["snake", "case"]),
        ("食物 food", ["食", "物", "food"]),
        ("ひらがな", ["ひ", "ら", "か", "な"]),
        ('"; DROP TABLE --', ["drop", "table"]),
        ("\x00\n\t", []),
        ("", []),
    ],
)
def test_a_text_is_split_into_its_words(text: str, words: list[str]) -> None:
    assert split(text) == words


@given(st.text())
def test_a_word_is_letters_and_digits_whatever_was_typed(text: str) -> None:
    assert all(word.isalnum() for word in split(text))


def test_small_words_are_not_stored_and_endings_are_cut() -> None:
    assert index_tokens("the babies of the family") == [stem("babies"), stem("family")]
    assert stem("babies") == stem("baby")
    assert stem_spanish("panales") == stem_spanish("panal")


def test_a_spanish_text_is_stored_under_spanish_stems_too() -> None:
    spanish = index_tokens("Clínicas para las familias de la ciudad")
    assert stem_spanish("clinicas") in spanish
    assert stem("clinicas") in spanish
    assert stem_spanish("clinicas") not in index_tokens("The clinicas of the city")


@pytest.mark.parametrize(
    ("text", "spanish"),
    [
        ("comida para la familia", True),
        ("food for the family", False),
        ("la comida and the food of the city", False),
        ("comida", False),
        ("", False),
    ],
)
def test_small_words_tell_the_language(text: str, spanish: bool) -> None:
    assert is_spanish(split(text)) is spanish


@given(st.text())
def test_a_word_that_was_written_is_found_by_asking_for_it(text: str) -> None:
    stored = set(index_tokens(text))
    for word in split(text):
        assert word in LIGHT or stored & set(query_forms(word))


def test_a_word_is_asked_for_once_where_both_languages_agree() -> None:
    assert query_forms("wic") == ("wic",)
    assert query_forms("clinicas") == (stem("clinicas"), stem_spanish("clinicas"))
