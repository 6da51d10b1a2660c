import io
from collections.abc import Iterator
from pathlib import Path

import orjson
import pytest
from rich.console import Console

import benchmarks.__main__ as program
from benchmarks.__main__ import Group
from benchmarks.backend import SQLITE, Backend
from benchmarks.figure import Figure, percentiles, write_results
from benchmarks.http_load import _answer_length


@pytest.fixture
def results(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = tmp_path / "results.json"
    monkeypatch.setattr(program, "write_results", lambda figures, groups: write_results(figures, groups, path))
    return path


def measure_well(_backend: Backend) -> Iterator[Figure]:
    yield Figure("well.ratio", 3.1, "×", 4.0)
    yield Figure("well.rate", 0.3, "of services/s", 0.1, "below")
    yield from percentiles("well.search", [1.0, 2.0, 3.0, 4.0])


def measure_badly(_backend: Backend) -> Iterator[Figure]:
    yield Figure("badly.ratio", 4.1, "×", 4.0)


WELL, BADLY = Group("well", measure_well, ("SQLite", "PostgreSQL")), Group("badly", measure_badly)
POSTGRES = Backend("PostgreSQL", "postgresql://nowhere")


def test_results_are_a_list_of_name_value_unit_bar_held_and_what_they_were_measured_on(results: Path) -> None:
    assert program.run_groups([WELL], Console(quiet=True)) == 0
    rows = orjson.loads(results.read_bytes())
    assert [set(row) for row in rows] == [{"name", "value", "unit", "bar", "held", "backend"}] * 5
    assert rows[0] == {"name": "well.ratio", "value": 3.1, "unit": "×", "bar": 4.0, "held": True, "backend": "SQLite"}
    assert rows[2] == {
        "name": "well.search p50",
        "value": 3.0,
        "unit": "ms",
        "bar": None,
        "held": True,
        "backend": "SQLite",
    }


def test_a_missed_bar_is_written_down_and_fails_the_run(results: Path) -> None:
    assert program.run_groups([WELL, BADLY], Console(quiet=True)) == 1
    rows = {row["name"]: row["held"] for row in orjson.loads(results.read_bytes())}
    assert rows["badly.ratio"] is False
    assert rows["well.rate"] is True


def test_running_one_group_keeps_the_figures_of_the_others(results: Path) -> None:
    program.run_groups([WELL, BADLY], Console(quiet=True))
    better = Group("badly", lambda _: iter([Figure("badly.ratio", 3.9, "×", 4.0)]))
    program.run_groups([better], Console(quiet=True))
    rows = {row["name"]: row["value"] for row in orjson.loads(results.read_bytes())}
    assert rows["well.ratio"] == 3.1
    assert rows["badly.ratio"] == 3.9
    assert len(rows) == 6


def test_a_group_has_a_column_for_each_database_and_its_bars_are_those_of_sqlite(results: Path) -> None:
    console = Console(record=True, width=140, quiet=False, file=io.StringIO())
    assert program.run_groups([WELL, BADLY], console, (SQLITE, POSTGRES)) == 1
    rows = {(row["name"], row["backend"]): row for row in orjson.loads(results.read_bytes())}
    assert rows["well.ratio", "PostgreSQL"]["value"] == 3.1
    assert (rows["well.ratio", "SQLite"]["bar"], rows["well.ratio", "PostgreSQL"]["bar"]) == (4.0, None)
    assert ("badly.ratio", "PostgreSQL") not in rows
    [head] = [line for line in console.export_text().splitlines() if "PostgreSQL" in line and "unit" in line]
    assert head.index("SQLite") < head.index("PostgreSQL")
    program.run_groups([WELL], Console(quiet=True), (SQLITE,))
    assert len(orjson.loads(results.read_bytes())) == len(rows)


@pytest.mark.parametrize(
    ("figure", "held"),
    [
        (Figure("a.b", 4.0, "×", 4.0), True),
        (Figure("a.b", 0.8, "×", 0.8, "below"), True),
        (Figure("a.b", 0.79, "×", 0.8, "below"), False),
        (Figure("a.b", "could not be installed", "", 20.0), False),
        (Figure("a.b", None, "ms"), False),
        (Figure("a.b", "wrk", ""), True),
    ],
)
def test_what_could_not_be_measured_holds_no_bar(figure: Figure, held: bool) -> None:
    assert figure.held is held


def test_an_unknown_name_is_refused_and_the_known_ones_are_named(capsys: pytest.CaptureFixture[str]) -> None:
    assert program.main(["search_in_process"]) == 2
    assert "search_inprocess" in capsys.readouterr().out


CHUNKED = (b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n", b"2\r\n[]\r\n", b"0\r\n\r\n")
COUNTED = (b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n", b"[]")


@pytest.mark.parametrize("parts", [CHUNKED, COUNTED])
def test_the_client_waits_for_the_whole_of_an_answer(parts: tuple[bytes, ...]) -> None:
    buffer = bytearray()
    for part in parts[:-1]:
        buffer += part
        length = _answer_length(buffer)
        assert length is None or length > len(buffer)
    buffer += parts[-1]
    assert _answer_length(buffer) == len(buffer)
