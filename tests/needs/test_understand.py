"""What somebody asks for, in the words that people use."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from resource_api.needs import understand, vocabulary
from resource_api.needs.phrases import Span, find_phrases, write_book
from resource_api.words import split


@pytest.mark.parametrize(
    ("text", "need"),
    [
        ("diapers", "diapers"),
        ("Diapers!", "diapers"),
        ("DIAPER", "diapers"),
        ("pañales", "diapers"),
        ("panales", "diapers"),
        ("WIC", "wic"),
        ("baby formula", "formula"),
        ("comida", "food"),
        ("ride to doctor", "medical-transport"),
        ("rent help", "rent-help"),
        ("my baby has no crib", "crib"),
        ("I can't pay my rent this month", "rent-help"),
        ("necesito pañales para mi bebé", "diapers"),
        ("where can i get free diapers???", "diapers"),
    ],
)
def test_a_need_is_found_in_the_words_people_use(text: str, need: str) -> None:
    assert need in understand(text).needs


def test_every_label_is_understood_in_both_languages() -> None:
    for slug, need in vocabulary().needs.items():
        family = {slug, *vocabulary().children.get(slug, ())}
        assert family & set(understand(need.en).needs), need.en
        assert family & set(understand(need.es).needs), need.es


def test_a_label_that_is_one_word_means_its_need_alone() -> None:
    # A longer phrase must not shrink to such a word once the small words in it are passed over.
    for need in vocabulary().needs.values():
        if len(split(need.en)) == 1:
            assert set(understand(need.en).needs) <= {need.slug, *vocabulary().children.get(need.slug, ())}, need.en


def test_the_longest_phrase_is_the_one_that_counts() -> None:
    assert understand("food pantry").needs == ("food-pantry",)
    assert understand("pantry").needs == ("food-pantry",)
    assert understand("food").needs == ("food",)
    assert understand("baby formula").needs == ("formula",)


def test_a_parent_is_dropped_beside_its_child() -> None:
    asked = understand("food, groceries")
    assert asked.needs == ("food-pantry",)


def test_two_needs_are_both_meant() -> None:
    assert understand("food and diapers").needs == ("food", "diapers")


def test_words_that_are_no_need_are_essential() -> None:
    asked = understand("xylophone lessons")
    assert asked.needs == ()
    assert asked.essential == ("xylophone", "lessons")


def test_a_word_beside_a_need_is_essential_in_a_short_question() -> None:
    asked = understand("purple diapers")
    assert asked.needs == ("diapers",)
    assert asked.need_words == ("diapers",)
    assert asked.essential == ("purple",)


def test_in_a_sentence_the_other_words_only_order_the_answers() -> None:
    asked = understand("I have been looking all day for purple diapers")
    assert asked.needs == ("diapers",)
    assert asked.essential == ()
    assert "purple" in asked.context


def test_who_somebody_is_orders_the_answers_and_never_empties_them() -> None:
    asked = understand("diapers for a pregnant mother")
    assert asked.needs == ("diapers",)
    assert asked.essential == ()
    assert asked.context == ("pregnant", "mother")


def test_who_somebody_is_counts_where_nothing_else_is_said() -> None:
    asked = understand("single mother")
    assert asked.essential == ("single", "mother")
    assert asked.context == ()


def test_who_asks_is_no_need_of_its_own_beside_a_need() -> None:
    asked = understand("I am pregnant and need diapers")
    assert asked.needs == ("diapers",)
    assert "pregnant" in asked.context


@pytest.mark.parametrize(
    "text", ["", "   ", "help", "can you please help me", "?!", "\x00", "the of and", "ayuda por favor"]
)
def test_a_question_without_content_asks_for_nothing(text: str) -> None:
    asked = understand(text)
    assert (asked.needs, asked.need_words, asked.essential, asked.context) == ((), (), (), ())


@given(st.text())
def test_nothing_that_is_typed_is_a_fault(text: str) -> None:
    asked = understand(text)
    words = set(split(text))
    assert set(asked.needs) <= set(vocabulary().needs)
    for found in (asked.need_words, asked.essential, asked.context):
        assert set(found) <= words
    parents = {vocabulary().needs[slug].parent for slug in asked.needs}
    assert not parents & set(asked.needs)


WORDS = sorted(
    {word for need in vocabulary().needs.values() for text in (*need.say, *need.say_es) for word in split(text)}
)


@given(st.lists(st.sampled_from([*WORDS, "purple", "baby", "i", "the"]), max_size=12))
def test_any_mixture_of_the_vocabularys_words_is_read(words: list[str]) -> None:
    asked = understand(" ".join(words))
    said = [*asked.need_words, *asked.essential, *asked.context]
    assert set(said) <= set(words)
    assert not set(asked.essential) & set(asked.context)
    assert bool(asked.needs) == bool([w for w in words if asked.needs])


def test_phrases_are_found_without_overlap_the_longest_first() -> None:
    book = write_book({("a", "b"): ("ab",), ("a",): ("a",), ("b", "c"): ("bc",), ("c",): ("c",)})
    assert list(find_phrases(["a", "b", "c", "x", "a"], book)) == [
        Span(0, 2, ("ab",)),
        Span(2, 3, ("c",)),
        Span(4, 5, ("a",)),
    ]
    assert list(find_phrases([], book)) == []
