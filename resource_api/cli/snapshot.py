"""WHAT A BACKUP HOLDS: a copy of an SQLite database at one moment, and a manifest of what is in it.

PostgreSQL has its own ways (pg_dump, point-in-time recovery), which are better than any of ours.
"""

import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path

import orjson
from sqlalchemy import make_url, text
from sqlalchemy.orm import Session

from resource_api import VERSION
from resource_api.cli.progress import Show
from resource_api.database import Database
from resource_api.errors import BackupError, Unreadable
from resource_api.migrations import current_revision
from resource_api.privacy.chain import head
from resource_api.privacy.check import key_ids_in
from resource_api.privacy.keyring import Keyring

_PAGES_AT_A_TIME = 2_048


@dataclass(frozen=True, slots=True)
class Manifest:
    """What is in a backup; `secret` tells whether SECRET_KEY is the same, and nothing about it."""

    made_at: str
    release: str
    revision: str | None
    chain_links: int
    chain_hash: str
    key_ids: list[str]
    secret: str
    counts: dict[str, int]
    size: int

    def write(self) -> bytes:
        """Write it as JSON."""
        return orjson.dumps(asdict(self), option=orjson.OPT_INDENT_2)

    @classmethod
    def read(cls, written: bytes) -> "Manifest":
        """Read it. Raises Unreadable where another release wrote something else."""
        try:
            return cls(**orjson.loads(written))
        except (ValueError, TypeError) as error:
            raise Unreadable("its manifest is none that this release knows") from error


def sqlite_file(url: str) -> Path:
    """Get the file of an SQLite database. Raises BackupError for any other database."""
    made = make_url(url)
    if made.get_backend_name() != "sqlite" or made.database in (None, "", ":memory:"):
        raise BackupError(
            f"This is for SQLite; the database is {made.get_backend_name()}", hint="pg_dump, or a copy of its base"
        )
    return Path(str(made.database))


def copy_database(source: Path, to: Path, show: Show) -> None:
    """Copy a database as it is at one moment, while others read and write it.

    The moment is held by a transaction: without one SQLite would begin anew at every write from elsewhere.
    """
    with closing(sqlite3.connect(source, isolation_level=None)) as live, closing(sqlite3.connect(to)) as copy:
        live.execute("BEGIN")
        live.execute("SELECT count(*) FROM sqlite_master").fetchone()
        live.backup(copy, pages=_PAGES_AT_A_TIME, progress=lambda _, left, total: show(total - left, total))


def describe(session: Session, keyring: Keyring, path: Path, *, now: datetime) -> Manifest:
    """Describe what is in a database."""
    links, ends = head(session)
    return Manifest(
        made_at=now.isoformat(),
        release=VERSION,
        revision=current_revision(session),
        chain_links=links,
        chain_hash=ends.hex(),
        key_ids=sorted(key_ids_in(session, keyring)),
        secret=secret_of(keyring),
        counts=count_rows(session),
        size=path.stat().st_size,
    )


def secret_of(keyring: Keyring) -> str:
    """Derive what tells two SECRET_KEYs apart."""
    return keyring.derive("backup-manifest").hex()[:16]


def count_rows(session: Session) -> dict[str, int]:
    """Count the rows of every table but those that SQLite keeps for itself."""
    named = "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite%' AND name NOT LIKE '%_fts%'"
    return {
        name: session.scalar(text(f'SELECT count(*) FROM "{name}"')) or 0  # noqa: S608 - the database's own names
        for name in sorted(session.scalars(text(named)))
    }


def read_parts(path: Path, size: int, show: Show) -> Iterator[bytes]:
    """Read a file in parts."""
    total = path.stat().st_size
    with path.open("rb") as file:
        while part := file.read(size):
            yield part
            show(file.tell(), total, "bytes sealed")


def open_copy(path: Path) -> Database:
    """Open the copy, which nobody else knows of."""
    return Database(f"sqlite:///{path}", mapped=False)


def sync_folder(folder: Path) -> None:
    """Wait until a folder's names are on disk."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
