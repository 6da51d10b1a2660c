"""Which needs a service answers, and how surely."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from resource_api.needs import NeedLink, infer_needs, vocabulary
from resource_api.needs.infer import CERTAINTIES


def infer(given_needs: str | None = None, terms: tuple[str, ...] = (), **service: Any) -> dict[str, NeedLink]:
    attributes = [{"taxonomy_term": {"name": name}} for name in terms]
    return {link.need: link for link in infer_needs(service | {"attributes": attributes}, given_needs)}


def test_what_the_publisher_says_is_certain() -> None:
    found = infer("diapers;crib;no-such-need;", name="A place", description="")
    assert set(found) == {"diapers", "crib"}
    assert {(link.certainty, link.confidence) for link in found.values()} == {("given", 9)}


def test_a_taxonomy_term_counts_before_the_words() -> None:
    (term, *_) = vocabulary().needs["food-pantry"].taxonomy
    link = infer(terms=(term.upper(), "No such term"), name="A place", description="")["food-pantry"]
    assert link.certainty == "term"
    borne_out = infer(terms=(term,), name="A place", description="We run a food pantry.")["food-pantry"]
    assert borne_out.certainty == "term"
    assert borne_out.confidence > link.confidence


def test_the_name_counts_more_than_a_mention() -> None:
    named = infer(name="Diaper bank", description="")["diapers"]
    headed = infer(name="A place", description="DIAPER BANK: On Fridays.")["diapers"]
    mentioned = infer(name="A place", description="We help families.\nThere is a diaper bank.")["diapers"]
    assert (named.certainty, headed.certainty, mentioned.certainty) == ("name", "words", "words")
    assert named.confidence > headed.confidence > mentioned.confidence


def test_a_name_beside_terms_of_other_needs_counts_less() -> None:
    (term, *_) = vocabulary().needs["emergency-shelter"].taxonomy
    alone = infer(name="Diaper bank", description="")["diapers"]
    beside = infer(terms=(term,), name="Diaper bank", description="")["diapers"]
    assert beside.confidence < alone.confidence


@pytest.mark.parametrize(
    "description",
    [
        "DONATIONS: Diapers and free diapers for our babies.",
        "We accept donations of diapers, free diapers too.",
        "We do not provide free diapers.",
    ],
)
def test_a_service_that_collects_or_denies_a_thing_does_not_offer_it(description: str) -> None:
    assert "diapers" not in infer(name="A place", description=description)


def test_a_term_is_doubted_where_the_text_only_collects_the_thing() -> None:
    (term, *_) = vocabulary().needs["food-pantry"].taxonomy
    sure = infer(terms=(term,), name="A place", description="")["food-pantry"]
    doubted = infer(terms=(term,), name="A place", description="Please donate canned goods.")["food-pantry"]
    assert doubted.certainty == "term"
    assert doubted.confidence < sure.confidence


def test_a_parent_is_left_out_beside_its_child_in_the_words() -> None:
    found = infer(name="A place", description="Our food pantry offers food assistance.")
    parents = {vocabulary().needs[slug].parent for slug in found}
    assert not parents & set(found)


def test_a_service_may_say_nothing() -> None:
    assert infer() == {}


@given(name=st.text(), description=st.text(), given_needs=st.text() | st.none())
def test_any_text_is_read_without_a_fault(name: str, description: str, given_needs: str | None) -> None:
    links = infer_needs({"name": name, "description": description}, given_needs)
    assert [link.need for link in links] == sorted({link.need for link in links})
    for link in links:
        assert link.need in vocabulary().needs
        assert link.certainty in CERTAINTIES
        assert 1 <= link.confidence <= 9
