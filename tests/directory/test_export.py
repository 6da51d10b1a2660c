import csv
import io
import json
import os
import zipfile
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import insert

from resource_api.database import Database
from resource_api.directory import export as export_module
from resource_api.directory.export import Export, count_exported, read_format, write_export
from resource_api.directory.export_package import FILES, tabular_columns
from resource_api.directory.graph import NOUNS, table
from resource_api.directory.load.land import load
from resource_api.directory.load.open_input import Named, open_input, scratch_folder
from resource_api.directory.load.report import Report
from resource_api.directory.load.run_record import Options
from resource_api.errors import ExportError
from tests.databases import make_tables, url_of
from tests.directory.whole_directory import SECRET, id_of, put, write_whole_directory

HSDS = Path(os.environ.get("RESOURCE_DATA", Path(__file__).parents[3] / "shared" / "data")) / "hsds"
needs_hsds = pytest.mark.skipif(not HSDS.is_dir(), reason=f"HSDS's package is not at {HSDS}; set RESOURCE_DATA")

FORMATS = ("hsds-json", "tabular")
ENDINGS = {"hsds-json": "ndjson", "tabular": "zip"}


@pytest.fixture(scope="module")
def database(database_kind, tmp_path_factory):
    database = Database(url_of(database_kind.new(tmp_path_factory.mktemp("export") / "directory")))
    make_tables(database)
    with database.write() as session:
        write_whole_directory(session)
        session.commit()
    yield database
    database.close()


@pytest.fixture
def session(database):
    with database.write() as session:
        yield session
        session.rollback()


def export(session, folder, format_, **options):
    wanted = Export(folder / f"out.{ENDINGS[format_]}", format_, **options)
    done = list(write_export(session, wanted))
    assert done == sorted(done)
    assert done[-1:] == [count_exported(session, wanted)][: len(done)]
    return wanted.path


def lines(path):
    return [json.loads(line) for line in path.read_bytes().splitlines()]


def tables(path):
    with zipfile.ZipFile(path) as package:
        assert package.testzip() is None
        return {
            name: list(csv.DictReader(io.StringIO(package.read(name).decode(), newline="")))
            for name in package.namelist()
            if name.endswith(".csv")
        }


def every_word(path):
    data = path.read_bytes()
    if path.suffix == ".zip":
        with zipfile.ZipFile(path) as package:
            data = b"\n".join(package.read(name) for name in package.namelist())
    return data.decode()


def test_each_line_says_which_object_it_is_and_the_shared_ones_come_first(session, tmp_path):
    found = [line["object"] for line in lines(export(session, tmp_path, "hsds-json"))]
    shared = [*["taxonomy"] * 2, *["taxonomy_term"] * 3, "unit", "meta_table_description"]
    assert found == ["source", *shared, *["organization"] * 4, "location"]


def test_organizations_are_whole_with_their_services_in_full(session, tmp_path):
    by_name = {line.get("name"): line for line in lines(export(session, tmp_path, "hsds-json"))}
    clinic = by_name["Harbor Clinic"]
    assert clinic["source"]["name"] == "whole"
    assert clinic["original_id"] == "17"
    [visits] = [service for service in clinic["services"] if service["name"] == "Home visits"]
    assert "organization" not in visits
    assert visits["life_stages"] == ["pregnant", "infant"]
    assert visits["minimum_age_months"] == 6
    assert visits["needs"] == [{"need": "home-visiting", "certainty": "given"}]
    assert [phone.get("extension_text") or phone.get("extension") for phone in visits["phones"]] == ["0123", 45]
    assert visits["service_at_locations"][0]["schedules"][0]["timezone_name"] == "America/New_York"
    assert by_name["An unused attic"]["addresses"][0]["address_1"] == "9 Attic Road"
    assert by_name["Health"]["metadata"][0]["previous_value"] == "Helth"


def test_a_package_has_one_file_for_each_noun_and_says_what_is_in_it(session, tmp_path):
    path = export(session, tmp_path, "tabular")
    found = tables(path)
    assert set(found) == set(FILES.values())
    with zipfile.ZipFile(path) as package:
        described = json.loads(package.read("datapackage.json"))
    assert described["name"] == "whole"
    assert described["licenses"] == [{"name": "CC0-1.0"}]
    for resource in described["resources"]:
        with zipfile.ZipFile(path) as package:
            header = package.read(resource["path"]).decode().splitlines()[0]
        assert header.split(",") == [field["name"] for field in resource["schema"]["fields"]]


@needs_hsds
def test_a_package_has_the_columns_of_the_official_one():
    official = json.loads((HSDS / "datapackage.json").read_bytes())
    for resource in official["resources"]:
        ours = {name for name, _ in tabular_columns(resource["name"])}
        assert {field["name"] for field in resource["schema"]["fields"]} <= ours, resource["name"]
        assert resource["path"] == FILES[resource["name"]]


def test_cells_keep_what_the_rows_say(session, tmp_path):
    found = tables(export(session, tmp_path, "tabular"))
    [visits] = [row for row in found["services.csv"] if row["name"] == "Home visits"]
    assert visits["description"] == 'A nurse visits, with "advice"\nand diapers.'
    assert (visits["minimum_age"], visits["minimum_age_months"]) == ("0.5", "6")
    assert (visits["life_stages"], visits["needs"]) == ("pregnant;infant", "home-visiting")
    assert (visits["organization_id"], visits["source"]) == (id_of("clinic"), "whole")
    assert [(row["extension"], row["extension_text"]) for row in found["phones.csv"] if row["service_id"]] in (
        [("", "0123"), ("45", "")],
    )
    assert {row["timezone_name"]: row["timezone"] for row in found["schedules.csv"]} == {
        "America/New_York": "",
        "America/Phoenix": "-7",
    }


