"""`python -m benchmarks [NAME]`: measure every figure, or one group; print them, and write results.json."""

import sys
from collections.abc import Callable, Iterator
from importlib import import_module
from time import perf_counter

from rich.console import Console
from rich.table import Table

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


def main(names: list[str]) -> int:
    """Run the groups named, or all; get 1 where a bar is missed."""
    console = Console(width=140)
    unknown = [name for name in names if name not in GROUPS]
    if unknown:
        console.print(f"there is no benchmark {unknown[0]!r}; there are {', '.join(GROUPS)}", style="red")
        return 2
    return run_groups({name: import_module(f"benchmarks.{name}").measure for name in names or GROUPS}, console)


def run_groups(groups: dict[str, Callable[[], Iterator[Figure]]], console: Console) -> int:
    """Run groups of figures one after another; whatever has been measured is written after each."""
    figures: list[Figure] = []
    for name, measure in groups.items():
        console.print(f"[bold]{name}[/bold] …")
        started = perf_counter()
        measured = list(measure())
        write_results(measured, [name])
        console.print(_table(name, measured, perf_counter() - started))
        figures += measured
    missed = [figure.name for figure in figures if not figure.held]
    console.print(
        f"bars missed: {', '.join(missed)}" if missed else "every bar held", style="red" if missed else "green"
    )
    return 1 if missed else 0


def _table(name: str, figures: list[Figure], seconds: float) -> Table:
    table = Table("figure", "value", "unit", "bar", "held", title=f"{name} ({seconds:.0f} s)", title_justify="left")
    for figure in figures:
        bar = "" if figure.bar is None else f"{'≤' if figure.worse == 'above' else '≥'} {figure.bar:g}"
        held = "" if figure.bar is None and figure.held else "yes" if figure.held else "[red]NO[/red]"
        table.add_row(figure.name.partition(".")[2], str(figure.value), figure.unit, bar, held)
    return table


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
