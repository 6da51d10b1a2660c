"""What is searchable of a service."""

from typing import Any

from resource_api.directory.card import write_card
from resource_api.search.document import BODY_TOKENS, SearchDocument, read_language, search_document
from resource_api.search.row import text_columns, write_needs, write_row
from resource_api.words import stem
from tests.search.services import (
    HOME,
    JSON,
    ONE_MILE_NORTH,
    TODAY,
    WEEKDAYS_NINE_TO_FIVE,
    make_service,
    make_site,
    uuid,
)


def document(**fields: Any) -> SearchDocument:
    service = make_service("Pantry", **fields)
    return search_document(service, write_card(service, today=TODAY), updated_at=7.0)


def area(extent_type: str, extent: str, name: str | None = None) -> JSON:
    return {"id": uuid(extent), "extent_type": extent_type, "extent": extent, "name": name or extent}


SQUARE = '{"type":"Polygon","coordinates":[[[-77,39],[-76,39],[-76,40],[-77,40],[-77,39]]]}'
HIDDEN = {"id": uuid("hidden"), "location": {"id": uuid("l"), "location_type": "physical", "confidential": True}}


def test_names_labels_and_texts_are_kept_apart() -> None:
    term = {"taxonomy_term": {"id": uuid("term"), "name": "Groceries"}}
    found = document(
        alternate_name="Despensa",
        organization="Harbor House",
        attributes=[term],
        description="We hand out bags.",
        eligibility_description="Everybody.",
        application_process="Walk in.",
    )
    assert {"pantri", stem("despensa")} <= set(found.title.split())
    assert {"harbor", "hous", stem("groceries")} <= set(found.labels.split())
    assert {"bag", stem("everybody"), "walk"} <= set(found.body.split())
    assert found.terms == {uuid("term")}


def test_sure_needs_lend_their_names_in_both_languages_and_inferred_ones_do_not() -> None:
    assert stem("despensa") in document(needs={"food-pantry": "term"}).labels.split()
    assert stem("despensa") not in document(needs={"food-pantry": "words"}).labels.split()


def test_what_only_asks_is_not_searchable() -> None:
    found = document(description="We help.\nDONATIONS: Cribs and toys.")
    assert "crib" not in found.body.split()
    assert "cribs" not in found.spoken


def test_a_long_text_is_searchable_as_far_as_it_is_read() -> None:
    found = document(description=" ".join(f"word{n}x" for n in range(2 * BODY_TOKENS)))
    assert len(found.body.split()) == BODY_TOKENS
    assert "word1x" in found.spoken
    assert f"word{2 * BODY_TOKENS - 1}x" not in found.spoken


def test_spoken_words_are_those_a_misspelt_one_may_have_meant() -> None:
    found = document(description="It is at the 1234 atelier, of all ids.")
    assert "atelier" in found.spoken
    assert not {"it", "at", "the", "1234", "of"} & found.spoken


def test_a_site_without_a_point_lies_in_the_middle_of_its_zip() -> None:
    (site,) = document(sites=[make_site(None, addresses=[{"postal_code": "21215", "city": "Baltimore"}])]).sites
    assert site.approximate
    assert site.city == "Baltimore"
    (exact,) = document().sites
    assert not exact.approximate
    assert (exact.latitude, exact.longitude) == HOME


def test_a_site_that_is_nowhere_has_no_point_but_keeps_its_hours() -> None:
    nowhere = make_site(None, addresses=[{"postal_code": "00000"}], schedules=[WEEKDAYS_NINE_TO_FIVE])
    found = document(sites=[nowhere])
    assert found.sites == ()
    ((site_id, hours),) = found.pointless
    assert site_id == uuid("Pantry 0")
    assert hours is not None
    assert found.hours == hours


def test_a_virtual_site_makes_a_service_remote() -> None:
    assert document(sites=[make_site(None, location_type="virtual")]).remote
    assert not document().remote


def test_areas_are_those_of_the_service_and_of_its_sites() -> None:
    site = make_site(HOME) | {"service_areas": [area("state", "PA")]}
    found = document(sites=[site], service_areas=[area("zip", "21215"), area("geojson", SQUARE, "A square")])
    assert {"US-PA", "Z21215"} <= found.areas
    assert len(found.shapes) == 1


def test_an_area_that_cannot_be_read_is_none() -> None:
    assert document(service_areas=[area("other", "wherever the wind blows")]).areas == frozenset()


def test_beside_a_hidden_site_only_a_county_or_wider_counts() -> None:
    areas = [area("zip", "21204"), area("geojson", SQUARE, "A square"), area("state", "MD")]
    found = document(sites=[dict(HIDDEN), make_site(ONE_MILE_NORTH)], service_areas=areas)
    assert found.areas == {"US-MD"}
    assert found.shapes == ()
    assert len(found.sites) == 1
    assert document(sites=[dict(HIDDEN)], service_areas=areas[:2]).areas == frozenset()


def test_languages_are_told_apart_by_language_alone() -> None:
    codes = ["es-MX", "spa", "zh-Hant", "not a tag!"]
    rows = [{"id": uuid(code), "code": code} for code in codes] + [{"id": uuid("none"), "name": "Klingon"}]
    assert document(languages=rows).languages == ("es", "zh", "not a tag!")
    assert read_language("EN-us") == "en"
    assert read_language("und") == "und"


def test_a_row_holds_what_is_filtered_by() -> None:
    site = make_site(HOME, accessibility=[{"description": "Wheelchair ramp"}])
    row = write_row(
        document(sites=[site], assured_date="2026-01-31", accepts_referrals="yes", capacity_status="waitlist")
    )
    assert row["updated_at"] == 7.0
    assert row["accessible"] == "Wheelchair ramp"
    assert (row["accepts"], row["capacity"]) == ("yes", "waitlist")
    assert row["assured_day"] is not None
    assert row["sites"] is None
    assert write_row(document(assured_date="last spring"))["assured_day"] is None
    assert write_row(document())["assured_day"] is None
    nowhere = write_row(document(at=None))
    assert (nowhere["x"], nowhere["site"], nowhere["city"]) == (None, None, None)


def test_tags_name_cells_areas_needs_terms_and_the_organization() -> None:
    tags = text_columns(
        document(
            needs={"diapers": "term"},
            attributes=[{"taxonomy_term": {"id": "A-1", "name": "x"}}],
            service_areas=[area("state", "MD"), area("geojson", SQUARE, "A square")],
            sites=[make_site(HOME), make_site(None, location_type="virtual")],
        )
    )["tags"].split()
    assert {"ndiapers", "fdiapers", "fbabysupplies", "ta1", "ausmd", "shape", "remote"} <= set(tags)
    assert "nbabysupplies" not in tags
    assert any(tag[0] == "g" for tag in tags)
    assert any(tag[0] == "o" for tag in tags)


def test_a_parent_is_answered_as_surely_as_its_surest_child() -> None:
    written = write_needs((("diapers", "words", 4), ("formula", "term", 9)))
    assert ",^baby-supplies:9t," in written
    assert ",diapers:4w," in written
    assert ",^diapers:4w," in written
    assert ",baby-supplies:" not in written
