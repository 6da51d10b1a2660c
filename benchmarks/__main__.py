"""`python -m benchmarks [NAME]`: measure every figure, or one group; print them, and write results.json.

A group says by `BACKENDS` what it can be measured on; SQLite alone where it says nothing.
"""

import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from importlib import import_module
from time import perf_counter

from rich.console import Console
from rich.table import Table

from benchmarks.backend import SQLITE, Backend, backends
from benchmarks.figure import Figure, write_results

GROUPS = (
    "search_inprocess",
    "search_http",
    "load",
    "cold_start",
    "datasette",
    "baltimore",
    "referrals",
    "webhooks",
    "elasticsearch",
)


_NEEDED = ("BENCH_DATABASE_URL", "ELASTICSEARCH_URL")


def main(names: list[str]) -> int:
    """Run the groups named, or all; get 1 where a bar is missed."""
    console = Console(width=140)
    unknown = [name for name in names if name not in GROUPS]
    if unknown:
        console.print(f"there is no benchmark {unknown[0]!r}; there are {', '.join(GROUPS)}", style="red")
        return 2
    return run_groups([_read_group(name) for name in names or GROUPS], console, backends())


@dataclass(frozen=True, slots=True)
class Group:
    """Some figures that are measured together, and the names of what they can be measured on."""

    name: str
    measure: Callable[[Backend], Iterator[Figure]]
    backends: tuple[str, ...] = (SQLITE.name,)


def run_groups(groups: Sequence[Group], console: Console, backends: Sequence[Backend] = (SQLITE,)) -> int:
    """Run groups of figures one after another; whatever has been measured is written after each."""
    missed: list[str] = []
    for group in groups:
        measured: list[Figure] = []
        started = perf_counter()
        for backend in backends:
            if backend.name in group.backends:
                console.print(f"[bold]{group.name}[/bold] on {backend.name} …")
                figures = [_figure_on(backend, group, figure) for figure in group.measure(backend)]
                write_results(figures, [group.name])
                measured += figures
        if not measured:
            console.print(f"{group.name}: not measured, {' and '.join(_NEEDED)} name no servers")
            continue
        console.print(_table(group.name, measured, perf_counter() - started))
        missed += [f"{figure.name} on {figure.backend}" for figure in measured if not figure.held]
    console.print(
        f"bars missed: {', '.join(missed)}" if missed else "every bar held", style="red" if missed else "green"
    )
    return 1 if missed else 0


def _read_group(name: str) -> Group:
    module = import_module(f"benchmarks.{name}")
    return Group(name, module.measure, getattr(module, "BACKENDS", (SQLITE.name,)))


def _figure_on(backend: Backend, group: Group, figure: Figure) -> Figure:
    bar = figure.bar if backend.name == group.backends[0] or figure.bar == 0 else None
    return replace(figure, backend=backend.name, bar=bar)


def _table(name: str, figures: list[Figure], seconds: float) -> Table:
    columns = list(dict.fromkeys(figure.backend for figure in figures))
    table = Table("figure", *columns, "unit", "bar", "held", title=f"{name} ({seconds:.0f} s)", title_justify="left")
    rows: dict[str, dict[str, Figure]] = {}
    for figure in figures:
        rows.setdefault(figure.name, {})[figure.backend] = figure
    for row, found in rows.items():
        some = next(iter(found.values()))
        values = (str(found[column].value) if column in found else "" for column in columns)
        bar = "" if some.bar is None else f"{'≤' if some.worse == 'above' else '≥'} {some.bar:g}"
        held = all(figure.held for figure in found.values())
        said = "" if some.bar is None and held else "yes" if held else "[red]NO[/red]"
        table.add_row(row.partition(".")[2], *values, some.unit, bar, said)
    return table


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
