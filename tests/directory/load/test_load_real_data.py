"""Real input: a whole city's directory, and HSDS's official examples."""

import jsonschema_rs
import pytest

from resource_api.directory.load.identify import derive_id
from resource_api.directory.load.open_input import Named
from tests.api.conformance import validators
from tests.directory.load.loading import documents, load_place, open_database, row_of, rows_of

KINDS = ("organization", "service", "service_at_location", "taxonomy", "taxonomy_term")


@pytest.fixture(scope="module")
def checks(data):
    return validators()


@pytest.fixture(scope="module")
def baltimore(data, tmp_path_factory):
    database = open_database(tmp_path_factory.mktemp("baltimore"))
    report = load_place(database, data / "baltimore", named=Named(source="baltimore"))
    yield database, report
    database.close()


def assert_valid(database, checks):
    with database.read() as session:
        for kind in KINDS:
            for document in documents(session, kind).values():
                try:
                    checks[kind].validate(document)
                except jsonschema_rs.ValidationError as error:
                    pytest.fail(f"{kind} {document['id']}: {error}")


def test_every_row_of_baltimore_lands_but_three_that_say_why(baltimore):
    _, report = baltimore
    counts = {noun: count.new for noun, count in report.counts.items()}
    assert counts["organization"] == 748
    assert counts["location"] == 1482
    assert counts["service"] == 1875
    assert counts["taxonomy_term"] == 517
    assert counts["attribute"] == 7635
    assert counts["phone"] == 7155
    # One test entry is at no location; two phone cells hold no number.
    assert report.refused == 3
    assert report.by_reason == {
        "location_id: the service is at no location, which would tell its organization": 1,
        "number: the phone has no number": 2,
        "number: no whole phone number": 3,
    }


def test_what_is_dirty_in_baltimore_is_mended(baltimore):
    database, report = baltimore
    assert report.mended["a location marked confidential, as its address says"] == 4
    assert report.mended["ages read from the eligibility"] > 250
    assert {row["country"] for row in rows_of(database, "address")} == {"US"}
    languages = {row["name"] for row in rows_of(database, "language")}
    assert "Spanish" in languages
    assert not {name for name in languages if "ccommodat" in name or "." in name}


def test_every_document_of_baltimore_is_valid_hsds(baltimore, checks):
    assert_valid(baltimore[0], checks)


def test_a_second_load_of_baltimore_changes_nothing(baltimore, data):
    database, _ = baltimore
    report = load_place(database, data / "baltimore", named=Named(source="baltimore"))
    assert (report.written, report.documents, report.tombstones) == (0, 0, 0)


def test_ids_of_baltimore_can_be_computed_by_anyone(baltimore):
    found = {row["id"]: row["original_id"] for row in rows_of(baltimore[0], "service")}
    assert found[derive_id("baltimore", "service", "143903")] == "143903"


@pytest.mark.parametrize(
    "name",
    "csv location.json organization_full.json organization_list.json service_at_location_full.json "
    "service_at_location_list.json service_full.json service_list.json tabular.json taxonomy.json taxonomy_list.json "
    "taxonomy_term.json taxonomy_term_list.json".split(),
)
def test_the_official_examples_land_and_are_valid_again(data, database, checks, name):
    place = data / "hsds" / "examples-3.2.3" / name
    report = load_place(database, place)
    # In the tabular form an attribute and a metadata row speak of records that are not there.
    assert report.refused == (2 if name in ("csv", "tabular.json") else 0)
    assert report.written > 0
    assert dict(report.ignored) == {}
    assert_valid(database, checks)
    assert load_place(database, place).written == 0


def test_the_official_full_service_keeps_every_nested_object(data, database):
    load_place(database, data / "hsds" / "examples-3.2.3" / "service_full.json")
    for (
        noun
    ) in "phone schedule language cost_option required_document contact service_capacity unit url address".split():
        assert row_of(database, noun)["id"]
    phone = row_of(database, "phone")
    assert phone["service_id"] is not None
    assert phone["location_id"] is not None
    assert phone["contact_id"] is not None
