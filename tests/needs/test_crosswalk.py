"""Clinical codes, and the needs that they express."""

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from resource_api.errors import BadQuery
from resource_api.needs import needs_for_code, vocabulary


def slugs(code: str) -> set[str]:
    return {slug for slug, _ in needs_for_code(code)}


def test_a_code_says_which_need_it_expresses() -> None:
    assert "food-pantry" in slugs("Z59.41")
    assert "food" in slugs("loinc|88122-7")
    assert "food" in slugs("sdohcc|food-insecurity")


@pytest.mark.parametrize(
    "code", ["z59.41", "Z5941", " Z59.41 ", "icd10|Z59.41", "ICD-10|Z59.41", "icd10cm|Z59.41", "ICD-10-CM|Z59.41"]
)
def test_a_code_may_be_written_in_every_usual_way(code: str) -> None:
    assert needs_for_code(code) == needs_for_code("Z59.41")


@pytest.mark.parametrize(
    ("bare", "named"),
    [("88122-7", "loinc|88122-7"), ("food-insecurity", "sdohcc|food-insecurity"), ("F53.0", "icd10|F53.0")],
)
def test_a_bare_code_is_read_by_its_shape(bare: str, named: str) -> None:
    assert needs_for_code(bare) == needs_for_code(named)


def test_icd10_is_matched_by_prefix_both_ways() -> None:
    below = {slug for slug, need in vocabulary().needs.items() if any(c.startswith("Z59.4") for c in need.icd10)}
    assert slugs("Z59.4") >= below
    assert slugs("Z59.41") <= slugs("Z59.4")
    # More digits than anybody maps still mean what the digits before them mean.
    assert slugs("Z59.419") >= {"food"}


def test_the_longest_mapped_prefix_is_the_best_reading() -> None:
    weights = dict(needs_for_code("Z59.41"))
    assert weights["food-pantry"] == 1.0  # mapped to Z59.41 itself
    assert 0 < weights["food"] < 1.0  # mapped to Z59.4


def test_every_code_of_the_vocabulary_leads_to_its_need() -> None:
    for slug, need in vocabulary().needs.items():
        for system in ("icd10", "loinc", "sdohcc"):
            for code in getattr(need, system):
                found = dict(needs_for_code(f"{system}|{code}"))
                best = {each for each, weight in found.items() if weight == 1.0}
                children = {each for each in best if vocabulary().needs[each].parent == slug}
                assert slug in best or children, (slug, code)
                assert slug in found


def test_a_child_that_a_code_means_counts_more_than_its_parent() -> None:
    found = dict(needs_for_code("sdohcc|food-insecurity"))
    assert found["food-pantry"] == 1.0
    assert found["food"] < 1.0


@pytest.mark.parametrize(
    "code",
    ["icd10|", "icd10|Z", "icd10|Z5", "Z", "A00.0", "icd10|not a code", "loinc|0-0", "sdohcc|hunger", "xyz", "", "%"],
)
def test_a_code_that_expresses_no_need_is_refused_with_examples(code: str) -> None:
    with pytest.raises(BadQuery, match="expresses no need") as refused:
        needs_for_code(code)
    assert refused.value.field == "code"
    assert "Z59.41" in str(refused.value.hint)


@pytest.mark.parametrize("code", ["snomed|733423003", "|Z59.41", "a|b|c"])
def test_an_unknown_system_is_refused_with_the_known_ones(code: str) -> None:
    with pytest.raises(BadQuery, match="code system") as refused:
        needs_for_code(code)
    assert refused.value.hint == "one of icd10, loinc, sdohcc"


@given(st.text(max_size=20))
def test_whatever_is_typed_is_a_code_or_refused(text: str) -> None:
    with suppress(BadQuery):
        assert needs_for_code(text)
