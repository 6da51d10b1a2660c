"""Input that is broken or means harm: one clear error, and nothing half done."""

import contextlib
import io
import stat
import string
import struct
import zipfile

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from resource_api.directory.load.land import load
from resource_api.directory.load.open_input import Named, open_input
from resource_api.directory.load.report import Report
from resource_api.directory.load.run_record import Options
from resource_api.errors import LoadError
from tests.directory.load.loading import NOW, everything, load_place, one_service, rows_of, write_tables

DRY = Options(dry_run=True)
SERVICES = "id,organization_id,name,status\n"


def refuse(database, place, *, named=Named(source="here")):  # noqa: B008 - frozen
    before = everything(database)
    with pytest.raises(LoadError) as refused:
        load_place(database, place, named=named)
    assert everything(database) == before
    assert refused.value.hint
    return refused.value.message


def make_zip(path, *members, **how):
    with zipfile.ZipFile(path, "w", **how) as archive:
        for name, content in members:
            archive.writestr(name, content)
    return path


@pytest.mark.parametrize(
    "name", ["../services.csv", "/etc/services.csv", "a/../../services.csv", "..\\services.csv", "C:/x.csv"]
)
def test_a_path_that_leads_out_of_a_zip_is_refused(database, tmp_path, name):
    assert "holds the path" in refuse(database, make_zip(tmp_path / "x.zip", (name, SERVICES)))
    assert not (tmp_path.parent / "services.csv").exists()


def test_a_link_in_a_zip_is_refused(database, tmp_path):
    link = zipfile.ZipInfo("services.csv")
    link.external_attr = (stat.S_IFLNK | 0o777) << 16
    assert "holds the link" in refuse(database, make_zip(tmp_path / "x.zip", (link, "/etc/passwd")))


def test_a_zip_bomb_is_refused_by_what_it_promises(database, tmp_path):
    bomb = make_zip(tmp_path / "x.zip", ("services.csv", b"0" * 40_000_000), compression=zipfile.ZIP_DEFLATED)
    assert "would unpack to" in refuse(database, bomb)


def test_a_zip_bomb_that_lies_about_its_size_is_refused_while_it_is_read(database, tmp_path):
    honest = make_zip(tmp_path / "x.zip", ("services.csv", b"0" * 9_000_000), compression=zipfile.ZIP_DEFLATED)
    raw = bytearray(honest.read_bytes())
    at = raw.index(b"PK\x01\x02")
    raw[at + 24 : at + 28] = struct.pack("<I", 10)
    honest.write_bytes(bytes(raw))
    refuse(database, honest)


def test_a_zip_of_too_many_files_is_refused(database, tmp_path):
    assert "holds 1001 files" in refuse(
        database, make_zip(tmp_path / "x.zip", *((f"{i}.csv", "") for i in range(1001)))
    )


def test_a_zip_with_the_same_file_twice_is_refused(database, tmp_path):
    with pytest.warns(UserWarning, match="Duplicate"):
        path = make_zip(tmp_path / "x.zip", ("services.csv", SERVICES), ("services.csv", SERVICES))
    assert "twice" in refuse(database, path)


@pytest.mark.parametrize("keep", [4, 60, 0.5, 0.9])
def test_a_cut_off_zip_is_refused(database, tmp_path, keep):
    folder = write_tables(tmp_path / "in", **one_service(description="food " * 500))
    whole = make_zip(tmp_path / "x.zip", *((p.name, p.read_bytes()) for p in sorted(folder.iterdir())))
    raw = whole.read_bytes()
    whole.write_bytes(raw[: int(keep if keep > 1 else len(raw) * keep)])
    refuse(database, whole)


def test_a_damaged_member_of_a_zip_is_refused(database, tmp_path):
    path = make_zip(tmp_path / "x.zip", ("services.csv", SERVICES + "1,2,3,4\n" * 100))
    raw = bytearray(path.read_bytes())
    raw[200] ^= 0xFF
    path.write_bytes(bytes(raw))
    refuse(database, path)


def test_an_encrypted_zip_is_refused(database, tmp_path):
    path = make_zip(tmp_path / "x.zip", ("services.csv", SERVICES))
    raw = bytearray(path.read_bytes())
    raw[6] |= 1
    raw[raw.index(b"PK\x01\x02") + 8] |= 1
    path.write_bytes(bytes(raw))
    refuse(database, path)


def test_a_cell_of_a_million_characters_is_a_refused_row(database, tmp_path):
    tables = one_service()
    tables["services"].append(
        {"id": "s2", "organization_id": "o1", "name": "n", "status": "active", "description": "x" * 1_000_000}
    )
    report = load_place(database, write_tables(tmp_path / "in", **tables))
    [problem] = report.examples["description: the cell is too long"]
    assert (problem.line, problem.refused) == (3, True)
    assert [row["name"] for row in rows_of(database, "service")] == ["Pantry"]


def test_a_cell_that_no_computer_should_hold_is_one_error(database, tmp_path):
    folder = write_tables(tmp_path / "in", **one_service())
    (folder / "services.csv").write_text(SERVICES + '1,2,"' + "x" * 17_000_000 + '",active\n')
    assert "services.csv" in refuse(database, folder)


def test_a_long_text_in_json_is_refused_like_one_in_a_table(database, tmp_path):
    path = tmp_path / "in.json"
    path.write_text(
        '[{"id":"00000000-0000-4000-8000-000000000001","name":"n","description":"' + "x" * 1_000_000 + '"}]'
    )
    report = load_place(database, path)
    assert report.refused == 1
    assert rows_of(database, "organization") == []


