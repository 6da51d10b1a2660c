"""`resource-api search` : rebuild the index, bring it up to date, or check it."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager

import click
from sqlalchemy.orm import Session

from resource_api.cli.progress import show_progress
from resource_api.database import Database
from resource_api.migrations import is_current
from resource_api.search.check import compare_index, repair_index
from resource_api.search.follow import count_services, follow, rebuild
from resource_api.search.index import SearchIndex
from resource_api.settings import Settings
from resource_api.wiring import attach_index


@click.group()
def search() -> None:
    """Keep the search index in step with the directory."""


@search.command(name="rebuild")
def rebuild_index() -> None:
    """Build the search index anew from the stored documents."""
    with _writing() as (session, index), show_progress("services", count_services(session)) as show:
        done = 0
        for done in rebuild(session, index):
            session.commit()
            show(done)
    click.echo(f"{done:,} services indexed anew")


@search.command(name="sync")
def sync_index() -> None:
    """Bring the search index up to every change that is logged."""
    with _writing() as (session, index):
        followed = follow(session, index)
        session.commit()
    click.echo(f"{followed:,} services brought up to date")


@search.command(name="check")
@click.option("--repair", is_flag=True, help="Mend what differs.")
def check_index(repair: bool) -> None:
    """Compare the search index with the stored documents; exit 1 where they differ."""
    with _writing() as (session, index):
        found = compare_index(session, index)
        click.echo(f"missing {len(found.missing):,}, stale {len(found.stale):,}, orphaned {len(found.orphaned):,}")
        if repair and found.services:
            repair_index(session, index, found)
            session.commit()
            click.echo("repaired")
    sys.exit(1 if found.services and not repair else 0)


@contextmanager
def _writing() -> Iterator[tuple[Session, SearchIndex]]:
    database = Database(Settings.from_environment().database_url, mapped=False)
    index = attach_index(database)
    try:
        with database.write() as session:
            if not is_current(session):
                raise click.ClickException(
                    "The database has no tables, or those of another release: run `resource-api init`"
                )
            yield session, index
    finally:
        database.close()
