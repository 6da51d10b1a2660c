"""A migrated database, a keyring, and a way around the rules of the house: what an intruder with the file can do."""

import sqlite3
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from resource_api.database import Database
from resource_api.privacy.keyring import Keyring
from tests.databases import make_tables

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
SECRET = "a secret key for tests, and for nothing else"
KEYS = {"new": bytes(range(32)), "old": bytes(range(32, 64))}


@pytest.fixture
def keyring() -> Keyring:
    return Keyring(SECRET, KEYS)


@pytest.fixture
def old_keyring() -> Keyring:
    """The keyring before the new key came."""
    return Keyring(SECRET, {"old": KEYS["old"]})


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    database = Database(f"sqlite:///{tmp_path / 'secret.db'}")
    make_tables(database)
    yield database
    database.close()


@pytest.fixture
def tamper(database: Database) -> Callable[..., None]:
    """Run SQL as somebody who has the file, and takes away what would refuse it."""

    def run(*statements: str) -> None:
        raw = sqlite3.connect(str(database.url.database))
        raw.execute("PRAGMA foreign_keys = off")
        for (name,) in raw.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
            if name.startswith("audit"):
                raw.execute(f"DROP TRIGGER {name}")
        for statement in statements:
            raw.execute(statement)
        raw.commit()
        raw.close()

    return run
