import csv
import json

import pytest
from click.testing import CliRunner
from sqlalchemy import select

from resource_api.cli import load as command
from resource_api.cli import main
from resource_api.database import Database
from resource_api.directory.document import Change
from resource_api.directory.load.retire import RetirePlan
from resource_api.search.tables import SearchRow
from tests.databases import make_tables
from tests.directory.load.loading import one_service, rows_of, write_tables


@pytest.fixture
def database(tmp_path, monkeypatch):
    url = f"sqlite:///{tmp_path / 'directory.db'}"
    monkeypatch.setenv("DATABASE_URL", url)
    made = Database(url)
    make_tables(made)
    yield made
    made.close()


def run(*arguments):
    return CliRunner().invoke(main, ["load", *map(str, arguments)])


def test_a_load_says_whose_data_it_was_and_what_came_of_it(database, tmp_path):
    done = run(write_tables(tmp_path / "county", **one_service()), "--licence", "CC0-1.0")
    assert done.exit_code == 0, done.output
    assert "source county, licence CC0-1.0, date not stated" in done.output
    assert "service                         1        0        0        0" in done.output
    assert "Problems" not in done.output
    with database.read() as session:
        assert len(session.scalars(select(SearchRow)).all()) == 1
        assert session.scalars(select(Change)).all() == []


def test_refused_rows_are_shown_and_make_it_partly_done(database, tmp_path):
    tables = one_service()
    tables["services"] = [*tables["services"], {"id": "s2", "organization_id": "o1", "name": "", "status": "active"}]
    errors = tmp_path / "errors.csv"
    done = run(write_tables(tmp_path / "county", **tables), "--errors", errors)
    assert done.exit_code == 1
    assert "1 rows refused, 0 values doubtful" in done.output
    assert "services.csv, line 3 (refused): the service lacks its name" in done.output
    assert f"All of them are in {errors}" in done.output
    [row] = csv.DictReader(errors.read_text("utf-8").splitlines())
    assert (row["file"], row["line"], row["column"], row["refused"]) == ("services.csv", "3", "name", "True")


def test_problems_may_be_written_as_lines_of_json(database, tmp_path):
    errors = tmp_path / "errors.ndjson"
    done = run(write_tables(tmp_path / "county", **one_service(url="see page", colour="red")), "--errors", errors)
    assert done.exit_code == 0
    assert json.loads(errors.read_text())["reason"] == "not a web address: see page"
    assert "services.csv: colour" in done.output


def test_a_dry_run_writes_nothing_and_says_so(database, tmp_path):
    done = run("--dry-run", write_tables(tmp_path / "county", **one_service()))
    assert done.exit_code == 0
    assert "Nothing was written" in done.output
    assert rows_of(database, "organization") == []


def county(count):
    tables = one_service()
    tables["services"] = [
        {"id": f"s{i}", "organization_id": "o1", "name": f"S {i}", "status": "active"} for i in range(1, count + 1)
    ]
    return tables


def test_replacing_stops_at_a_fifth_unless_told_yes(database, tmp_path):
    folder = tmp_path / "county"
    assert run(write_tables(folder, **county(10))).exit_code == 0
    stopped = run("--replace", write_tables(folder, **county(5)))
    assert stopped.exit_code == 1
    assert "5 of 10 services" in stopped.output
    assert "--yes" in stopped.output
    assert len(rows_of(database, "service")) == 10
    assert run("--replace", "--yes", folder).exit_code == 0
    assert len(rows_of(database, "service")) == 5


@pytest.mark.parametrize(("said", "answer"), [("y\n", True), ("n\n", False)])
def test_somebody_at_a_terminal_is_asked(monkeypatch, said, answer):
    monkeypatch.setattr("sys.stdin.isatty", lambda: True, raising=False)
    monkeypatch.setattr("click.confirm", lambda question: said == "y\n" and "3 of 4 services" in question)
    assert command._ask(RetirePlan(1, 2, 3, 4)) is answer


def test_what_cannot_be_loaded_is_one_error_with_what_would_be_right(database, tmp_path):
    done = run(tmp_path / "nowhere")
    assert done.exit_code == 1
    assert "does not exist" in done.output
    assert "What would be right" in done.output
    assert "Traceback" not in done.output


@pytest.mark.parametrize(
    "wrong", [["--format", "excel"], ["--encoding", "klingon"], ["--errors", "errors.txt"], ["--colour", "red"]]
)
def test_a_wrong_option_is_a_matter_of_usage(database, tmp_path, wrong):
    assert run(write_tables(tmp_path / "county", **one_service()), *wrong).exit_code == 2


def test_a_database_without_tables_is_refused(tmp_path, monkeypatch):
    monkeypatch.setenv("DATABASE_URL", f"sqlite:///{tmp_path / 'new.db'}")
    done = run(write_tables(tmp_path / "county", **one_service()))
    assert done.exit_code == 1
    assert "resource-api init" in done.output


def test_a_load_that_was_stopped_says_that_it_continues(database, tmp_path):
    from resource_api.directory.load.open_input import Named
    from tests.directory.load.loading import load_place

    folder = tmp_path / "county"
    tables = {
        "organizations": [{"id": f"o{i}", "name": f"Org {i}", "description": "d"} for i in range(600)],
        "phones": [{"id": f"p{i}", "organization_id": f"o{i}", "number": "none"} for i in range(600)],
    }
    load_place(database, write_tables(folder, **tables), named=Named(), stop_after=1)
    errors = tmp_path / "errors.csv"
    done = run(folder, "--errors", errors)
    assert "Continued where an earlier load" in done.output
    assert "600 rows refused" in done.output
    assert len(list(csv.DictReader(errors.read_text("utf-8").splitlines()))) == 600


def test_many_kinds_of_problems_are_not_all_printed(database, tmp_path):
    colours = {f"colour {i}": "red" for i in range(30)}
    done = run(write_tables(tmp_path / "county", **one_service(**colours)))
    assert "and 10 further kinds" in done.output
