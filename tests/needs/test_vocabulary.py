"""The need vocabulary as a file: well formed, whole, and true to the code systems it points to."""

import re
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import resource_api.needs
from resource_api.needs import understand
from resource_api.needs.vocabulary import phrase, read_rows

SDOHCC = frozenset(
    "sdoh-category-unspecified food-insecurity housing-instability homelessness inadequate-housing "
    "transportation-insecurity financial-insecurity material-hardship educational-attainment employment-status "
    "veteran-status stress social-connection intimate-partner-violence elder-abuse personal-health-literacy "
    "health-insurance-coverage-status medical-cost-burden digital-literacy digital-access utility-insecurity "
    "incarceration-status language-access protective-factor".split()
)
LIFE_STAGES = frozenset("pregnant postpartum infant child teen adult older-adult".split())
FIELDS = frozenset(
    "slug parent en es life_stages say say_es joins_needs joins_words offers offers_not also taxonomy sdohcc icd10 "
    "loinc sensitive".split()
)
PHRASE_FIELDS = ("say", "say_es", "offers", "offers_not")
LIST_FIELDS = (
    "life_stages",
    *PHRASE_FIELDS,
    "joins_needs",
    "joins_words",
    "also",
    "taxonomy",
    "sdohcc",
    "icd10",
    "loinc",
)
PERINATAL = frozenset(
    "prenatal-care postpartum-care home-visiting doula childbirth-classes breastfeeding perinatal-mental-health "
    "pregnancy-test pregnancy-options family-planning pregnancy-loss teen-parents wic nicu-family fatherhood "
    "baby-supplies diapers formula crib car-seat baby-clothes child-care early-intervention parenting-classes "
    "domestic-violence adoption-foster maternity-housing".split()
)
SENSITIVE = frozenset(
    "mental-health counseling psychiatry crisis child-mental-health trauma perinatal-mental-health substance-use detox "
    "opioid-medication recovery-support overdose-prevention domestic-violence violence-shelter protective-order "
    "sexual-assault child-abuse elder-abuse human-trafficking hiv-std pregnancy-test pregnancy-options family-planning "
    "immigration re-entry".split()
)
# Words which say too little to stand alone for a need.
TOO_BROAD = frozenset(
    "help free services service program programs assistance kids baby child children family mother mom talk need "
    "support ayuda gratis servicios programa bebé niños familia hijos madre mamá".split()
)

TEXT = Path(resource_api.needs.__file__).with_name("vocabulary.toml").read_text("utf-8")
FILE: dict[str, Any] = tomllib.loads(TEXT)
NEEDS: list[dict[str, Any]] = FILE["need"]
BY_SLUG: dict[str, dict[str, Any]] = {need["slug"]: need for need in NEEDS}


def test_the_file_is_read_as_toml_would_be() -> None:
    assert read_rows(TEXT) == FILE


def test_every_slug_is_one_of_its_kind() -> None:
    assert len(BY_SLUG) == len(NEEDS)


def test_there_are_enough_needs_to_hold_a_whole_directory() -> None:
    assert len(NEEDS) >= 110
    assert 12 <= sum("parent" not in need for need in NEEDS) <= 18


@pytest.mark.parametrize("word", "home car class lessons delivery photos dress bag prep down".split())
def test_no_phrase_shrinks_to_a_word_that_says_nothing(word: str) -> None:
    # "Come to my home" is "home" once the small words in it are passed over.
    assert understand(word).needs == ()


def test_every_perinatal_need_is_known() -> None:
    assert set(BY_SLUG) >= PERINATAL


def test_what_could_harm_somebody_is_marked_sensitive() -> None:
    assert {slug for slug, need in BY_SLUG.items() if need.get("sensitive")} >= SENSITIVE


def test_ordinary_needs_are_not_marked_sensitive() -> None:
    for slug in ("food", "diapers", "rent-help", "transportation", "wic", "prenatal-care", "jobs"):
        assert "sensitive" not in BY_SLUG[slug]


def test_needs_stand_in_two_levels_with_the_parent_before_its_children() -> None:
    seen: set[str] = set()
    for need in NEEDS:
        parent = need.get("parent")
        if parent is not None:
            assert parent in seen, f"{need['slug']} comes before its parent {parent}"
            assert "parent" not in BY_SLUG[parent], f"{parent} is itself a child"
        seen.add(need["slug"])


def test_every_top_level_need_has_children() -> None:
    parents = {need["parent"] for need in NEEDS if "parent" in need}
    assert parents == {need["slug"] for need in NEEDS if "parent" not in need}


def of_each_need(check: Callable[[dict[str, Any]], None]) -> Callable[[], None]:
    """Check every need in one test: a test for each of them takes longer to be set up than to run."""

    def check_all() -> None:
        wrong = []
        for need in NEEDS:
            try:
                check(need)
            except AssertionError as error:
                wrong.append(f"{need['slug']}: {error}")
        assert not wrong, "\n".join(wrong)

    check_all.__name__, check_all.__qualname__ = check.__name__, check.__qualname__
    return check_all


@of_each_need
def test_a_need_has_only_fields_that_are_explained(need: dict[str, Any]) -> None:
    assert set(need) <= FIELDS


