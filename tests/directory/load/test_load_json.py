"""HSDS JSON: objects, lists, pages, ndjson, nested as deep as HSDS nests."""

import json

import pytest

from resource_api.directory.load.open_input import Named, open_input
from resource_api.directory.load.read_json import noun_of_object
from resource_api.errors import LoadError
from tests.directory.load.loading import (
    everything,
    load_place,
    row_of,
    rows_of,
    service_documents,
    write_json,
)


def id_of(number):
    return f"00000000-0000-4000-8000-{number:012}"


def organization(**fields):
    return {"id": id_of(1), "name": "Helping Hands", "description": "Helps."} | fields


def service(**fields):
    return {"id": id_of(2), "name": "Pantry", "status": "active", "organization": organization()} | fields


SHARED_PHONE = {
    "id": id_of(9),
    "number": "(410) 555-1234",
    "languages": [{"id": id_of(8), "name": "Urdu", "code": "ur"}],
}


def nested():
    location = {
        "id": id_of(3),
        "location_type": "physical",
        "phones": [SHARED_PHONE],
        "addresses": [{"id": id_of(4), "address_1": "1 Main St", "city": "X", "state_province": "MD",
                       "postal_code": "21201", "country": "US", "address_type": "physical"}],
    }  # fmt: skip
    term = {"id": id_of(5), "name": "Food", "description": "d", "taxonomy_detail": {"id": id_of(6), "name": "Kinds",
            "description": "d"}}  # fmt: skip
    return service(
        phones=[SHARED_PHONE | {"extension_text": "0123"}],
        service_at_locations=[{"id": id_of(7), "location": location}],
        attributes=[{"id": id_of(10), "taxonomy_term": term}],
        capacities=[{"id": id_of(11), "available": 3, "updated": "2026-01-01T00:00:00Z",
                     "unit": {"id": id_of(12), "name": "beds"}}],
        metadata=[{"id": id_of(13), "last_action_date": "2026-01-01", "last_action_type": "update",
                   "field_name": "name", "previous_value": "", "replacement_value": "", "updated_by": ""}],
        schedules=[{"id": id_of(14), "freq": "WEEKLY", "byday": "MO", "timezone_name": "America/New_York"}],
        life_stages=["infant"],
        needs=[{"need": "food", "certainty": "given"}],
    )  # fmt: skip


def test_what_nests_becomes_rows_that_link(database, tmp_path):
    report = load_place(database, write_json(tmp_path / "service.json", nested()))
    assert (report.refused, report.doubted, dict(report.ignored)) == (0, 0, {})
    phone = row_of(database, "phone")
    assert (phone["service_id"], phone["location_id"], phone["extension"]) == (id_of(2), id_of(3), "0123")
    assert row_of(database, "schedule")["timezone"] == "America/New_York"
    [document] = service_documents(database)
    assert document["attributes"][0]["taxonomy_term"]["taxonomy_detail"]["name"] == "Kinds"
    assert document["capacities"][0]["unit"]["name"] == "beds"
    assert document["service_at_locations"][0]["location"]["addresses"][0]["address_1"] == "1 Main St"
    assert document["life_stages"] == ["infant"]
    assert ("food", "given") in {(need["need"], need["certainty"]) for need in document["needs"]}


def test_loading_the_same_objects_again_changes_nothing(database, tmp_path):
    path = write_json(tmp_path / "service.json", nested())
    load_place(database, path)
    before = everything(database)
    assert load_place(database, path).written == 0
    assert everything(database) == before


@pytest.mark.parametrize("shape", ["object", "list", "page", "ndjson", "several", "tables"])
def test_one_object_a_list_a_page_and_lines_say_the_same(database, tmp_path, shape):
    one = nested()
    texts = {
        "object": json.dumps(one, indent=1),
        "list": json.dumps([one]),
        "page": json.dumps({"total_items": 1, "contents": [one], "empty": False}),
        "ndjson": json.dumps(one) + "\n\n",
        "several": json.dumps(one) + "\n" + json.dumps(one["organization"]),
        "tables": json.dumps(
            {
                "organizations.csv": [organization()],
                "services.csv": [{"id": id_of(2), "organization_id": id_of(1), "name": "Pantry", "status": "active"}],
            }
        ),
    }
    path = tmp_path / ("in.ndjson" if shape == "ndjson" else "in.json")
    path.write_text(texts[shape])
    report = load_place(database, path)
    assert report.refused == 0
    assert [row["name"] for row in rows_of(database, "service")] == ["Pantry"]
    assert [row["name"] for row in rows_of(database, "organization")] == ["Helping Hands"]


def test_a_file_larger_than_any_buffer_is_read_item_by_item(database, tmp_path):
    services = [service(id=id_of(100 + i), name=f'S "{i}" \\ [', description="x" * 300) for i in range(600)]
    path = write_json(tmp_path / "many.json", {"contents": services})
    assert load_place(database, path).counts["service"].new == 600


def test_a_copy_met_in_passing_does_not_blank_what_is_known(database, tmp_path):
    full = organization(website="http://example.org", services=[nested() | {"organization_id": id_of(1)}])
    load_place(database, write_json(tmp_path / "full.json", full))
    brief = service(organization={"id": id_of(1), "name": "Helping Hands Inc."}, description="Food.")
    load_place(database, write_json(tmp_path / "brief.json", brief))
    row = row_of(database, "organization")
    assert (row["name"], row["website"], row["description"]) == ("Helping Hands Inc.", "http://example.org", "Helps.")
    load_place(database, write_json(tmp_path / "full.json", full))
    assert row_of(database, "organization")["name"] == "Helping Hands"


