"""WHAT A MEASUREMENT SAYS: its name, value, unit and bar; and the file that keeps every one of them.

A figure is a ratio wherever a bar hangs on it: absolute times belong to the machine they were taken on.
"""

import os
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal

import orjson

RESULTS = Path(__file__).with_name("results.json")


@dataclass(frozen=True, slots=True)
class Figure:
    """One measured value. Without a bar it only informs, and counts as held unless nothing could be measured."""

    name: str
    value: float | str | None
    unit: str
    bar: float | None = None
    worse: Literal["above", "below"] = "above"
    backend: str = "SQLite"

    @property
    def held(self) -> bool:
        """Tell whether the bar is kept; what could not be measured keeps none."""
        if self.value is None or isinstance(self.value, str):
            return self.bar is None and self.value is not None
        if self.bar is None:
            return True
        return self.value <= self.bar if self.worse == "above" else self.value >= self.bar


def write_results(figures: Sequence[Figure], groups: Iterable[str], path: Path = RESULTS) -> list[dict[str, object]]:
    """Write figures to the results file; those of groups, or on backends, that were not run stay as they were."""
    run = {(group, figure.backend) for group in groups for figure in figures}
    kept = orjson.loads(path.read_bytes()) if path.exists() else []
    rows = [row for row in kept if (row["name"].split(".")[0], row["backend"]) not in run]
    rows += [_row(figure) for figure in figures]
    path.write_bytes(orjson.dumps(rows, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE))
    return rows


def percentile(values: Sequence[float], share: float) -> float:
    """Get the value below which a share of the values lies (nearest rank)."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def percentiles(name: str, values: Sequence[float], unit: str = "ms") -> list[Figure]:
    """Say p50, p95 and p99 of some values."""
    return [
        Figure(f"{name} {label}", round(percentile(values, share), 3), unit)
        for label, share in (("p50", 0.50), ("p95", 0.95), ("p99", 0.99))
    ]


def is_small() -> bool:
    """Tell whether this run only tries the benchmarks out: `BENCH_SCALE=small` shrinks every input."""
    return os.environ.get("BENCH_SCALE") == "small"


def _row(figure: Figure) -> dict[str, object]:
    row = asdict(figure)
    del row["worse"]
    return row | {"held": figure.held}
