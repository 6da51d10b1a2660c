"""HSDS tabular packages: detection, links, and every way a row can be wrong."""

import json
import zipfile

import pytest

from resource_api.directory.load.open_input import Named, open_input
from resource_api.directory.load.run_record import Options
from resource_api.errors import LoadError
from tests.directory.load.loading import (
    everything,
    load_place,
    one_service,
    row_of,
    rows_of,
    service_documents,
    write_csv,
    write_json,
    write_tables,
)

UUID = "ac148810-d857-441c-9679-408f346de14b"
OTHER_UUID = "bc148810-d857-441c-9679-408f346de14b"


def test_a_folder_of_tables_becomes_documents(database, tmp_path):
    report = load_place(database, write_tables(tmp_path / "in", **one_service()))
    assert (report.refused, report.doubted, report.documents) == (0, 0, 4)
    [document] = service_documents(database)
    assert document["organization"]["name"] == "Helping Hands"
    assert document["source"]["name"] == "here"


def test_a_second_load_changes_nothing(database, tmp_path):
    folder = write_tables(tmp_path / "in", **one_service())
    load_place(database, folder)
    before = everything(database)
    report = load_place(database, folder)
    assert (report.written, report.documents) == (0, 0)
    assert everything(database) == before


def test_only_what_differs_is_written_again(database, tmp_path):
    folder = write_tables(tmp_path / "in", **one_service())
    load_place(database, folder)
    write_tables(folder, **one_service(name="Pantry and more"))
    report = load_place(database, folder)
    assert (report.counts["service"].changed, report.written) == (1, 1)
    assert service_documents(database)[0]["name"] == "Pantry and more"


def test_a_uuid_is_kept_and_another_id_shown_as_the_original(database, tmp_path):
    tables = one_service()
    tables["services"][0]["id"] = UUID.upper()
    tables["service_at_location"][0]["service_id"] = UUID
    load_place(database, write_tables(tmp_path / "in", **tables))
    service = row_of(database, "service")
    assert (service["id"], service["original_id"]) == (UUID, None)
    assert row_of(database, "organization")["original_id"] == "o1"


def test_a_datapackage_names_files_publisher_and_licence(database, tmp_path):
    tables = one_service()
    tables["providers"] = tables.pop("organizations")
    folder = write_tables(tmp_path / "in", **tables)
    write_json(
        folder / "datapackage.json",
        {
            "name": "county", "title": "The county", "licenses": [{"name": "CC0-1.0"}], "created": "2026-01-31",
            "resources": [{"name": "organization", "path": "providers.csv"}, {"name": "phone", "path": "phones.csv"}],
        },
    )  # fmt: skip
    given = open_input(str(folder), Named(), tmp_path)
    assert (given.source.name, given.source.licence, given.source.published_at) == ("county", "CC0-1.0", "2026-01-31")
    load_place(database, folder, named=Named())
    [document] = service_documents(database)
    assert document["source"] == {
        "name": "county", "title": "The county", "licence": "CC0-1.0", "checked": "2026-01-31",
    }  # fmt: skip


def test_what_is_newly_said_of_a_source_reaches_every_document(database, tmp_path):
    folder = write_tables(tmp_path / "in", **one_service())
    load_place(database, folder, named=Named(source="here"))
    load_place(database, folder, named=Named(source="here", licence="CC0-1.0"))
    assert service_documents(database)[0]["source"]["licence"] == "CC0-1.0"


