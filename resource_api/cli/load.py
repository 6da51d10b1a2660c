"""`resource-api load PATH|URL` : bring records in from files or a live HSDS API."""

import csv
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import IO

import click
import orjson

from resource_api.cli.progress import show_progress
from resource_api.cli.write_report import write_report
from resource_api.database import Database
from resource_api.directory.load.land import load
from resource_api.directory.load.open_input import FORMATS, Input, Named, open_input, scratch_folder
from resource_api.directory.load.report import Report, RowProblem
from resource_api.directory.load.retire import RetirePlan
from resource_api.directory.load.run_record import Options
from resource_api.errors import LoadError
from resource_api.migrations import is_current
from resource_api.settings import Settings
from resource_api.wiring import attach_index

_PHASES = {"read": "rows read", "load": "rows loaded", "retire": "rows retired"}
_COLUMNS = ("file", "line", "column", "reason", "hint", "refused")


@click.command(name="load")
@click.argument("place", metavar="PATH|URL")
@click.option("--format", "format_", type=click.Choice(FORMATS), help="What the input is.  [default: found out]")
@click.option("--source", help="The name its records are kept under.  [default: the publisher's, else the folder's]")
@click.option("--licence", help="The licence of the data.  [default: as the input says]")
@click.option("--encoding", default="utf-8-sig", help="Encoding of CSV files.  [default: UTF-8]")
@click.option("--dry-run", is_flag=True, help="Read, check and report; write nothing.")
@click.option("--replace", is_flag=True, help="Retire what this source no longer has.")
@click.option("--yes", is_flag=True, help="Do not ask before --replace retires more than a fifth.")
@click.option("--keep-samples", is_flag=True, help="Keep the invented sample services beside real ones.")
@click.option(
    "--errors", type=click.Path(dir_okay=False, path_type=Path), help="Write every problem to a .csv or .ndjson."
)
def load_command(
    place: str,
    format_: str | None,
    source: str | None,
    licence: str | None,
    encoding: str,
    dry_run: bool,
    replace: bool,
    yes: bool,
    keep_samples: bool,
    errors: Path | None,
) -> None:
    """Load records from a file, folder, zip or HSDS API.

    Records that cannot be understood are reported and left out; the others land. Loading the same input again
    changes nothing, and continues a load that was stopped.
    """
    try:
        "".encode(encoding)
    except LookupError:
        raise click.BadParameter(
            f"{encoding!r} is unknown; cp1252 or latin-1, perhaps", param_hint="--encoding"
        ) from None
    options = Options(dry_run, replace, keep_samples, lambda plan: yes or dry_run or _ask(plan))
    report = Report()
    settings = Settings.from_environment()
    database = Database(settings.database_url, mapped=False)
    try:
        with ExitStack() as stack:
            write_problems = stack.enter_context(_problem_file(errors)) if errors else None
            scratch = Path(stack.enter_context(scratch_folder()))
            _check_ready(database)
            given = open_input(place, Named(format_, source, licence, encoding), scratch)
            _say_whose(given)
            # Here the search index is made to follow, within each transaction that is committed below.
            attach_index(database, settings)
            session = stack.enter_context(database.write())
            with show_progress("rows read") as show:
                for progress in load(session, given, options, report, clock=partial(datetime.now, UTC)):
                    if not dry_run:
                        session.commit()
                    show(progress.done, progress.total, _PHASES[progress.phase])
                    if write_problems is not None:
                        write_problems(progress.problems)
    except LoadError as error:
        raise click.ClickException(f"{error.message}\nWhat would be right: {error.hint}") from error
    finally:
        database.close()
    write_report(report, dry_run=dry_run, errors=errors)
    sys.exit(1 if report.refused or report.stopped else 0)


def _check_ready(database: Database) -> None:
    with database.read() as session:
        if not is_current(session):
            raise click.ClickException(
                "The database has no tables, or those of another release: run `resource-api init`"
            )


def _say_whose(given: Input) -> None:
    source = given.source
    click.echo(
        f"{given.name} ({given.format}): source {source.name}, licence {source.licence or 'not stated'}, "
        f"date {source.published_at or 'not stated'}"
    )


def _ask(plan: RetirePlan) -> bool:
    question = (
        f"{plan.services} of {plan.of_services} services and {plan.organizations} of {plan.of_organizations} "
        "organizations of this source are not in the input. Retire them?"
    )
    if not sys.stdin.isatty():
        click.echo(f"{question} Nobody is there to ask: say so with --yes.", err=True)
        return False
    return click.confirm(question)


@contextmanager
def _problem_file(path: Path) -> "Iterator[_WriteProblems]":
    if path.suffix.lower() not in (".csv", ".ndjson", ".jsonl"):
        raise click.BadParameter(f"{path.name} ends in neither .csv nor .ndjson", param_hint="--errors")
    with path.open("w", encoding="utf-8", newline="") as file:
        yield _WriteProblems(file, as_csv=path.suffix.lower() == ".csv")


class _WriteProblems:
    def __init__(self, file: IO[str], *, as_csv: bool) -> None:
        self.file = file
        self.table = csv.writer(file) if as_csv else None
        if self.table:
            self.table.writerow(_COLUMNS)

    def __call__(self, problems: tuple[RowProblem, ...]) -> None:
        for problem in problems:
            values = {name: getattr(problem, name) for name in _COLUMNS}
            if self.table:
                self.table.writerow(values.values())
            else:
                self.file.write(orjson.dumps(values).decode() + "\n")
