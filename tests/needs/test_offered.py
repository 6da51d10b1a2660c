"""What a description offers, and what it asks for, collects or denies."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from resource_api.needs.offered import asking_sentences, headings, offered_sentences


def test_a_plain_description_is_offered_whole() -> None:
    assert list(offered_sentences("We give out food. We teach cooking!")) == ["We give out food.", "We teach cooking!"]
    assert asking_sentences("We give out food. We teach cooking!") == []


@pytest.mark.parametrize(
    "sentence",
    [
        "We accept donations of cribs.",
        "Please donate diapers.",
        "We are in need of toys.",
        "Volunteers are needed.",
        "Donations of clothing are welcome.",
        "Aceptamos donaciones de ropa.",
        "Collects used furniture.",
    ],
)
def test_a_sentence_that_asks_is_not_offered(sentence: str) -> None:
    assert list(offered_sentences(f"We give out food. {sentence}")) == ["We give out food."]
    assert asking_sentences(f"We give out food. {sentence}") == [sentence]


@pytest.mark.parametrize(
    "sentence",
    [
        "We do not provide shelter.",
        "This office cannot offer food.",
        "Meals are not provided.",
        "No ofrecemos ropa.",
        "We are no longer able to offer rides.",
    ],
)
def test_a_sentence_that_denies_is_neither(sentence: str) -> None:
    assert list(offered_sentences(sentence)) == []
    assert asking_sentences(sentence) == []


@pytest.mark.parametrize("label", ["DONATIONS", "Donors", "VOLUNTEERS", "Wish list", "3) In-kind donations", "We need"])
def test_a_labelled_block_asks_until_the_next_label_or_blank_line(label: str) -> None:
    text = f"OVERVIEW: Shelter.\n{label}: Cribs.\nAnd toys.\nHOURS AND DAYS: Daily.\n{label}: Cars.\n\nWe give food."
    offered = " ".join(offered_sentences(text))
    asked = " ".join(asking_sentences(text))
    for word in ("Shelter", "Daily", "food"):
        assert word in offered
        assert word not in asked
    for word in ("Cribs", "toys", "Cars"):
        assert word in asked
        assert word not in offered


def test_headings_are_what_a_text_opens_with_and_its_labels() -> None:
    found = headings("We feed people.\nFOOD PANTRY: Groceries weekly.\n2) Legal help: Fridays.\nDONATIONS: Cash.")
    assert found == ["We feed people.", "FOOD PANTRY", "Legal help"]
    assert headings("") == []


@given(st.text())
def test_no_sentence_is_both_offered_and_asked_for(text: str) -> None:
    assert not set(offered_sentences(text)) & (set(asking_sentences(text)) - set(offered_sentences(text)))
    assert headings(text) == headings(text)