@of_each_need
def test_a_need_has_a_plain_slug(need: dict[str, Any]) -> None:
    assert re.fullmatch(r"[a-z][a-z0-9]*(?:-[a-z0-9]+)*", need["slug"])


@of_each_need
def test_a_need_has_a_label_in_both_languages(need: dict[str, Any]) -> None:
    assert need["en"].strip() == need["en"] != ""
    assert need["es"].strip() == need["es"] != ""


@of_each_need
def test_a_need_can_be_said_in_both_languages(need: dict[str, Any]) -> None:
    assert len(need["say"]) >= 3
    assert len(need["say_es"]) >= 3


@of_each_need
def test_a_need_can_be_recognised_in_a_services_text(need: dict[str, Any]) -> None:
    assert need["offers"]


@of_each_need
def test_lists_are_lists_of_texts_without_repeats(need: dict[str, Any]) -> None:
    for field in LIST_FIELDS:
        values = need.get(field, [])
        assert isinstance(values, list)
        assert all(isinstance(value, str) and value.strip() == value != "" for value in values), field
        assert len(set(values)) == len(values), f"{field} repeats itself"


@of_each_need
def test_phrases_are_lower_case(need: dict[str, Any]) -> None:
    for field in PHRASE_FIELDS:
        for text in need.get(field, []):
            assert text == text.lower(), f"{field}: {text}"


@of_each_need
def test_no_phrase_is_too_broad(need: dict[str, Any]) -> None:
    for field in PHRASE_FIELDS:
        assert not TOO_BROAD & set(need.get(field, []))


@of_each_need
def test_what_offers_a_need_does_not_also_deny_it(need: dict[str, Any]) -> None:
    # Compared as matched: "in emergency shelters" is "emergency shelter" once the small words are passed over.
    offered = {phrase(text) for text in need["offers"]}
    assert not [text for text in need.get("offers_not", []) if phrase(text) in offered]


@of_each_need
def test_life_stages_are_known_ones(need: dict[str, Any]) -> None:
    assert set(need.get("life_stages", [])) <= LIFE_STAGES


@of_each_need
def test_sdohcc_codes_exist(need: dict[str, Any]) -> None:
    assert set(need.get("sdohcc", [])) <= SDOHCC


@of_each_need
def test_icd10_codes_are_well_formed_and_not_below_one_another(need: dict[str, Any]) -> None:
    codes = need.get("icd10", [])
    for code in codes:
        assert re.fullmatch(r"[A-TV-Z]\d[0-9A-Z](?:\.[0-9A-Z]{1,4})?", code), code
    for code in codes:
        assert not [other for other in codes if other != code and other.startswith(code)], code


@of_each_need
def test_loinc_codes_have_their_true_check_digit(need: dict[str, Any]) -> None:
    for code in need.get("loinc", []):
        assert re.fullmatch(r"\d{3,6}-\d", code), code
        number, digit = code.split("-")
        assert check_digit(number) == int(digit), code


@of_each_need
def test_a_need_points_only_to_other_needs(need: dict[str, Any]) -> None:
    for field in ("also", "joins_needs"):
        assert set(need.get(field, [])) <= set(BY_SLUG) - {need["slug"]}, field


@of_each_need
def test_a_need_joins_single_words_with_needs_or_nothing(need: dict[str, Any]) -> None:
    assert bool(need.get("joins_needs")) == bool(need.get("joins_words"))
    assert all(re.fullmatch(r"\w+", word) and word == word.lower() for word in need.get("joins_words", []))


@of_each_need
def test_sensitive_is_true_or_left_out(need: dict[str, Any]) -> None:
    assert need.get("sensitive", True) is True


def test_every_sdohcc_category_leads_to_a_need() -> None:
    assert {code for need in NEEDS for code in need.get("sdohcc", [])} == SDOHCC


def test_the_screening_items_of_prapare_lead_to_their_needs() -> None:
    leading = {
        "93031-3": "material-hardship",
        "93030-5": "transportation-insecurity",
        "93033-9": "housing-instability",
        "71802-3": "homelessness",
        "67875-5": "employment-status",
        "76437-3": "health-insurance-coverage-status",
        "76501-6": "intimate-partner-violence",
        "88122-7": "food-insecurity",
    }
    for code, category in leading.items():
        categories = {c for need in NEEDS if code in need.get("loinc", []) for c in need.get("sdohcc", [])}
        assert category in categories, code


def test_situations_give_known_life_stages_and_are_no_needs() -> None:
    terms = {name.casefold() for need in NEEDS for name in need.get("taxonomy", [])}
    given: set[str] = set()
    for row in FILE["situation"]:
        assert set(row) == {"taxonomy", "life_stages"}
        assert row["life_stages"]
        assert set(row["life_stages"]) <= LIFE_STAGES
        given |= set(row["life_stages"])
        assert not terms & {name.casefold() for name in row["taxonomy"]}
    assert given >= {"pregnant", "infant", "child", "teen", "adult", "older-adult"}


def test_the_file_holds_nothing_but_needs_and_situations() -> None:
    assert set(FILE) == {"need", "situation"}


def check_digit(number: str) -> int:
    """Reckon a LOINC check digit (modulus 10, every second digit from the right doubled)."""
    total = 0
    for place, character in enumerate(reversed(number)):
        value = int(character) * (2 if place % 2 == 0 else 1)
        total += value - 9 if value > 9 else value
    return -total % 10
