"""What a steward has written stands: later loads of the same source leave it alone, and say so."""

import pytest

from resource_api.access.policy import Caller, Grants
from resource_api.database import Database
from resource_api.directory.availability import Availability, put_availability
from resource_api.directory.edit import Precondition, delete_record, patch_record, read_record
from resource_api.directory.load.run_record import Options
from tests.directory.load.loading import NOW, load_place, one_service, row_of, rows_of, service_documents, write_tables

ADMIN = Grants(Caller("client", None, "admin", frozenset({"directory.write"})), "directory.edit", everything=True)


@pytest.fixture
def loaded(database: Database, tmp_path) -> Database:
    load_place(database, write_tables(tmp_path / "first", **tables(name="Pantry", alert="As loaded")))
    return database


def tables(*, phone="(410) 555-1234", town="Site", **fields):
    made = one_service(**fields)
    made["locations"][0]["name"] = town
    return made | {"phones": [{"id": "p1", "service_id": "s1", "number": phone}]}


def edit(database: Database, noun: str, change) -> None:
    record_id = row_of(database, noun)["id"]
    with database.write() as session:
        known = Precondition(frozenset({read_record(session, noun, record_id).etag}))
        if change is None:
            delete_record(session, ADMIN, noun, record_id, known, now=NOW)
        else:
            patch_record(session, ADMIN, noun, record_id, change, known, now=NOW)
        session.commit()


def test_a_load_leaves_a_stewards_record_and_what_hangs_on_it_alone(loaded, tmp_path):
    edit(loaded, "service", {"name": "The steward's pantry"})
    second = tables(name="Another name", alert="As loaded again", phone="(410) 555-9999", town="Moved")
    report = load_place(loaded, write_tables(tmp_path / "second", **second))
    [served] = service_documents(loaded)
    assert (served["name"], served["alert"]) == ("The steward's pantry", "As loaded")
    assert [phone["number"] for phone in served["phones"]] == ["(410) 555-1234"]
    # Its location is another record, and its publisher's still.
    assert served["service_at_locations"][0]["location"]["name"] == "Moved"
    assert "1 records were left as their stewards wrote them" in report.notes
    again = load_place(loaded, tmp_path / "second")
    assert again.written == 0


def test_a_stewards_rows_outlive_a_replacing_load(loaded, tmp_path):
    phones = [*service_documents(loaded)[0]["phones"], {"id": "0f8fad5b-d9cb-469f-a165-70867728950e", "number": "211"}]
    edit(loaded, "service", {"phones": phones})
    empty = {"organizations": [{"id": "o2", "name": "Others", "description": "Help."}]}
    options = Options(replace=True, confirm=lambda plan: True)
    load_place(loaded, write_tables(tmp_path / "empty", **empty), options)
    [served] = service_documents(loaded)
    assert [phone["number"] for phone in served["phones"]] == ["(410) 555-1234", "211"]
    assert served["organization"]["name"] == "Helping Hands"
    # What nobody here wrote is gone, as its publisher wishes.
    assert rows_of(loaded, "location") == []


def test_what_a_steward_deleted_stays_deleted(loaded, tmp_path):
    edit(loaded, "service", None)
    load_place(loaded, tmp_path / "first")
    load_place(loaded, write_tables(tmp_path / "second", **tables(name="Back?")))
    assert service_documents(loaded) == []
    assert rows_of(loaded, "phone") == []
    assert rows_of(loaded, "service_at_location") == []


def test_a_location_that_its_steward_hid_stays_hidden(loaded, tmp_path):
    edit(loaded, "location", {"confidential": True})
    second = tables(town="12 Secret Street")
    second["addresses"] = [
        {"id": "a1", "location_id": "l1", "address_1": "12 Secret Street", "city": "Town", "state_province": "MD",
         "postal_code": "21202", "country": "US", "address_type": "physical"}
    ]  # fmt: skip
    load_place(loaded, write_tables(tmp_path / "second", **second))
    assert "Secret" not in str(service_documents(loaded))
    assert row_of(loaded, "location")["confidential"]


def test_of_a_service_whose_availability_was_said_a_load_writes_the_rest(loaded, tmp_path):
    service_id = row_of(loaded, "service")["id"]
    with loaded.write() as session:
        said = Availability("no", "waitlist", note="Ask again in May")
        put_availability(session, ADMIN, service_id, said, if_match=None, now=NOW)
        session.commit()
    second = tables(name="Renamed", accepts_referrals="yes", capacity_status="capacity")
    load_place(loaded, write_tables(tmp_path / "second", **second))
    [served] = service_documents(loaded)
    assert served["name"] == "Renamed"
    assert (served["accepts_referrals"], served["capacity_status"]) == ("no", "waitlist")
    assert load_place(loaded, tmp_path / "second").written == 0
    load_place(loaded, tmp_path / "first")
    assert service_documents(loaded)[0]["availability_note"] == "Ask again in May"


def test_a_dry_run_tells_what_would_be_left_alone(loaded, tmp_path):
    edit(loaded, "service", {"name": "The steward's pantry"})
    report = load_place(loaded, write_tables(tmp_path / "b", **tables(name="Other")), Options(dry_run=True))
    assert "1 records were left as their stewards wrote them" in report.notes
    assert report.counts["service"].changed == 0
