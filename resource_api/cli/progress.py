"""HOW FAR LONG WORK IS: a bar on a terminal, a line now and then elsewhere; both on standard error."""

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol

import click

SECONDS_BETWEEN_LINES = 2.0


class Show(Protocol):
    """Says how much is done, of how much where that is known; `what` is named when it changes."""

    def __call__(self, done: int, total: int | None = None, what: str | None = None) -> None:
        """Show how much is done."""
        ...


@contextmanager
def show_progress(what: str, total: int | None = None) -> Iterator[Show]:
    """Show the progress of long work on `what`, such as "services"; call what is yielded with the number done."""
    if not sys.stderr.isatty():
        yield _Lines(what, total)
        return
    # rich takes a while to import, and a terminal is rare where commands run by themselves.
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(what, total=total)

        def show(done: int, total: int | None = None, what: str | None = None) -> None:
            bar.update(task, completed=done, total=total, description=what)

        yield show


class _Lines:
    """Writes at most one line every few seconds: a log is read later, and by people."""

    def __init__(self, what: str, total: int | None) -> None:
        self.what = what
        self.total = total
        self.said = time.monotonic()

    def __call__(self, done: int, total: int | None = None, what: str | None = None) -> None:
        self.what, self.total = what or self.what, total or self.total
        now = time.monotonic()
        if now - self.said < SECONDS_BETWEEN_LINES:
            return
        self.said = now
        click.echo(f"{self.what}: {done:,}" + (f" of {self.total:,}" if self.total else ""), err=True)