def load_into(path, place):
    """Load an export into an empty database, and give that database."""
    database = Database(f"sqlite:///{place / 'loaded.db'}")
    make_tables(database)
    report = Report()
    with scratch_folder() as scratch, database.write() as session:
        given = open_input(str(path), Named(), Path(scratch))
        for _ in load(session, given, Options(), report, clock=lambda: datetime(2026, 5, 1, tzinfo=UTC)):
            session.commit()
    assert not report.refused
    return database


@pytest.mark.parametrize("include_confidential", [False, True])
@pytest.mark.parametrize("format_", FORMATS)
def test_an_export_that_is_loaded_into_an_empty_database_is_exported_as_the_same_bytes(
    session, tmp_path, format_, include_confidential
):
    first = export(session, tmp_path, format_, include_confidential=include_confidential)
    (tmp_path / "again").mkdir()
    loaded = load_into(first, tmp_path / "again")
    with loaded.read() as reading:
        again = export(reading, tmp_path / "again", format_, include_confidential=include_confidential)
    loaded.close()
    assert every_word(again) == every_word(first)
    assert again.read_bytes() == first.read_bytes()


@pytest.mark.parametrize("format_", FORMATS)
def test_the_same_directory_always_gives_the_same_bytes(session, tmp_path, format_):
    (tmp_path / "again").mkdir()
    first = export(session, tmp_path, format_).read_bytes()
    assert export(session, tmp_path / "again", format_).read_bytes() == first


@pytest.mark.parametrize("format_", FORMATS)
def test_nothing_of_a_confidential_address_is_in_a_public_export(session, tmp_path, format_):
    said = every_word(export(session, tmp_path, format_)).lower()
    for secret in (
        "hidden",
        "hollow",
        "2217",
        "keeper",
        "0199",
        "39.3,",
        id_of("hideout address"),
        id_of("hideout tag"),
    ):
        assert secret not in said, secret
    assert id_of("hideout") in said
    assert "0198" in said


@pytest.mark.parametrize("format_", FORMATS)
def test_an_operator_may_export_confidential_addresses_too(session, tmp_path, format_):
    said = every_word(export(session, tmp_path, format_, include_confidential=True))
    for secret in (SECRET, "The keeper of the key", "(410) 555-0199", "2217 hidden hollow ln."):
        assert secret in said, secret


def test_what_one_organization_hides_is_not_struck_out_of_anothers_texts(session, tmp_path):
    put(session, "service", "tours", organization="clinic", name="Tours of 2217 Hidden Hollow Lane", status="active")
    assert "Tours of 2217 Hidden Hollow Lane" in every_word(export(session, tmp_path, "tabular"))
    assert "Tours of 2217 Hidden Hollow Lane" in every_word(export(session, tmp_path, "hsds-json"))


@pytest.mark.parametrize("format_", FORMATS)
def test_one_source_is_exported_alone(session, tmp_path, format_):
    session.execute(insert(table("source")).values(id=2, name="other"))
    session.execute(insert(table("organization")).values(id=id_of("x"), source_id=2, name="Elsewhere", description=""))
    assert "Elsewhere" in every_word(export(session, tmp_path, format_))
    assert "Elsewhere" not in every_word(export(session, tmp_path, format_, source="whole"))
    assert "Harbor Clinic" not in every_word(export(session, tmp_path, format_, source="other"))


def test_an_unknown_source_is_refused_and_the_known_are_named(session, tmp_path):
    with pytest.raises(ExportError) as caught:
        export(session, tmp_path, "tabular", source="wole")
    assert "whole" in caught.value.hint
    assert list(tmp_path.iterdir()) == []


def test_a_missing_folder_is_refused(session, tmp_path):
    with pytest.raises(ExportError, match="nowhere"):
        export(session, tmp_path / "nowhere", "tabular")


@pytest.mark.parametrize("format_", FORMATS)
def test_an_export_that_breaks_off_leaves_the_old_file_and_no_other(session, tmp_path, format_, monkeypatch):
    path = export(session, tmp_path, format_)
    before = path.read_bytes()

    def break_off(_session, _scope, file):
        file.write(b"half")
        yield 1
        raise OSError("the disk is full")

    monkeypatch.setattr(export_module, "write_tabular", break_off)
    monkeypatch.setattr(export_module, "write_json_lines", break_off)
    with pytest.raises(OSError, match="full"):
        export(session, tmp_path, format_)
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]


def test_an_empty_directory_is_exported_as_an_empty_one(tmp_path):
    database = Database(f"sqlite:///{tmp_path / 'empty.db'}")
    make_tables(database)
    with database.read() as session:
        assert export(session, tmp_path, "hsds-json").read_bytes() == b""
        assert tables(export(session, tmp_path, "tabular")) == {}
    database.close()


@pytest.mark.parametrize(("name", "format_"), [("a.ndjson", FORMATS[0]), ("a.JSONL", FORMATS[0]), ("a.zip", "tabular")])
def test_the_ending_of_a_file_says_its_format(tmp_path, name, format_):
    assert read_format(tmp_path / name) == format_
    assert read_format(tmp_path / name, "tabular") == "tabular"


def test_an_ending_that_says_nothing_is_refused(tmp_path):
    with pytest.raises(ExportError) as caught:
        read_format(tmp_path / "directory.xml")
    assert ".ndjson" in caught.value.hint


def test_every_noun_has_a_file():
    assert set(FILES) == set(NOUNS) == {n for n in NOUNS if table(n) is not None}


def test_a_file_that_may_hold_secrets_is_for_its_owner_only(session, tmp_path):
    assert export(session, tmp_path, "hsds-json", include_confidential=True).stat().st_mode & 0o077 == 0
