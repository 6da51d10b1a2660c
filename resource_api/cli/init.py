"""`resource-api init` : make the database ready, with help lines and a sample city to try it on."""

import tempfile
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import click
from sqlalchemy import select
from sqlalchemy.orm import Session

from resource_api.database import Database
from resource_api.directory.availability import end_availability
from resource_api.directory.load.land import load
from resource_api.directory.load.open_input import Named, open_input
from resource_api.directory.load.report import Report
from resource_api.directory.load.run_record import Options
from resource_api.directory.refresh import refresh_hours
from resource_api.directory.tables import Source
from resource_api.migrations import migrate
from resource_api.referrals.events import adopt_events
from resource_api.search.place import store_towns
from resource_api.settings import Settings
from resource_api.wiring import attach_index

SEED_DATA = Path(__file__).parents[2] / "seed_data"
PACKAGES = ("national", "sample")


@click.command()
@click.option("--no-seed", is_flag=True, help="Load neither the national help lines nor the sample city.")
def init(no_seed: bool) -> None:
    """Make the database ready: tables, towns, and seed data where nothing was ever loaded.

    Run it again after an upgrade; it changes only what is missing.
    """
    settings = Settings.from_environment()
    database = Database(settings.database_url, mapped=False)
    migrate(database)
    attach_index(database, settings)
    with database.write() as session:
        towns = store_towns(session)
        session.commit()
        click.echo(f"database ready; {towns:,} towns known")
        if adopted := adopt_events(session):
            session.commit()
            click.echo(f"{adopted:,} events came from another server; the feed goes on with them")
        refreshed = 0
        for refreshed in refresh_hours(session, now=datetime.now(UTC)):  # noqa: B007 - the last count is told
            session.commit()
        if refreshed:
            click.echo(f"hours of {refreshed:,} organizations compiled anew")
        for _ in end_availability(session, now=datetime.now(UTC)):
            session.commit()
        if not no_seed and session.scalar(select(Source.id).limit(1)) is None:
            _load_seed(session)
    database.close()


def _load_seed(session: Session) -> None:
    if not SEED_DATA.is_dir():
        click.echo("no seed data beside this installation; load your own with `resource-api load`")
        return
    for name in PACKAGES:
        report = Report()
        with tempfile.TemporaryDirectory() as scratch:
            given = open_input(str(SEED_DATA / name), Named(None, name, None), Path(scratch))
            for _ in load(session, given, Options(keep_samples=True), report, clock=partial(datetime.now, UTC)):
                session.commit()
        click.echo(f"{name}: {report.counts['service'].new} services loaded")