def test_a_zip_with_its_files_in_one_folder_is_read_like_a_folder(database, tmp_path):
    folder = write_tables(tmp_path / "in", **one_service())
    with zipfile.ZipFile(tmp_path / "county.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        for path in folder.iterdir():
            archive.write(path, f"county/{path.name}")
        archive.writestr("__MACOSX/county/._services.csv", b"\0\1")
    assert load_place(database, tmp_path / "county.zip").written == 4


def test_unknown_columns_and_files_are_counted_and_not_silently_dropped(database, tmp_path):
    folder = write_tables(tmp_path / "in", **one_service(mascot="cat"))
    write_csv(folder, "recipes.csv", [{"id": "1"}])
    report = load_place(database, folder)
    assert dict(report.ignored) == {"services.csv: mascot": 1, "recipes.csv (file)": 1}


@pytest.mark.parametrize(
    ("fields", "kind"),
    [
        ({"name": ""}, "name: the service lacks its name"),
        ({"status": "open"}, "status: not in the codelist"),
        ({"organization_id": "nobody"}, "organization_id: there is no such organization"),
    ],
)
def test_a_row_that_hsds_cannot_hold_is_refused_and_the_others_land(database, tmp_path, fields, kind):
    tables = one_service(**fields)
    tables["services"] = [
        {"id": "s2", "organization_id": "o1", "name": "Good", "status": "active"},
        *tables["services"],
    ]
    report = load_place(database, write_tables(tmp_path / "in", **tables))
    [problem] = report.examples[kind]
    assert (problem.file, problem.line, problem.refused) == ("services.csv", 3, True)
    assert problem.hint
    assert [row["name"] for row in rows_of(database, "service")] == ["Good"]
    # The link to the refused service has nothing to link.
    assert report.by_reason["service_id: there is no such service"] == 1


@pytest.mark.parametrize(
    ("fields", "kind"),
    [
        ({"url": "see page"}, "url: not a web address"),
        ({"email": "ann"}, "email: not an e-mail address"),
        ({"minimum_age": "eighteen"}, "minimum_age: not a number"),
        ({"assured_date": "soon"}, "assured_date: not a date"),
        ({"capacity_status": "packed"}, "capacity_status: not in the codelist"),
        ({"program_id": "nowhere"}, "program_id: there is no such program"),
    ],
)
def test_a_doubtful_value_is_left_out_with_a_report_and_its_row_lands(database, tmp_path, fields, kind):
    report = load_place(database, write_tables(tmp_path / "in", **one_service(**fields)))
    assert report.by_reason == {kind: 1}
    assert (report.refused, report.doubted) == (0, 1)
    assert row_of(database, "service")[next(iter(fields))] is None


def test_missing_texts_that_hsds_wants_are_stored_empty(database, tmp_path):
    tables = one_service(status="")
    tables["organizations"][0]["description"] = ""
    tables["addresses"] = [{"id": "a1", "location_id": "l1", "city": "Baltimore", "country": "US"}]
    tables["locations"][0]["location_type"] = ""
    report = load_place(database, write_tables(tmp_path / "in", **tables))
    assert report.refused == 0
    assert row_of(database, "organization")["description"] == ""
    address = row_of(database, "address")
    assert (address["address_1"], address["postal_code"], address["address_type"]) == ("", "", "physical")
    assert row_of(database, "service")["status"] == "active"
    assert row_of(database, "location")["location_type"] == "physical"
    assert report.mended["an empty status read as active"] == 1


def test_a_row_that_belongs_to_nothing_is_refused(database, tmp_path):
    tables = one_service()
    tables["phones"] = [{"id": "p1", "number": "(410) 555-1234"}]
    tables["attributes"] = [{"id": "t1", "link_id": "nobody", "link_entity": "service", "value": "x"}]
    report = load_place(database, write_tables(tmp_path / "in", **tables))
    assert report.refused == 2
    assert report.by_reason["location_id: the phone belongs to nothing"] + report.by_reason[
        "organization_id: the phone belongs to nothing"
    ] == 1  # fmt: skip


def test_rows_without_an_id_or_with_one_that_is_taken_are_refused(database, tmp_path):
    tables = one_service()
    tables["services"] = [
        *tables["services"],
        {"id": "s1", "organization_id": "o1", "name": "Another", "status": "active"},
        {"id": "", "organization_id": "o1", "name": "Nameless", "status": "active"},
        tables["services"][0],
    ]
    report = load_place(database, write_tables(tmp_path / "in", **tables))
    assert [row["name"] for row in rows_of(database, "service")] == ["Pantry"]
    assert report.by_reason == {"name: the id is taken by another service": 1, "id: the row has no id": 1}


def test_two_organizations_may_share_a_location_whichever_comes_first(database, tmp_path):
    tables = {
        "organizations": [{"id": "o1", "name": "Guest"}, {"id": "o2", "name": "Host"}],
        "locations": [{"id": "l2", "organization_id": "o2", "location_type": "physical", "name": "Hall"}],
        "services": [{"id": "s1", "organization_id": "o1", "name": "Pantry", "status": "active"}],
        "service_at_location": [{"id": "x1", "service_id": "s1", "location_id": "l2"}],
        "phones": [{"id": "p1", "service_at_location_id": "x1", "number": "(410) 555-1234"}],
    }
    folder = write_tables(tmp_path / "in", **tables)
    report = load_place(database, folder)
    assert report.refused == report.doubted == 0
    [site] = service_documents(database)[0]["service_at_locations"]
    assert site["location"]["name"] == "Hall"
    assert site["phones"][0]["number"] == "(410) 555-1234"
    tables["locations"][0]["name"] = "Great Hall"
    load_place(database, write_tables(folder, **tables))
    assert service_documents(database)[0]["service_at_locations"][0]["location"]["name"] == "Great Hall"


def test_a_changed_term_reaches_the_services_that_have_it(database, tmp_path):
    tables = one_service()
    tables["taxonomies"] = [{"id": "t", "name": "Kinds", "description": "d"}]
    tables["taxonomy_terms"] = [{"id": "t1", "name": "Food", "code": "F", "description": "d", "taxonomy_id": "t"}]
    tables["attributes"] = [{"id": "a1", "link_id": "s1", "link_entity": "service", "taxonomy_term_id": "t1"}]
    folder = write_tables(tmp_path / "in", **tables)
    load_place(database, folder)
    tables["taxonomy_terms"][0]["name"] = "Groceries"
    tables["taxonomies"][0]["name"] = "Sorts"
    load_place(database, write_tables(folder, **tables))
    [attribute] = service_documents(database)[0]["attributes"]
    assert attribute["taxonomy_term"]["name"] == "Groceries"
    assert attribute["taxonomy_term"]["taxonomy_detail"]["name"] == "Sorts"


def test_another_sources_record_is_never_overwritten(database, tmp_path):
    tables = one_service()
    tables["services"][0]["id"] = UUID
    tables["service_at_location"][0]["service_id"] = UUID
    load_place(database, write_tables(tmp_path / "in", **tables), named=Named(source="first"))
    tables["services"][0]["name"] = "Stolen"
    report = load_place(database, write_tables(tmp_path / "in", **tables), named=Named(source="second"))
    assert report.by_reason["id: the id belongs to a record of another source"] == 1
    assert [row["name"] for row in rows_of(database, "service")] == ["Pantry"]


def test_a_dry_run_reports_the_same_and_writes_nothing(database, tmp_path):
    tables = one_service(url="see page")
    tables["taxonomies"] = [{"id": "t", "name": "Kinds", "description": "d"}]
    tables["taxonomy_terms"] = [{"id": "t1", "name": "Food", "description": "d", "taxonomy_id": "t"}]
    folder = write_tables(tmp_path / "in", **tables)
    before = everything(database)
    dry = load_place(database, folder, Options(dry_run=True))
    assert everything(database) == before
    wet = load_place(database, folder)
    assert dry.counts == wet.counts
    assert dry.by_reason == wet.by_reason
    assert dry.mended == wet.mended
    assert dry.documents == 0


def test_the_order_of_phones_is_the_publishers_and_a_row_elsewhere_moves_none(database, tmp_path):
    tables = one_service()
    tables["phones"] = [{"id": f"p{i}", "service_id": "s1", "number": f"(410) 555-120{i}"} for i in (3, 1, 2)]
    folder = write_tables(tmp_path / "in", **tables)
    load_place(database, folder)
    numbers = [phone["number"][-1] for phone in service_documents(database)[0]["phones"]]
    assert numbers == ["3", "1", "2"]
    tables["phones"].insert(0, {"id": "p9", "organization_id": "o1", "number": "(410) 555-1209"})
    report = load_place(database, write_tables(folder, **tables))
    assert (report.counts["phone"].new, report.counts["phone"].changed) == (1, 0)


def test_a_child_of_several_owners_is_one_row(database, tmp_path):
    tables = one_service()
    tables["phones"] = [{"id": "p1", "service_id": "s1", "location_id": "l1", "number": "(410) 555-1234"}]
    load_place(database, write_tables(tmp_path / "in", **tables))
    phone = row_of(database, "phone")
    assert phone["service_id"]
    assert phone["location_id"]


def test_more_than_one_batch_of_rows_lands(database, tmp_path):
    organizations = [{"id": f"o{i}", "name": f"Org {i}"} for i in range(300)]
    services = [
        {"id": f"s{i}", "organization_id": f"o{i % 300}", "name": f"S {i}", "status": "active"} for i in range(900)
    ]
    report = load_place(database, write_tables(tmp_path / "in", organizations=organizations, services=services))
    assert (report.counts["organization"].new, report.counts["service"].new) == (300, 900)
    assert len(service_documents(database)) == 900


def test_orphan_locations_land_last(database, tmp_path):
    tables = one_service()
    tables["locations"].append({"id": "l9", "location_type": "physical", "name": "Attic"})
    tables["addresses"] = [{"id": "a9", "location_id": "l9", "address_1": "9 Attic Rd", "city": "X", "country": "US"}]
    assert load_place(database, write_tables(tmp_path / "in", **tables)).refused == 0
    assert len(rows_of(database, "location")) == 2


def test_a_package_without_tables_is_no_package(tmp_path):
    write_json(tmp_path / "datapackage.json", {"name": "x", "resources": []})
    with pytest.raises(LoadError, match="no HSDS table"):
        open_input(str(tmp_path), Named(), tmp_path)


@pytest.mark.parametrize("path", ["../secret.csv", "/etc/passwd", "https://example.org/a.csv"])
def test_a_datapackage_cannot_lead_out_of_its_folder(tmp_path, path):
    write_json(tmp_path / "datapackage.json", {"resources": [{"name": "organization", "path": path}]})
    with pytest.raises(LoadError, match="names the file"):
        open_input(str(tmp_path), Named(), tmp_path)


def test_a_source_column_keeps_sources_apart_unless_one_is_named(database, tmp_path):
    tables = one_service()
    tables["organizations"][0]["source"] = "county"
    folder = write_tables(tmp_path / "in", **tables)
    write_json(
        folder / "datapackage.json", {"name": "copy", "sources": [{"name": "county", "licenses": [{"name": "CC0"}]}]}
    )
    load_place(database, folder, named=Named())
    assert service_documents(database)[0]["source"] == {"name": "county", "licence": "CC0"}
    report = load_place(database, folder, named=Named(source="mine"))
    assert service_documents(database)[-1]["source"]["name"] in ("mine", "county")
    assert report.counts["service"].new == 1


def test_service_area_shapes_may_be_long(database, tmp_path):
    shape = json.dumps({"type": "Polygon", "coordinates": [[[-76.0, 39.0]] * 20_000]})
    tables = one_service()
    tables["service_areas"] = [{"id": "g1", "service_id": "s1", "extent": shape, "extent_type": "geojson"}]
    assert load_place(database, write_tables(tmp_path / "in", **tables)).refused == 0
    assert json.loads(row_of(database, "service_area")["extent"])["type"] == "Polygon"
