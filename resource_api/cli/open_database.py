"""HOW A COMMAND WRITES: one session on a database that is of this release."""

from collections.abc import Iterator
from contextlib import contextmanager

import click
from sqlalchemy.orm import Session

from resource_api.database import Database
from resource_api.errors import ResourceError
from resource_api.migrations import is_current
from resource_api.settings import Settings


@contextmanager
def refusing() -> Iterator[None]:
    """End the command, and say what would be right, where a room refuses."""
    try:
        yield
    except ResourceError as error:
        told = f"{error.field}: {error.message}" if error.field else error.message
        raise click.ClickException(f"{told} ({error.hint})" if error.hint else told) from error


@contextmanager
def writing() -> Iterator[Session]:
    """Open a session that the command commits; what a room refuses ends the command."""
    with refusing():
        database = Database(Settings.from_environment().database_url)
        try:
            with database.write() as session:
                if not is_current(session):
                    raise click.ClickException(
                        "The database has no tables, or those of another release: run `resource-api init`"
                    )
                yield session
        finally:
            database.close()
