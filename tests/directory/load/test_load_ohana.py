"""Ohana's CSV: what each file becomes."""

import pytest

from tests.directory.load.loading import (
    load_place,
    one_service,
    row_of,
    rows_of,
    service_documents,
    write_json,
    write_tables,
)


def ohana(**service):
    tables = {
        "organizations": [{"id": "1", "name": "Helping Hands", "description": "Helps."}],
        "locations": [{"id": "10", "organization_id": "1", "name": "Hall", "latitude": "39.3", "longitude": "-76.6"}],
        "addresses": [
            {"id": "5", "location_id": "10", "address_1": "1 Main St", "city": "Baltimore", "state_province": "MD",
             "postal_code": "21201", "country": "us"}
        ],
        "services": [{"id": "100", "location_id": "10", "name": "Pantry", "status": "active"} | service],
    }  # fmt: skip
    return tables


def load_ohana(database, folder, **tables):
    return load_place(database, write_tables(folder, **tables))


def test_a_service_belongs_to_the_organization_of_its_location(database, tmp_path):
    report = load_ohana(database, tmp_path / "in", **ohana())
    assert (report.refused, report.doubted) == (0, 0)
    [document] = service_documents(database)
    assert document["organization"]["name"] == "Helping Hands"
    assert document["original_id"] == "100"
    [site] = document["service_at_locations"]
    assert site["location"]["addresses"][0]["country"] == "US"
    assert row_of(database, "service_at_location")["original_id"] == "100|10"


def test_a_service_at_no_location_is_refused_and_says_why(database, tmp_path):
    report = load_ohana(database, tmp_path / "in", **ohana(location_id=""))
    [problem] = report.examples["location_id: the service is at no location, which would tell its organization"]
    assert (problem.file, problem.line, problem.refused) == ("services.csv", 2, True)
    assert rows_of(database, "service") == []
    assert len(rows_of(database, "organization")) == 1


def test_lists_become_rows(database, tmp_path):
    load_ohana(
        database,
        tmp_path / "in",
        **ohana(
            funding_sources="County, Donations",
            keywords="Food; Baby formula",
            required_documents="Photo ID, Proof of address",
            service_areas="San Mateo County, Colma",
            accepted_payments="Cash",
            fees="Sliding scale",
            audience="Families",
            eligibility="Residents",
        ),
    )
    service = row_of(database, "service")
    assert service["fees_description"] == "Sliding scale. Accepted payments: Cash."
    assert service["eligibility_description"] == "Residents. Families."
    assert [r["source"] for r in rows_of(database, "funding")] == ["County", "Donations"]
    assert [r["document"] for r in rows_of(database, "required_document")] == ["Photo ID", "Proof of address"]
    assert [r["name"] for r in rows_of(database, "service_area")] == ["San Mateo County", "Colma"]
    assert [(r["link_type"], r["value"]) for r in rows_of(database, "attribute")] == [
        ("keyword", "Food"), ("keyword", "Baby formula"),
    ]  # fmt: skip


def test_words_about_interpreters_are_no_language(database, tmp_path):
    report = load_ohana(database, tmp_path / "in", **ohana(languages="Spanish, ASL. Accommodations possible."))
    assert [(r["name"], r["code"]) for r in rows_of(database, "language")] == [
        ("Spanish", "es"), ("American Sign Language", "ase"),
    ]  # fmt: skip
    assert row_of(database, "service")["interpretation_services"] == "Spanish, ASL. Accommodations possible."
    assert report.mended["words about interpreters moved out of the languages"] == 1


def test_what_the_publisher_says_of_interpreters_is_not_overwritten(database, tmp_path):
    tables = ohana(languages="Accommodations possible.", interpretation_services="By phone")
    load_ohana(database, tmp_path / "in", **tables)
    assert row_of(database, "service")["interpretation_services"] == "By phone"
    assert rows_of(database, "language") == []


def test_a_locations_words_about_interpreters_go_to_its_services(database, tmp_path):
    tables = ohana()
    tables["locations"][0]["languages"] = "Language line."
    load_ohana(database, tmp_path / "in", **tables)
    assert row_of(database, "service")["interpretation_services"] == "Language line."


