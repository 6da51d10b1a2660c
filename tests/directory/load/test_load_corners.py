"""The rarer turns that real input takes."""

import json

import pytest

from resource_api.directory.load.json_stream import read_json, read_ndjson
from resource_api.directory.load.open_input import Named, open_input
from resource_api.errors import LoadError
from tests.directory.load.loading import (
    load_place,
    one_service,
    row_of,
    rows_of,
    service_documents,
    write_json,
    write_tables,
)
from tests.directory.load.test_load_json import id_of, service
from tests.directory.load.test_load_ohana import ohana


def with_children(**children):
    return one_service() | children


def test_an_extension_is_the_digits_alone(database, tmp_path):
    phones = [{"id": "p1", "service_id": "s1", "number": "410-555-1234 ext 7", "extension": "Ext. 0456"}]
    load_place(database, write_tables(tmp_path / "in", **with_children(phones=phones)))
    assert row_of(database, "phone")["extension"] == "0456"


def test_words_around_a_number_join_its_description(database, tmp_path):
    phones = [
        {"id": "p1", "service_id": "s1", "number": "410-555-1234 (ask for Ann)", "description": "Intake"},
        {"id": "p2", "service_id": "s1", "number": "text HOME to 741741"},
    ]
    load_place(database, write_tables(tmp_path / "in", **with_children(phones=phones)))
    first, second = rows_of(database, "phone")
    assert first["description"] == "Intake; ask for Ann"
    assert (second["number"], second["type"]) == ("741741", "text")


@pytest.mark.parametrize(
    ("cell", "found"),
    [
        ({"code": "es"}, ("Spanish", "es", None)),
        ({"code": "tlh"}, (None, "tlh", None)),
        ({"name": "es"}, ("Spanish", "es", None)),
        ({"name": "Spanish", "code": "spa"}, ("Spanish", "spa", None)),
        ({"name": "Spanish (limited)", "note": "Mondays"}, ("Spanish", "es", "Mondays")),
        ({"note": "Ask"}, (None, None, "Ask")),
    ],
)
def test_a_language_is_known_by_its_name_or_its_code(database, tmp_path, cell, found):
    languages = [{"id": "g1", "service_id": "s1"} | cell]
    load_place(database, write_tables(tmp_path / "in", **with_children(languages=languages)))
    row = row_of(database, "language")
    assert (row["name"], row["code"], row["note"]) == found


@pytest.mark.parametrize(
    ("name", "found"),
    [
        ("Language line", [(None, "Language line")]),
        ("Spanish. Others by phone.", [("Spanish", "Spanish. Others by phone.")]),
    ],
)
def test_a_phones_words_about_interpreters_stay_with_the_phone(database, tmp_path, name, found):
    children = {
        "phones": [{"id": "p1", "service_id": "s1", "number": "(410) 555-1234"}],
        "languages": [{"id": "g1", "phone_id": "p1", "name": name}],
    }
    load_place(database, write_tables(tmp_path / "in", **with_children(**children)))
    assert [(row["name"], row["note"]) for row in rows_of(database, "language")] == found


def test_a_service_may_take_its_organization_from_its_site(database, tmp_path):
    tables = one_service()
    tables["services"] = [{"id": "s1", "name": "Pantry", "status": "active"}]
    assert load_place(database, write_tables(tmp_path / "in", **tables)).refused == 0
    assert row_of(database, "service")["organization_id"] == row_of(database, "organization")["id"]


def test_a_location_of_no_organization_is_of_the_source_of_its_service(database, tmp_path):
    location = {
        "id": id_of(3), "location_type": "physical", "name": "Hall",
        "phones": [{"id": id_of(9), "number": "(410) 555-1234"}],
    }  # fmt: skip
    said = service(service_at_locations=[{"id": id_of(7), "location": location}])
    said["organization"]["source"] = {"name": "county"}
    load_place(database, write_json(tmp_path / "in.json", said), named=Named())
    sources = {row["source_id"] for noun in ("location", "phone", "service") for row in rows_of(database, noun)}
    assert len(sources) == 1
    assert service_documents(database)[0]["source"] == {"name": "county"}


@pytest.mark.parametrize("said", [5, {"title": "no name"}, " ", {"name": ""}])
def test_a_source_without_a_name_is_no_other_source(database, tmp_path, said):
    load_place(database, write_json(tmp_path / "in.json", service(source=said)), named=Named())
    assert service_documents(database)[0]["source"]["name"] == "in"


