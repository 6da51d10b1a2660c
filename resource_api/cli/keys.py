"""`resource-api keys` : change the key that everything is sealed by."""

import click

from resource_api.cli.progress import show_progress
from resource_api.database import Database
from resource_api.migrations import is_current
from resource_api.privacy.keyring import load_keyring
from resource_api.privacy.rotate import count_to_reseal, reseal
from resource_api.settings import Settings


@click.group()
def keys() -> None:
    """Keep the keys of what is sealed."""


@keys.command()
def rotate() -> None:
    """Seal everything anew by the first of DATA_KEYS, while the server runs.

    Put the new key first in DATA_KEYS, keep the old one behind it, restart every process, then run this. It can be
    stopped and run again. Old keys may go when it has finished; backups made before still need them.
    """
    settings = Settings.from_environment()
    keyring = load_keyring(settings)
    database = Database(settings.database_url, mapped=False)
    try:
        with database.read() as session:
            if not is_current(session):
                raise click.ClickException(
                    "The database has no tables, or those of another release: run `resource-api init`"
                )
            total = count_to_reseal(session, keyring)
        done = 0
        with database.write() as session, show_progress("values sealed anew", total) as show:
            for done in reseal(session, keyring):
                session.commit()
                show(done)
    finally:
        database.close()
    click.echo(f"{done:,} values sealed anew; all are under the key {keyring.current}")
