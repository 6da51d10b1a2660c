"""IS THE DATABASE FILE DAMAGED: what SQLite finds that contradicts itself."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import datetime
from pathlib import Path

from sqlalchemy import make_url, text
from sqlalchemy.orm import Session

from resource_api.database import is_sqlite
from resource_api.errors import Breach

# Half a second's quick check; two gigabytes take twenty.
MOST_CHECKED = 64 * 1024 * 1024


def find_damage(session: Session, _keyring: object, _now: datetime) -> Iterator[Breach]:
    """Look for pages, indexes and references of an SQLite file that contradict each other."""
    if not is_sqlite(session):
        return
    for said in session.scalars(text("PRAGMA integrity_check")):
        if said != "ok":
            yield Breach(f"the database file is damaged: {said}")
    for table, row, parent, _ in session.execute(text("PRAGMA foreign_key_check")):
        yield Breach(f"row {row} of {table} refers to a row of {parent} that is not there")


def is_damaged(url: str) -> bool:
    """Tell whether an SQLite file is damaged, by its quick check; what is not there yet, or no file, is not.

    A large file is not asked: its check takes longer than a start may, and `resource-api verify` makes it.
    """
    made = make_url(url)
    if made.get_backend_name() != "sqlite" or not made.database or not Path(made.database).is_file():
        return False
    if Path(made.database).stat().st_size > MOST_CHECKED:
        return False
    try:
        with closing(sqlite3.connect(f"{Path(made.database).absolute().as_uri()}?mode=ro", uri=True)) as connection:
            return bool(connection.execute("PRAGMA quick_check(1)").fetchall() != [("ok",)])
    except sqlite3.OperationalError:  # locked, or may not be read: no damage, and told when it is asked
        return False
    except sqlite3.DatabaseError:
        return True
