"""`resource-api verify` : does all that must hold on this database hold?"""

import sys
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from importlib import import_module
from typing import TYPE_CHECKING

import click
from sqlalchemy.exc import DatabaseError
from sqlalchemy.orm import Session

from resource_api.database import Database
from resource_api.errors import Breach, ResourceError
from resource_api.privacy.chain import verify_checkpoints
from resource_api.privacy.checkpoint import FILE_NAME, read_checkpoints
from resource_api.privacy.keyring import load_keyring
from resource_api.settings import Settings

if TYPE_CHECKING:
    from resource_api.privacy.keyring import Keyring

Check = Callable[[Session, "Keyring", datetime], Iterator[Breach]]

MOST_TOLD = 50
SCHEMA, OUTSIDE = "schema", "audit outside"
# What is checked, and the function that does, in the room that owns the tables; the others need the first two to hold.
CHECKS: tuple[tuple[str, str], ...] = (
    (SCHEMA, "resource_api.migrations:find_wrong_schema"),
    ("database file", "resource_api.damage:find_damage"),
    ("audit chain", "resource_api.privacy.chain:verify_chain"),
    (OUTSIDE, "resource_api.cli.verify:find_cut_off"),
    ("sealed values", "resource_api.privacy.check:find_unreadable"),
    ("referrals", "resource_api.referrals.check:check_referrals"),
    ("answers kept", "resource_api.referrals.check:check_replays"),
    ("deliveries", "resource_api.delivery.check:find_wrong_deliveries"),
    ("order of deliveries", "resource_api.delivery.check:find_overtaken"),
    ("outbox", "resource_api.delivery.check:find_stuck"),
    ("events told", "resource_api.referrals.untold:find_untold"),
)


@click.command()
def verify() -> None:
    """Check that all that must hold on the database holds; exit 1 where something does not.

    It only reads, and may run beside everything else.
    """
    settings = Settings.from_environment()
    keyring = load_keyring(settings)
    database = Database(settings.database_url, mapped=False)
    try:
        total = run_checks(database, keyring, CHECKS, now=datetime.now(UTC))
    finally:
        database.close()
    click.echo("everything holds" if not total else f"{total} breaches")
    sys.exit(1 if total else 0)


def run_checks(database: Database, keyring: "Keyring", checks: tuple[tuple[str, str], ...], *, now: datetime) -> int:
    """Run checks and print what they find; count it. Tables of another release are looked at no further."""
    total = 0
    for name, function in checks:
        found = _run_check(database, keyring, name, function, now)
        total += found
        if name == SCHEMA and found:
            break
    return total


def find_cut_off(session: Session, keyring: "Keyring", _now: datetime) -> Iterator[Breach]:
    """Compare the audit with the checkpoints kept outside the database, in the instance's folder."""
    # Read before the database is looked at: one that is added meanwhile would seem to reach beyond its end.
    kept = list(read_checkpoints(Settings.from_environment().instance / FILE_NAME, keyring))
    yield from verify_checkpoints(session, keyring, kept)


def _run_check(database: Database, keyring: "Keyring", name: str, function: str, now: datetime) -> int:
    """Run one check and print what it finds; one that cannot be finished is a breach too."""
    module, _, attribute = function.partition(":")
    check: Check = getattr(import_module(module), attribute)
    found = 0
    try:
        with database.read() as session:
            for breach in check(session, keyring, now):
                found += 1
                if found <= MOST_TOLD:
                    click.echo(f"{name}: {breach.what}")
    except DatabaseError as error:
        found += 1
        click.echo(f"{name}: cannot be checked, the database says {type(error.orig).__name__}: {error.orig}")
    except ResourceError as error:
        found += 1
        click.echo(f"{name}: cannot be checked: {error.message}")
    if found > MOST_TOLD:
        click.echo(f"{name}: and {found - MOST_TOLD:,} more")
    if not found:
        click.echo(f"{name}: ok")
    return found