def test_a_taxonomy_row_without_a_code_is_refused(database, tmp_path):
    taxonomy = [{"name": "Food", "taxonomy_id": ""}, {"name": "Rent", "taxonomy_id": "2", "colour": "red"}]
    report = load_place(database, write_tables(tmp_path / "in", **ohana(), taxonomy=taxonomy))
    assert report.refused == 1
    assert report.ignored["taxonomy.csv: colour"] == 1
    assert [row["name"] for row in rows_of(database, "taxonomy_term")] == ["Rent"]


@pytest.mark.parametrize("text", ["[1]", "{", '"x"'])
def test_service_categories_that_are_no_object_are_refused(database, tmp_path, text):
    folder = write_tables(tmp_path / "in", **ohana())
    (folder / "service_categories.json").write_text(text)
    with pytest.raises(LoadError, match="is not"):
        load_place(database, folder)


def test_an_ohana_row_without_an_id_is_refused(database, tmp_path):
    contacts = [{"id": "", "organization_id": "1", "name": "Ann"}]
    report = load_place(database, write_tables(tmp_path / "in", **ohana(), contacts=contacts))
    assert report.by_reason == {"id: the row has no id": 1}


def test_a_foreign_and_a_vanity_number_are_kept(database, tmp_path):
    phones = [
        {"id": "1", "service_id": "100", "number": "1234 234567", "country_prefix": "+44"},
        {"id": "2", "service_id": "100", "number": "7035551212", "vanity_number": "703-555-ABCD"},
    ]
    load_place(database, write_tables(tmp_path / "in", **ohana(), phones=phones))
    first, second = rows_of(database, "phone")
    assert first["number"] == "+44 1234 234567"
    assert (second["number"], second["description"]) == ("(703) 555-1212", "703-555-ABCD")


@pytest.mark.parametrize("text", ["[]", "{", "5"])
def test_a_datapackage_that_is_no_object_is_refused(tmp_path, text):
    (tmp_path / "datapackage.json").write_text(text)
    with pytest.raises(LoadError, match="is not"):
        open_input(str(tmp_path), Named(), tmp_path)


@pytest.mark.parametrize(
    ("facts", "licence"),
    [
        ({"license": "CC0-1.0"}, "CC0-1.0"),
        ({"license": {"type": "CC-BY-SA-4.0", "name": "Long"}}, "CC-BY-SA-4.0"),
        ({"licenses": [], "license": 5}, None),
        ({"resources": ["x", {"name": "phone"}, {"name": "nothing", "path": "x.csv"}]}, None),
        ({"sources": "x"}, None),
    ],
)
def test_a_datapackage_may_say_its_licence_in_several_ways(tmp_path, facts, licence):
    folder = write_tables(tmp_path / "in", **one_service())
    write_json(folder / "datapackage.json", facts)
    assert open_input(str(folder), Named(), tmp_path).source.licence == licence


def test_an_ambiguous_yes_or_no_on_a_secret_address_hides_it(database, tmp_path):
    tables = one_service()
    tables["locations"][0]["confidential"] = "ask Ann"
    load_place(database, write_tables(tmp_path / "in", **tables))
    assert row_of(database, "location")["confidential"] is True


@pytest.mark.parametrize("size", [3, 4, 7, 64])
def test_json_is_cut_alike_wherever_its_chunks_end(tmp_path, monkeypatch, size):
    monkeypatch.setattr("resource_api.directory.load.json_stream._CHUNK", size)
    value = [{"a": 'x"\\,]}{', "b": [1, [2, {"c": "é"}]], "d": None}, {"e": ""}, {}]
    path = tmp_path / "in.json"
    path.write_bytes(b"\xef\xbb\xbf" + json.dumps(value, indent=1).encode())
    with path.open("rb") as file:
        found = list(read_json(file, "in.json"))
    assert [each.value for each in found] == value
    assert [each.line for each in found] == [2, 15, 18]


def test_a_page_is_read_member_by_member(tmp_path):
    path = write_json(
        tmp_path / "in.json", {"total": 2, "none": [], "contents": [{"a": 1}, {"b": [2]}], "x": {"y": []}}
    )
    with path.open("rb") as file:
        found = [(each.key, each.value, each.is_item) for each in read_json(file, "in.json") if not each.is_end]
    assert found == [
        ("total", 2, False), ("contents", {"a": 1}, True), ("contents", {"b": [2]}, True), ("x", {"y": []}, False),
    ]  # fmt: skip


def test_an_object_too_large_for_memory_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr("resource_api.directory.load.json_stream.LARGEST_OBJECT", 1000)
    path = write_json(tmp_path / "in.json", [{"a": "x" * 200_000}])
    with path.open("rb") as file, pytest.raises(LoadError, match="larger than"):
        list(read_json(file, "in.json"))
    with path.open("rb") as file, pytest.raises(LoadError, match="longer than"):
        list(read_ndjson(file, "in.json"))
