"""`resource-api search`, and the progress that long commands show."""

import io
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from sqlalchemy import text

from resource_api.cli import main, progress
from resource_api.cli.progress import show_progress
from resource_api.database import Database
from resource_api.search.query import SearchQuery
from resource_api.search.sqlite_index import SQLiteIndex
from tests.api.conftest import make_directory
from tests.api.small_directory import write_small_directory
from tests.databases import make_tables


@pytest.fixture
def url(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    url = f"sqlite:///{tmp_path / 'directory.db'}"
    monkeypatch.setenv("DATABASE_URL", url)
    return url


def run(*arguments: str) -> Result:
    return CliRunner().invoke(main, ["search", *arguments])


def total(url: str) -> int:
    database = Database(url)
    with database.read() as session:
        found = SQLiteIndex().find(session, SearchQuery()).total
    database.close()
    return found


def test_rebuild_makes_the_whole_index_from_the_documents(url: str) -> None:
    make_directory(url)
    database = Database(url)
    with database.write() as session:
        for name in ("search_row", "search_text", "search_word"):
            session.execute(text(f"DELETE FROM {name}"))
        session.execute(text("INSERT INTO search_fts(search_fts) VALUES ('delete-all')"))
        session.commit()
    database.close()
    assert total(url) == 0
    done = run("rebuild")
    assert (done.exit_code, done.output) == (0, "3 services indexed anew\n")
    assert total(url) == 3


def test_sync_follows_what_was_logged_and_not_yet_followed(url: str) -> None:
    database = Database(url)
    make_tables(database)
    with database.write() as session:  # without an index that follows
        write_small_directory(session)
        session.commit()
    database.close()
    assert total(url) == 0
    done = run("sync")
    assert (done.exit_code, done.output) == (0, "3 services brought up to date\n")
    assert total(url) == 3
    assert run("sync").output == "0 services brought up to date\n"


@pytest.mark.parametrize("command", ["rebuild", "sync"])
def test_a_database_without_tables_is_refused_with_what_to_do(url: str, command: str) -> None:
    done = run(command)
    assert done.exit_code == 1
    assert "resource-api init" in done.output
    assert "Traceback" not in done.output


def test_a_wrong_word_is_a_usage_error(url: str) -> None:
    assert run("rebuld").exit_code == 2


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_a_terminal_shows_a_bar(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stderr", Terminal())
    monkeypatch.setenv("TERM", "xterm")
    with show_progress("services", 1_000) as show:
        show(500)
        show(700, what="rows", total=2_000)
    shown = sys.stderr.getvalue()  # type: ignore[attr-defined]
    assert "rows" in shown
    assert "700/2000" in shown


def test_elsewhere_a_line_is_written_now_and_then(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    clock = [100.0]
    monkeypatch.setattr(progress.time, "monotonic", lambda: clock[0])
    with show_progress("services", 10_000) as show:
        for done in range(1, 8):
            clock[0] += 0.9
            show(done * 1_000)
        clock[0] += 2
        show(10, total=None, what="reading")
    with show_progress("rows") as show:
        clock[0] += 2
        show(5)
        show(6)
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.splitlines() == [
        "services: 3,000 of 10,000",
        "services: 6,000 of 10,000",
        "reading: 10 of 10,000",
        "rows: 5",
    ]
