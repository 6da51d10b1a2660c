"""`resource-api search` : rebuild the index, or bring it up to date."""

import click

from resource_api.cli.progress import show_progress
from resource_api.database import Database
from resource_api.search.follow import count_offered, follow, rebuild
from resource_api.settings import Settings
from resource_api.wiring import attach_index


@click.group()
def search() -> None:
    """Keep the search index in step with the directory."""


@search.command(name="rebuild")
def rebuild_index() -> None:
    """Build the search index anew from the stored documents."""
    database = Database(Settings.from_environment().database_url)
    index = attach_index(database)
    with database.write() as session, show_progress("services", count_offered(session)) as progress:
        for done in rebuild(session, index):
            session.commit()
            progress(done)
    database.close()


@search.command(name="sync")
def sync_index() -> None:
    """Bring the search index up to every change that is logged."""
    database = Database(Settings.from_environment().database_url)
    index = attach_index(database)
    with database.write() as session:
        followed = follow(session, index)
        session.commit()
    click.echo(f"{followed} services brought up to date")
    database.close()
