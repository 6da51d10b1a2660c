"""`resource-api restore PATH` : the database of a backup, put in place when everything in it was checked."""

import os
import sqlite3
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

import click

from resource_api.cli.progress import show_progress
from resource_api.cli.snapshot import Manifest, count_rows, open_copy, secret_of, sqlite_file, sync_folder
from resource_api.cli.verify import CHECKS, OUTSIDE, run_checks
from resource_api.database import Database
from resource_api.errors import BackupError
from resource_api.migrations import current_revision, migrate, newest_revision, revisions
from resource_api.privacy.audit import SYSTEM, record
from resource_api.privacy.chain import head
from resource_api.privacy.checkpoint import FILE_NAME, Checkpoint, keep_checkpoint
from resource_api.privacy.keyring import Keyring, load_keyring
from resource_api.privacy.sealed_file import open_file
from resource_api.settings import Settings

_LOCK_S = 2.0


@click.command()
@click.argument("path", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--check", is_flag=True, help="Check the backup in full; replace nothing.")
@click.option("--force", is_flag=True, help="Replace the database that is there; it is kept beside the new one.")
@click.option("--despite-breaches", is_flag=True, help="Restore what `verify` would complain of.")
def restore(path: Path, check: bool, force: bool, despite_breaches: bool) -> None:
    """Restore the database from a backup.

    Stop the server and the worker first. Nothing is replaced before the whole backup was opened and checked.
    """
    settings = Settings.from_environment()
    keyring = load_keyring(settings)
    target = sqlite_file(settings.database_url)
    if target.exists() and not (check or force):
        raise BackupError(f"There is a database at {target} already", hint="--force replaces it, and keeps it beside")
    target.parent.mkdir(parents=True, exist_ok=True)
    now = datetime.now(UTC)
    try:
        with TemporaryDirectory(dir=target.parent, prefix=".restoring-") as folder:
            copy = Path(folder) / target.name
            manifest = _open_backup(keyring, path, copy)
            breaches = _check_copy(keyring, manifest, copy)
            if breaches and not despite_breaches:
                raise BackupError(f"The backup has {breaches} breaches", hint="--despite-breaches restores it even so")
            if check:
                click.echo("the backup is whole")
                return
            made = _note(keyring, copy, now)
            aside = _replace(target, copy, now)
    except OSError as error:
        raise BackupError(f"{target} could not be written: {error.strerror}") from error
    # What lay beyond the backup is missing by right from here on; and that is signed.
    keep_checkpoint(settings.instance / FILE_NAME, made)
    click.echo(f"{target} is as it was at {manifest.made_at}" + (f"; the one before is {aside}" if aside else ""))


def _open_backup(keyring: Keyring, path: Path, to: Path) -> Manifest:
    descriptor = os.open(to, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with path.open("rb") as file, os.fdopen(descriptor, "wb") as out, show_progress("bytes opened") as show:
        parts = open_file(keyring, file)
        manifest = Manifest.read(next(parts, b""))
        for part in parts:
            out.write(part)
            show(out.tell(), manifest.size)
        out.flush()
        os.fsync(out.fileno())
    return manifest


def _check_copy(keyring: Keyring, manifest: Manifest, copy: Path) -> int:
    """Compare what was opened with its manifest, and run every check of `verify` on it as of then."""
    if manifest.secret != secret_of(keyring):
        raise BackupError("SECRET_KEY is not the one that the backup was made with")
    missing = sorted(set(manifest.key_ids) - set(keyring.key_ids))
    if missing:
        raise BackupError(f"DATA_KEYS lacks {', '.join(missing)}, by which values in the backup are sealed")
    database = open_copy(copy)
    try:
        with database.read() as session:
            links, ends = head(session)
            same = (
                copy.stat().st_size == manifest.size
                and current_revision(session) == manifest.revision
                and (links, ends.hex()) == (manifest.chain_links, manifest.chain_hash)
                and count_rows(session) == manifest.counts
            )
        if not same:
            raise BackupError("What is in the backup is not what its manifest says")
        _upgrade(database, manifest)
        checks = tuple(check for check in CHECKS if check[0] != OUTSIDE)
        return run_checks(database, keyring, checks, now=datetime.fromisoformat(manifest.made_at))
    finally:
        database.close()


def _upgrade(database: Database, manifest: Manifest) -> None:
    if manifest.revision not in revisions():
        raise BackupError(f"The backup is of a newer release, {manifest.release} (revision {manifest.revision})")
    if manifest.revision != newest_revision():
        migrate(database)


def _note(keyring: Keyring, copy: Path, now: datetime) -> Checkpoint:
    database = open_copy(copy)
    try:
        with database.write() as session:
            record(session, SYSTEM, "E", "backup.restored", now=now)
            session.commit()
            links, ends = head(session)
            return Checkpoint.sign(keyring, links, now, ends, "restored")
    finally:
        database.close()


def _replace(target: Path, restored: Path, now: datetime) -> Path | None:
    """Put a file in the place of the database, at once; get where the one before is now."""
    if not target.exists():
        for name in ("wal", "shm"):  # of a database that was taken away
            target.with_name(f"{target.name}-{name}").unlink(missing_ok=True)
        os.link(restored, target)
        sync_folder(target.parent)
        return None
    aside = target.with_name(f"{target.name}.before-{now:%Y%m%dT%H%M%S}Z")
    with closing(sqlite3.connect(target, isolation_level=None, timeout=_LOCK_S)) as old:
        _lock_for_good(old, target, aside)
        os.link(target, aside)
        os.replace(restored, target)
        sync_folder(target.parent)
    return aside


def _lock_for_good(old: sqlite3.Connection, target: Path, aside: Path) -> None:
    """Shut everybody out of the old database and bring it into its one file; where it is damaged, leave it as it is."""
    try:
        old.execute("PRAGMA locking_mode = exclusive")
        (mode,) = old.execute("PRAGMA journal_mode = delete").fetchone()
        old.execute("BEGIN EXCLUSIVE")
        if mode == "delete":
            return
    except sqlite3.OperationalError:
        pass
    except sqlite3.DatabaseError:
        for name in ("wal", "shm"):
            log = target.with_name(f"{target.name}-{name}")
            if log.exists():
                log.rename(aside.with_name(f"{aside.name}-{name}"))
        return
    raise BackupError(f"Something still has {target} open", hint="stop the server and the worker first")
