import json
import zipfile

import pytest
from click.testing import CliRunner

from resource_api.cli import main
from resource_api.database import Database
from tests.databases import make_tables
from tests.directory.whole_directory import SECRET, write_whole_directory


@pytest.fixture
def run(tmp_path, monkeypatch):
    url = f"sqlite:///{tmp_path / 'directory.db'}"
    monkeypatch.setenv("DATABASE_URL", url)
    database = Database(url)
    make_tables(database)
    with database.write() as session:
        write_whole_directory(session)
        session.commit()
    database.close()
    return lambda *arguments: CliRunner().invoke(main, ["export", *map(str, arguments)])


def test_the_ending_of_the_path_chooses_the_format(run, tmp_path):
    done = run(tmp_path / "out.ndjson")
    assert done.exit_code == 0, done.output
    assert "4 organizations" in done.output
    assert json.loads((tmp_path / "out.ndjson").read_bytes().splitlines()[0])["object"] == "source"
    assert run(tmp_path / "out.zip").exit_code == 0
    assert zipfile.ZipFile(tmp_path / "out.zip").testzip() is None


def test_a_named_format_goes_before_the_ending(run, tmp_path):
    assert run(tmp_path / "out.data", "--format", "tabular", "--source", "whole").exit_code == 0
    assert zipfile.is_zipfile(tmp_path / "out.data")


@pytest.mark.parametrize("wrong", [("out.xml",), ("out.zip", "--source", "nobody"), ("missing/out.zip",)])
def test_what_cannot_be_exported_is_refused_with_what_would_be_right(run, tmp_path, wrong):
    done = run(tmp_path / wrong[0], *wrong[1:])
    assert done.exit_code == 1
    assert ": " in done.output
    assert "Traceback" not in done.output
    assert [path.name for path in tmp_path.iterdir() if "out" in path.name] == []


def test_confidential_addresses_come_only_when_asked_for_and_with_a_warning(run, tmp_path):
    path = tmp_path / "out.ndjson"
    assert "It holds confidential" not in run(path).output
    assert SECRET not in path.read_text()
    assert "It holds confidential" in run(path, "--include-confidential").output
    assert SECRET in path.read_text()


def test_a_database_without_tables_is_refused(tmp_path, monkeypatch):
    monkeypatch.setenv("DATABASE_URL", f"sqlite:///{tmp_path / 'new.db'}")
    done = CliRunner().invoke(main, ["export", str(tmp_path / "out.zip")])
    assert done.exit_code == 1
    assert "resource-api init" in done.output