def test_a_nul_byte_is_a_refused_row(database, tmp_path):
    folder = write_tables(tmp_path / "in", **one_service())
    with (folder / "services.csv").open("ab") as file:
        file.write(b"s2,o1,Na\0me,active\r\n")
    report = load_place(database, folder)
    assert report.by_reason["name: the cell holds a NUL byte"] == 1
    assert len(rows_of(database, "service")) == 1


def test_a_byte_order_mark_is_no_part_of_the_first_column(database, tmp_path):
    folder = write_tables(tmp_path / "in", **one_service())
    for path in folder.iterdir():
        path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes())
    assert load_place(database, folder).written == 4


def test_bytes_that_are_no_utf8_are_named_by_file_line_and_byte(database, tmp_path):
    folder = write_tables(tmp_path / "in", **one_service())
    with (folder / "services.csv").open("ab") as file:
        file.write("s2,o1,Café,active\r\n".encode("cp1252"))
    message = refuse(database, folder)
    assert message.startswith("services.csv, line 3: byte 10 (0xe9)")
    report = load_place(database, folder, named=Named(source="here", encoding="cp1252"))
    assert (report.refused, {row["name"] for row in rows_of(database, "service")}) == (0, {"Pantry", "Café"})


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "is empty"),
        (b"\n\n", "is empty"),
        (b"\x00\x01\x02\x03", "not a CSV"),
        (b'id,name\n"1,unclosed', "line"),
        (b'id,name\n"1"x,y\n', "line"),
        (b"id,name,name\n1,2,3\n", "twice"),
    ],
)
def test_what_is_no_csv_is_one_clear_error(database, tmp_path, content, reason):
    folder = write_tables(tmp_path / "in", **one_service())
    (folder / "organizations.csv").write_bytes(content)
    assert reason in refuse(database, folder)


def test_a_row_that_does_not_fit_its_header_is_refused(database, tmp_path):
    folder = write_tables(tmp_path / "in", **one_service())
    with (folder / "services.csv").open("a") as file:
        file.write("s2,o1\ns3,o1,Name,active,more\n\ns4,o1,Fine,active,,\n")
    report = load_place(database, folder)
    assert report.by_reason[": the row has another number of cells than the header"] == 2
    assert {row["name"] for row in rows_of(database, "service")} == {"Pantry", "Fine"}


def test_a_file_cut_off_within_a_row_never_leaves_half_a_load(database, tmp_path):
    tables = one_service(description='Long "quoted" text, with commas\nand lines')
    folder = write_tables(tmp_path / "in", **tables)
    path = folder / "services.csv"
    raw = path.read_bytes()
    path.write_bytes(raw[:-20])
    with pytest.raises(LoadError):
        load_place(database, folder)
    assert rows_of(database, "organization") == []
    path.write_bytes(raw)
    assert load_place(database, folder).written == 4


@pytest.mark.parametrize(
    "place", ["nowhere", "ftp://example.org/a", "file:///etc/passwd", "http://user:pw@example.org/"]
)
def test_a_place_that_cannot_be_read_is_refused(database, tmp_path, place):
    refuse(database, place)


def test_a_folder_of_nothing_known_is_refused(database, tmp_path):
    folder = tmp_path / "in"
    folder.mkdir()
    (folder / "photo.png").write_bytes(b"\x89PNG")
    assert "photo.png" in refuse(database, folder)
    with pytest.raises(LoadError, match="unknown"):
        open_input(str(folder), Named(format="excel"), tmp_path)
    with pytest.raises(LoadError, match="no URL"):
        open_input(str(folder), Named(format="hsds-api"), tmp_path)


WORDS = st.text(alphabet=string.printable + "é\x00\u2028", max_size=30)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(name=st.sampled_from(["in.json", "in.ndjson", "services.csv", "in.zip"]), content=st.binary(max_size=400))
def test_random_bytes_are_a_clear_error_or_a_report(database, tmp_path, name, content):
    (tmp_path / name).write_bytes(content)
    with database.write() as session, contextlib.suppress(LoadError):
        for _ in load(session, open_input(str(tmp_path / name), Named(), tmp_path), DRY, Report(), clock=lambda: NOW):
            pass


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rows=st.lists(st.dictionaries(st.sampled_from(
    "name status description url email minimum_age eligibility_description last_modified organization_id languages id"
    .split()), WORDS), max_size=4))  # fmt: skip
def test_random_cells_are_landed_or_reported(database, tmp_path, rows):
    tables = one_service()
    tables["services"] = [*tables["services"], *rows]
    tables["phones"] = [
        {"id": f"p{i}", "service_id": "s1", "number": row.get("name", "")} for i, row in enumerate(rows)
    ]
    tables["languages"] = [
        {"id": f"g{i}", "service_id": "s1", "name": row.get("url", "")} for i, row in enumerate(rows)
    ]
    report = load_place(database, write_tables(tmp_path / "in", **tables))
    assert report.counts["service"].new + report.counts["service"].same + report.counts["service"].changed >= 1


def test_a_plain_file_object_is_bounded_by_lines():
    from resource_api.directory.load.archive import iterate_lines

    with pytest.raises(LoadError, match="longer"):
        list(iterate_lines(io.BytesIO(b"x" * 50), longest=10))
