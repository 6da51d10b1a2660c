from collections.abc import Iterator
from pathlib import Path

import orjson
import pytest
from rich.console import Console

import benchmarks.__main__ as program
from benchmarks.figure import Figure, percentiles, write_results


@pytest.fixture
def results(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = tmp_path / "results.json"
    monkeypatch.setattr(program, "write_results", lambda figures, groups: write_results(figures, groups, path))
    return path


def measure_well() -> Iterator[Figure]:
    yield Figure("well.ratio", 3.1, "×", 4.0)
    yield Figure("well.rate", 0.3, "of services/s", 0.1, "below")
    yield from percentiles("well.search", [1.0, 2.0, 3.0, 4.0])


def measure_badly() -> Iterator[Figure]:
    yield Figure("badly.ratio", 4.1, "×", 4.0)


def test_results_are_a_list_of_name_value_unit_bar_and_held(results: Path) -> None:
    assert program.run_groups({"well": measure_well}, Console(quiet=True)) == 0
    rows = orjson.loads(results.read_bytes())
    assert [set(row) for row in rows] == [{"name", "value", "unit", "bar", "held"}] * 5
    assert rows[0] == {"name": "well.ratio", "value": 3.1, "unit": "×", "bar": 4.0, "held": True}
    assert rows[2] == {"name": "well.search p50", "value": 3.0, "unit": "ms", "bar": None, "held": True}


def test_a_missed_bar_is_written_down_and_fails_the_run(results: Path) -> None:
    assert program.run_groups({"well": measure_well, "badly": measure_badly}, Console(quiet=True)) == 1
    rows = {row["name"]: row["held"] for row in orjson.loads(results.read_bytes())}
    assert rows["badly.ratio"] is False
    assert rows["well.rate"] is True


def test_running_one_group_keeps_the_figures_of_the_others(results: Path) -> None:
    program.run_groups({"well": measure_well, "badly": measure_badly}, Console(quiet=True))
    program.run_groups({"badly": lambda: iter([Figure("badly.ratio", 3.9, "×", 4.0)])}, Console(quiet=True))
    rows = {row["name"]: row["value"] for row in orjson.loads(results.read_bytes())}
    assert rows["well.ratio"] == 3.1
    assert rows["badly.ratio"] == 3.9
    assert len(rows) == 6


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
