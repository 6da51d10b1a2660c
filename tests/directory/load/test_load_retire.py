"""What a replacing load retires, when it asks first, and how the invented samples leave."""

import pytest
from sqlalchemy import select

from resource_api.directory.document import Document
from resource_api.directory.load.open_input import Named
from resource_api.directory.load.run_record import Options
from tests.directory.load.loading import (
    load_place,
    one_service,
    row_of,
    rows_of,
    service_documents,
    write_tables,
)


def county(services):
    tables = one_service()
    tables["services"] = [
        {"id": f"s{i}", "organization_id": "o1", "name": f"S {i}", "status": "active"} for i in services
    ]
    tables["service_at_location"] = [
        {"id": f"x{i}", "service_id": f"s{i}", "location_id": "l1"} for i in services
    ]  # fmt: skip
    tables["phones"] = [{"id": f"p{i}", "service_id": f"s{i}", "number": "(410) 555-1234"} for i in services]
    return tables


def tombstones(database, kind):
    with database.read() as session:
        found = session.scalars(select(Document).where(Document.kind == kind, Document.deleted_at.is_not(None)))
        return [(d.body, d.version) for d in found]


def test_a_load_alone_retires_nothing(database, tmp_path):
    load_place(database, write_tables(tmp_path / "a", **county(range(10))))
    load_place(database, write_tables(tmp_path / "b", **county(range(5))))
    assert len(rows_of(database, "service")) == 10


def test_replacing_retires_what_the_input_no_longer_has(database, tmp_path):
    load_place(database, write_tables(tmp_path / "a", **county(range(10))))
    report = load_place(database, write_tables(tmp_path / "b", **county(range(9))), Options(replace=True))
    assert len(rows_of(database, "service")) == 9
    [gone] = rows_of(database, "service", deleted=True)
    assert gone["name"] == "S 9"
    assert {n: c.retired for n, c in report.counts.items() if c.retired} == {
        "service": 1, "service_at_location": 1, "phone": 1,
    }  # fmt: skip
    assert tombstones(database, "service") == [(b"", 2)]
    assert len(service_documents(database)) == 9


def test_what_comes_back_is_revived_with_its_version_going_on(database, tmp_path):
    all_ten = write_tables(tmp_path / "a", **county(range(10)))
    load_place(database, all_ten)
    load_place(database, write_tables(tmp_path / "b", **county(range(9))), Options(replace=True))
    report = load_place(database, all_ten)
    assert report.counts["service"].changed == 1
    assert len(service_documents(database)) == 10
    assert tombstones(database, "service") == []


def test_more_than_a_fifth_is_retired_only_when_confirmed(database, tmp_path):
    load_place(database, write_tables(tmp_path / "a", **county(range(10))))
    fewer = write_tables(tmp_path / "b", **county(range(7)))
    asked = []
    report = load_place(database, fewer, Options(replace=True, confirm=lambda plan: asked.append(plan) or False))
    assert [(p.services, p.of_services, p.organizations, p.of_organizations) for p in asked] == [(3, 10, 0, 1)]
    assert "3 of 10 services" in report.stopped
    assert len(rows_of(database, "service")) == 10
    report = load_place(database, fewer, Options(replace=True, confirm=lambda plan: True))
    assert report.stopped is None
    assert len(rows_of(database, "service")) == 7


def test_a_dry_run_counts_what_would_be_retired(database, tmp_path):
    load_place(database, write_tables(tmp_path / "a", **county(range(10))))
    dry = load_place(database, write_tables(tmp_path / "b", **county(range(9))), Options(dry_run=True, replace=True))
    assert dry.counts["service"].retired == 1
    assert len(rows_of(database, "service")) == 10


def test_a_row_that_is_refused_now_keeps_its_old_form(database, tmp_path):
    load_place(database, write_tables(tmp_path / "a", **county(range(10))))
    tables = county(range(10))
    tables["services"][3]["status"] = "open"
    load_place(database, write_tables(tmp_path / "b", **tables), Options(replace=True))
    assert len(rows_of(database, "service")) == 10


def test_phones_that_were_split_off_a_cell_are_not_retired(database, tmp_path):
    tables = county(range(10))
    tables["phones"][0]["number"] = "(410) 555-1234 or (410) 555-1235"
    folder = write_tables(tmp_path / "a", **tables)
    load_place(database, folder)
    report = load_place(database, folder, Options(replace=True))
    assert report.written == 0
    tables["phones"][0]["number"] = "(410) 555-1234"
    report = load_place(database, write_tables(folder, **tables), Options(replace=True))
    assert report.counts["phone"].retired == 1


def test_an_organization_takes_its_services_along(database, tmp_path):
    tables = county(range(3))
    tables["organizations"] += [{"id": f"o{i}", "name": f"Org {i}"} for i in range(2, 12)]
    tables["services"].append({"id": "s99", "organization_id": "o11", "name": "Last", "status": "active"})
    load_place(database, write_tables(tmp_path / "a", **tables))
    tables["organizations"].pop()
    report = load_place(
        database, write_tables(tmp_path / "b", **tables), Options(replace=True, confirm=lambda plan: True)
    )
    assert (report.counts["organization"].retired, report.counts["service"].retired) == (1, 1)
    assert {d["name"] for d in service_documents(database)} == {"S 0", "S 1", "S 2"}


