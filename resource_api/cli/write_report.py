"""HOW A LOAD'S REPORT READS: what landed, what was mended, what was refused, with the first examples of each."""

from pathlib import Path

import click

from resource_api.directory.load.report import Report

_SHOWN = ("organization", "service", "location", "service_at_location")
_MOST_KINDS = 20


def write_report(report: Report, *, dry_run: bool, errors: Path | None) -> None:
    """Write the report to standard output, and what needs an answer to standard error."""
    if report.resumed:
        click.echo("Continued where an earlier load of this input had stopped.")
    _write_counts(report, dry_run=dry_run)
    for note in report.notes:
        click.echo(note)
    _write_tally("Mended", report.mended.most_common())
    _write_tally("Ignored, for HSDS has no place for it", sorted(report.ignored.items()))
    _write_problems(report, errors)
    if report.stopped:
        click.echo(f"Stopped: {report.stopped}; --yes retires them", err=True)


def _write_counts(report: Report, *, dry_run: bool) -> None:
    click.echo("Nothing was written: this is what a load would do." if dry_run else "Loaded.")
    click.echo(f"  {'':24}{'new':>9}{'changed':>9}{'same':>9}{'retired':>9}")
    others = [noun for noun in report.counts if noun not in _SHOWN]
    for noun in (*_SHOWN, *others):
        if noun in report.counts:
            count = report.counts[noun]
            click.echo(f"  {noun:24}{count.new:9,}{count.changed:9,}{count.same:9,}{count.retired:9,}")
    if not dry_run:
        click.echo(f"  {report.documents:,} documents rendered, {report.tombstones:,} retired")


def _write_tally(title: str, tally: list[tuple[str, int]]) -> None:
    if not tally:
        return
    click.echo(f"{title}:")
    for what, count in tally[:_MOST_KINDS]:
        click.echo(f"  {count:9,}  {what}")
    if len(tally) > _MOST_KINDS:
        click.echo(f"  … and {len(tally) - _MOST_KINDS} further kinds")


def _write_problems(report: Report, errors: Path | None) -> None:
    if not report.by_reason:
        return
    click.echo(f"Problems: {report.refused:,} rows refused, {report.doubted:,} values doubtful:")
    for kind, count in report.by_reason.most_common(_MOST_KINDS):
        click.echo(f"  {count:9,}  {kind}")
        for problem in report.examples[kind]:
            landed = "refused" if problem.refused else "landed"
            click.echo(f"             {problem.file}, line {problem.line} ({landed}): {problem.reason}")
            click.echo(f"               right would be: {problem.hint}")
    if len(report.by_reason) > _MOST_KINDS:
        click.echo(f"  … and {len(report.by_reason) - _MOST_KINDS} further kinds")
    click.echo(f"All of them are in {errors}." if errors else "--errors FILE writes all of them to a file.")
