"""`resource-api backup PATH` : a sealed copy of the database, made while it is used."""

import os
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

import click

from resource_api.cli.progress import Show, show_progress
from resource_api.cli.snapshot import (
    Manifest,
    copy_database,
    describe,
    open_copy,
    read_parts,
    sqlite_file,
    sync_folder,
)
from resource_api.database import Database
from resource_api.errors import BackupError
from resource_api.privacy.audit import SYSTEM, record
from resource_api.privacy.keyring import Keyring, load_keyring
from resource_api.privacy.sealed_file import PART_BYTES, seal_file
from resource_api.settings import Settings


@click.command()
@click.argument("path", type=click.Path(dir_okay=False, path_type=Path))
def backup(path: Path) -> None:
    """Write a backup of the database to PATH, sealed by the first of DATA_KEYS.

    The server goes on meanwhile. Keep SECRET_KEY and DATA_KEYS elsewhere: without them no backup can be read.
    """
    settings = Settings.from_environment()
    keyring = load_keyring(settings)
    source = sqlite_file(settings.database_url)
    if not source.exists():
        raise BackupError(f"There is no database at {source}")
    if path.exists():
        raise BackupError(f"{path} is there already", hint="a backup never overwrites another: give it a new name")
    now = datetime.now(UTC)
    _note(settings, now)
    unfinished = path.with_name(f".{path.name}.unfinished")
    try:
        # Beside the database, whose secrets it holds, and not where backups are kept.
        with TemporaryDirectory(dir=source.parent, prefix=".backup-") as folder:
            copy = Path(folder) / source.name
            with show_progress("pages copied") as show:
                copy_database(source, copy, show)
            manifest = _seal(keyring, copy, unfinished, now)
        os.link(unfinished, path)
        sync_folder(path.parent)
    except OSError as error:
        raise BackupError(f"{path} could not be written: {error.strerror}") from error
    finally:
        with suppress(FileNotFoundError):
            unfinished.unlink()
    click.echo(manifest.write())


def _note(settings: Settings, now: datetime) -> None:
    database = Database(settings.database_url, mapped=False)
    try:
        with database.write() as session:
            record(session, SYSTEM, "E", "backup.made", now=now)
            session.commit()
    finally:
        database.close()


def _seal(keyring: Keyring, copy: Path, to: Path, now: datetime) -> Manifest:
    database = open_copy(copy)
    try:
        with database.read() as session:
            manifest = describe(session, keyring, copy, now=now)
    finally:
        database.close()
    descriptor = os.open(to, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as out, show_progress("bytes sealed") as show:
        seal_file(keyring, _parts(manifest, copy, show), out)
        out.flush()
        os.fsync(out.fileno())
    return manifest


def _parts(manifest: Manifest, copy: Path, show: Show) -> Iterator[bytes]:
    yield manifest.write()
    yield from read_parts(copy, PART_BYTES, show)