def test_replacing_leaves_other_sources_alone(database, tmp_path):
    load_place(database, write_tables(tmp_path / "a", **county(range(10))), named=Named(source="other"))
    load_place(database, write_tables(tmp_path / "b", **county(range(2))), Options(replace=True))
    assert len(rows_of(database, "service")) == 12


def test_units_and_terms_leave_after_what_used_them(database, tmp_path):
    tables = county(range(10))
    tables["units"] = [{"id": "u1", "name": "beds"}, {"id": "u2", "name": "boxes"}]
    tables["service_capacity"] = [
        {"id": "c1", "service_id": "s1", "unit_id": "u1", "available": "3", "updated": "2026-01-01T00:00:00Z"}
    ]
    tables["taxonomies"] = [{"id": "t", "name": "Kinds", "description": "d"}]
    tables["taxonomy_terms"] = [
        {"id": f"t{i}", "name": f"T {i}", "description": "d", "taxonomy_id": "t"} for i in (1, 2)
    ]
    tables["attributes"] = [{"id": "a1", "link_id": "s1", "link_entity": "service", "taxonomy_term_id": "t1"}]
    load_place(database, write_tables(tmp_path / "a", **tables))
    for name in ("units", "taxonomy_terms"):
        tables[name] = tables[name][:1]
    tables["service_capacity"] = []
    tables["attributes"] = []
    (tmp_path / "a" / "service_capacity.csv").unlink()
    (tmp_path / "a" / "attributes.csv").unlink()
    report = load_place(database, write_tables(tmp_path / "a", **tables), Options(replace=True))
    assert {n: c.retired for n, c in report.counts.items() if c.retired} == {
        "service_capacity": 1, "attribute": 1, "taxonomy_term": 1, "unit": 1,
    }  # fmt: skip
    assert all("attributes" not in d and "capacities" not in d for d in service_documents(database))
    assert len(tombstones(database, "taxonomy_term")) == 1


def test_the_first_local_load_retires_the_samples(database, tmp_path):
    load_place(database, write_tables(tmp_path / "s", **one_service()), named=Named(source="sample"))
    load_place(database, write_tables(tmp_path / "n", **one_service()), named=Named(source="national"))
    assert len(rows_of(database, "service")) == 2
    report = load_place(database, write_tables(tmp_path / "a", **one_service()), named=Named(source="county"))
    assert report.notes == ["1 invented services of the source `sample` retired; --keep-samples keeps them"]
    assert sorted(d["source"]["name"] for d in service_documents(database)) == ["county", "national"]
    assert len(tombstones(database, "service")) == 1


def test_samples_are_kept_where_that_is_asked_for(database, tmp_path):
    load_place(database, write_tables(tmp_path / "s", **one_service()), named=Named(source="sample"))
    report = load_place(
        database,
        write_tables(tmp_path / "a", **one_service()),
        Options(keep_samples=True),
        named=Named(source="county"),
    )
    assert report.notes == []
    assert len(rows_of(database, "service")) == 2


def test_a_dry_run_only_says_that_it_would_retire_the_samples(database, tmp_path):
    load_place(database, write_tables(tmp_path / "s", **one_service()), named=Named(source="sample"))
    report = load_place(
        database, write_tables(tmp_path / "a", **one_service()), Options(dry_run=True), named=Named(source="county")
    )
    assert "would be retired" in report.notes[0]
    assert len(rows_of(database, "service")) == 1


@pytest.mark.parametrize("sources", [("sample",), ("sample", "national"), ("sample", "county")])
def test_a_copy_of_a_directory_that_has_the_samples_keeps_them(database, tmp_path, sources):
    tables = {"organizations": [], "services": []}
    for i, source in enumerate(sources):
        tables["organizations"].append({"id": f"o{i}", "name": source, "source": source})
        tables["services"].append({"id": f"s{i}", "organization_id": f"o{i}", "name": "S", "status": "active"})
    load_place(database, write_tables(tmp_path / "copy", **tables), named=Named())
    assert len(rows_of(database, "service")) == len(sources)


def test_a_location_marked_confidential_later_is_struck_out_of_its_documents(database, tmp_path):
    tables = one_service()
    tables["addresses"] = [
        {"id": "a1", "location_id": "l1", "address_1": "77 Hidden Lane", "city": "X", "country": "US"}
    ]
    load_place(database, write_tables(tmp_path / "a", **tables))
    assert "Hidden Lane" in str(service_documents(database))
    tables["locations"][0]["confidential"] = "true"
    load_place(database, write_tables(tmp_path / "a", **tables))
    assert row_of(database, "location")["confidential"] is True
    assert "Hidden Lane" not in str(service_documents(database))