def test_a_phone_hangs_on_one_owner_only(database, tmp_path):
    phones = [
        {"id": "1", "service_id": "100", "location_id": "10", "organization_id": "1", "number": "410 555 1234",
         "department": "Phone 1", "number_type": "voice", "extension": "0123"},
        {"id": "2", "location_id": "10", "organization_id": "1", "number": "(410) 555-1235", "department": "Intake"},
        {"id": "3", "contact_id": "7", "organization_id": "1", "number": "(410) 555-1236"},
        {"id": "4", "number": "(410) 555-1237"},
    ]  # fmt: skip
    report = load_ohana(database, tmp_path / "in", **ohana(), phones=phones)
    found = {row["original_id"]: row for row in rows_of(database, "phone")}
    assert found.keys() == {"1", "2", "3"}
    assert found["1"]["service_id"]
    assert not found["1"]["location_id"]
    assert not found["1"]["organization_id"]
    assert (found["1"]["number"], found["1"]["extension"], found["1"]["type"]) == ("(410) 555-1234", "0123", "voice")
    assert found["1"]["description"] is None
    assert found["2"]["location_id"]
    assert found["2"]["description"] == "Intake"
    assert found["3"]["organization_id"]
    assert report.refused == 1
    [document] = service_documents(database)
    assert document["phones"][0]["extension_text"] == "0123"


def test_a_contacts_phone_hangs_on_the_contact(database, tmp_path):
    contacts = [{"id": "7", "organization_id": "1", "name": "Ann", "title": "Director", "email": "ann@example.org"}]
    phones = [{"id": "3", "contact_id": "7", "organization_id": "1", "number": "(410) 555-1236"}]
    load_ohana(database, tmp_path / "in", **ohana(), contacts=contacts, phones=phones)
    phone = row_of(database, "phone")
    assert phone["contact_id"] == row_of(database, "contact")["id"]
    assert phone["organization_id"] is None


def test_terms_are_linked_by_code_in_one_file_and_by_row_number_in_the_other(database, tmp_path):
    categories = [
        {"id": "101", "taxonomy_id": "106", "name": "Health", "parent_id": ""},
        {"id": "7", "taxonomy_id": "101", "name": "Emergency", "parent_id": ""},
        {"id": "8", "taxonomy_id": "101-01", "name": "Disaster", "parent_id": "101"},
    ]
    folder = write_tables(tmp_path / "in", **ohana(), categories=categories)
    write_json(folder / "service_categories.json", {"100": ["101", "8", "8", "999"]})
    report = load_place(database, folder)
    terms = {row["code"]: row for row in rows_of(database, "taxonomy_term")}
    assert terms["101-01"]["parent_id"] == terms["101"]["id"]
    assert [row["label"] for row in rows_of(database, "attribute")] == ["Health", "Disaster"]
    assert report.by_reason["taxonomy_ids: no term has this id"] == 1


def test_taxonomy_ids_are_codes(database, tmp_path):
    taxonomy = [{"taxonomy_id": "101", "name": "Food", "parent_id": ""}]
    load_ohana(database, tmp_path / "in", **ohana(taxonomy_ids="101"), taxonomy=taxonomy)
    [document] = service_documents(database)
    assert document["attributes"][0]["taxonomy_term"]["name"] == "Food"


def test_hours_holidays_mail_addresses_and_programs_land(database, tmp_path):
    report = load_ohana(
        database,
        tmp_path / "in",
        **ohana(program_id="3"),
        programs=[{"id": "3", "organization_id": "1", "name": "Table"}],
        mail_addresses=[{"id": "5", "location_id": "10", "address_1": "PO Box 1", "city": "X", "state_province": "MD"}],
        regular_schedules=[
            {"id": "1", "service_id": "100", "weekday": "Monday", "opens_at": "9am", "closes_at": "24:00"},
            {"id": "2", "service_id": "100", "weekday": "Funday", "opens_at": "9am", "closes_at": "5pm"},
        ],
        holiday_schedules=[
            {"id": "1", "location_id": "10", "start_date": "12/24/2026", "end_date": "12/24/2026", "closed": "true"},
            {"id": "2", "location_id": "10", "start_date": "x", "end_date": "", "closed": "true"},
        ],
    )
    schedules = rows_of(database, "schedule")
    assert {(s["byday"], s["opens_at"], s["closes_at"], s["valid_from"]) for s in schedules} == {
        ("MO", "09:00", "00:00", None), (None, None, None, "2026-12-24"),
    }  # fmt: skip
    assert {a["address_type"] for a in rows_of(database, "address")} == {"physical", "postal"}
    assert row_of(database, "service")["program_id"] == row_of(database, "program")["id"]
    assert report.refused == 2


