"""`resource-api search` : rebuild the index, or bring it up to date."""

from collections.abc import Iterator
from contextlib import contextmanager

import click
from sqlalchemy.orm import Session

from resource_api.cli.progress import show_progress
from resource_api.database import Database
from resource_api.migrations import is_current
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


@contextmanager
def _writing() -> Iterator[tuple[Session, SearchIndex]]:
    database = Database(Settings.from_environment().database_url)
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
