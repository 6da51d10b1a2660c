"""`resource-api worker` : the one background process."""

import signal
from threading import Event
from types import FrameType

import click

from resource_api.database import Database
from resource_api.errors import SettingsError
from resource_api.migrations import is_current
from resource_api.settings import Settings


@click.command()
@click.option("--once", is_flag=True, help="Do what there is to do now, and end.")
def worker(once: bool) -> None:
    """Deliver, remind, seal the audit, forget what has expired, keep Elasticsearch in step, until interrupted.

    Several may run at once, and any may be killed: another takes its work up.
    """
    from resource_api.worker import run_worker

    settings, stop = Settings.from_environment(), Event()
    _require_current(settings)

    def stop_soon(_signal: int, _frame: FrameType | None) -> None:
        stop.set()

    for name in (signal.SIGTERM, signal.SIGINT):
        signal.signal(name, stop_soon)
    try:
        run_worker(settings, once=once, stop=stop)
    except SettingsError as error:
        raise click.ClickException(f"{error.field}: {error.message} ({error.hint})") from error


def _require_current(settings: Settings) -> None:
    database = Database(settings.database_url)
    try:
        with database.read() as session:
            if not is_current(session):
                raise click.ClickException("The database is empty or of another release: run `resource-api init`")
    finally:
        database.close()