def test_an_organizations_named_services_do_not_blank_them_either(database, tmp_path):
    load_place(database, write_json(tmp_path / "service.json", service(description="Food.")))
    named = organization(services=[{"id": id_of(2), "name": "Pantry", "status": "active"}], email="a@example.org")
    report = load_place(database, write_json(tmp_path / "organization.json", named))
    assert row_of(database, "service")["description"] == "Food."
    assert report.counts["service"].same == 1


def test_a_child_of_two_services_is_copied_for_the_second(database, tmp_path):
    second = service(id=id_of(20), name="Other", phones=[SHARED_PHONE])
    path = write_json(tmp_path / "two.json", [service(phones=[SHARED_PHONE]), second])
    load_place(database, path)
    assert sorted(d["phones"][0]["number"] for d in service_documents(database)) == ["(410) 555-1234"] * 2
    assert load_place(database, path).written == 0


def test_the_record_itself_goes_before_its_copies_in_passing(database, tmp_path):
    later = [service(), organization(name="Helping Hands", legal_status="Nonprofit")]
    load_place(database, write_json(tmp_path / "in.json", later))
    assert row_of(database, "organization")["legal_status"] == "Nonprofit"


@pytest.mark.parametrize(
    ("found", "file", "noun"),
    [
        ({"id": "1", "location_type": "physical"}, "x.json", "location"),
        ({"id": "1", "service": {}, "location": {}}, "x.json", "service_at_location"),
        ({"id": "1", "name": "n", "status": "active"}, "x.json", "service"),
        ({"id": "1", "name": "n", "description": "d", "code": "c"}, "x.json", "taxonomy_term"),
        ({"id": "1", "name": "n", "description": "d", "version": "1"}, "x.json", "taxonomy"),
        ({"id": "1", "name": "n", "description": "d"}, "taxonomies.json", "taxonomy"),
        ({"id": "1", "name": "n", "description": "d", "website": "w"}, "x.json", "organization"),
        ({"id": "1", "name": "n", "description": "d"}, "x.json", "organization"),
        ({"id": "1", "name": "n", "organization_id": "o"}, "programs.ndjson", "program"),
        ({"id": "1", "object": "unit", "name": "n"}, "x.json", "unit"),
        ({"id": "1", "name": "n"}, "x.json", None),
        ({"name": "n"}, "x.json", None),
        ({"id": "1"}, "x.json", None),
    ],
)
def test_an_object_is_told_by_its_keys(found, file, noun):
    assert noun_of_object(found, file) == noun


def test_what_is_no_hsds_object_is_refused_and_the_others_land(database, tmp_path):
    path = write_json(tmp_path / "in.json", [service(), {"colour": "red"}, 5, service(id=None)])
    report = load_place(database, path)
    assert report.refused == 3
    assert len(rows_of(database, "service")) == 1


def test_an_api_description_alone_holds_nothing(database, tmp_path):
    path = write_json(tmp_path / "base.json", {"version": "3.0", "openapi_url": "https://example.org"})
    with pytest.raises(LoadError, match="no HSDS object"):
        load_place(database, path)


def test_our_own_documents_keep_their_sources(database, tmp_path):
    said = service(source={"name": "county", "licence": "CC0", "checked": "2026-01-01"})
    said["organization"]["source"] = {"name": "county"}
    load_place(database, write_json(tmp_path / "in.json", said), named=Named())
    [document] = service_documents(database)
    assert document["source"] == {"name": "county", "licence": "CC0", "checked": "2026-01-01"}


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ('[{"id": "1"', "cut off"),
        ('{"id": "1", "na', "cut off"),
        ('[{"id": 1} {"id": 2}]', "not JSON"),
        ('{"id": nope}', "not JSON"),
        ("nothing", "not JSON"),
        ("", "empty"),
        ('{"id" "1"}', "not JSON"),
        ("[1,]", "not JSON"),
        ("{5: 1}", "not JSON"),
        ("[" * 100 + "]" * 100, "nested deeper"),
        ('{"a":' * 100 + "1" + "}" * 100, "nested deeper"),
        ('"text"', "not JSON"),
    ],
)
@pytest.mark.parametrize("ending", [".json", ".ndjson"])
def test_broken_json_is_one_clear_error_and_nothing_is_written(database, tmp_path, text, reason, ending):
    before = everything(database)
    path = tmp_path / f"in{ending}"
    path.write_text(text)
    with pytest.raises(LoadError) as refused:
        load_place(database, path)
    assert refused.value.hint
    if ending == ".json":
        assert reason in refused.value.message
    assert everything(database) == before


def test_a_file_cut_off_at_any_byte_is_never_half_loaded(database, tmp_path):
    whole = json.dumps([nested(), service(id=id_of(77))])
    for cut in range(1, len(whole), 37):
        path = tmp_path / "cut.json"
        path.write_text(whole[:cut])
        with pytest.raises(LoadError):
            load_place(database, path)
    assert rows_of(database, "organization") == []


def test_a_folder_of_json_files_is_read_in_the_order_of_names(database, tmp_path):
    folder = tmp_path / "in"
    folder.mkdir()
    write_json(folder / "b.json", service())
    write_json(folder / "a.json", organization(legal_status="x"))
    (folder / "notes.txt").write_text("hello")
    assert open_input(str(folder), Named(), tmp_path).format == "hsds-json"
    report = load_place(database, folder)
    assert report.refused == 0
    assert report.ignored["notes.txt (file)"] == 1