def test_accessibility_e_mail_and_short_description_of_a_location_land(database, tmp_path):
    tables = ohana()
    tables["locations"][0] |= {
        "accessibility": "disabled_parking, ramp", "email": "hall@example.org", "short_desc": "A hall.",
        "virtual": "true", "admin_emails": "boss@example.org",
    }  # fmt: skip
    tables["organizations"][0] |= {"date_incorporated": "January 01, 1970", "funding_sources": "State"}
    report = load_ohana(database, tmp_path / "in", **tables)
    assert [r["description"] for r in rows_of(database, "accessibility")] == ["Disabled parking", "Ramp"]
    assert row_of(database, "contact")["email"] == "hall@example.org"
    location = row_of(database, "location")
    assert (location["description"], location["location_type"]) == ("A hall.", "virtual")
    assert row_of(database, "organization")["year_incorporated"] == 1970
    assert report.ignored["locations.csv: admin_emails"] == 1


@pytest.mark.parametrize(
    "mark", [{"address_1": "Confidential"}, {"addressisprivate": "1"}, {"PhysicalAddressIsPrivate": "True"}]
)
def test_a_secret_address_makes_the_location_confidential(database, tmp_path, mark):
    tables = ohana()
    tables["addresses"][0] |= {"address_1": "77 Hidden Lane"} | mark
    report = load_ohana(database, tmp_path / "in", **tables)
    assert row_of(database, "location")["confidential"] is True
    assert report.mended["a location marked confidential, as its address says"] == 1
    [document] = service_documents(database)
    assert "Hidden Lane" not in str(document)
    assert "39.3" not in str(document)
    assert row_of(database, "address")["address_1"] == (tables["addresses"][0]["address_1"])


def test_an_icarol_flag_on_the_location_itself_counts_too(database, tmp_path):
    tables = ohana()
    tables["locations"][0]["AddressIsPrivate"] = "yes"
    load_ohana(database, tmp_path / "in", **tables)
    assert row_of(database, "location")["confidential"] is True


def test_a_private_phone_is_left_out_and_reported(database, tmp_path):
    tables = one_service()
    tables["phones"] = [{"id": "p1", "service_id": "s1", "number": "(410) 555-1234", "PhoneIsPrivate": "true"}]
    report = load_place(database, write_tables(tmp_path / "in", **tables))
    assert rows_of(database, "phone") == []
    assert report.refused == 1


def test_ages_and_life_stages_are_read_and_the_prose_kept(database, tmp_path):
    load_ohana(database, tmp_path / "in", **ohana(eligibility="Children birth to age 2."))
    service = row_of(database, "service")
    assert (service["minimum_age"], service["maximum_age"], service["maximum_age_months"]) == (0, 2, 35)
    assert service["eligibility_description"] == "Children birth to age 2."


def test_coordinates_outside_the_state_are_dropped_and_reported(database, tmp_path):
    tables = ohana()
    tables["locations"][0] |= {"latitude": "10.0", "longitude": "10.0"}
    report = load_ohana(database, tmp_path / "in", **tables)
    assert row_of(database, "location")["latitude"] is None
    assert report.by_reason["latitude: the coordinates are doubtful"] == 1


def test_two_numbers_in_a_cell_are_two_phones_and_stay_two(database, tmp_path):
    phones = [{"id": "1", "service_id": "100", "number": "410-555-1234 or 410-555-1235"}]
    folder = write_tables(tmp_path / "in", **ohana(), phones=phones)
    load_place(database, folder)
    assert {r["number"] for r in rows_of(database, "phone")} == {"(410) 555-1234", "(410) 555-1235"}
    assert load_place(database, folder).written == 0
