"""HOW SQLITE IS SPOKEN TO: in WAL with full synchronisation, writers in turn, and what its refusals mean.

pysqlite's own transaction handling is switched off: a writer begins IMMEDIATE, so that two read-modify-writes can never
overwrite each other silently; a reader begins deferred.
https://www.sqlite.org/wal.html
"""

import os
import sqlite3
from contextlib import suppress
from pathlib import Path
from typing import Any

from sqlalchemy import URL, Connection, Engine, create_engine, event
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import OperationalError

from resource_api.errors import Busy
from resource_api.turn import WriterTurn

# How long a writer waits for its turn, and then for what SQLite still finds locked; what writes in bulk is patient.
WAIT_S = 5.0
BULK_WAIT_S = 60.0
MAPPED_BYTES = 1 << 30
# A mapped file needs little cache of its own; a bulk writer has one connection, and much to keep.
SEARCH_CACHE_KIB = 16 * 1024
BULK_CACHE_KIB = 96 * 1024
# A bulk writer changes the same pages again and again: with SQLite's own 1,000 it would write each of them back at
# every commit. So its log grows to 64 MiB, once; no further, for who commits beside it may have to write it all back.
LOG_PAGES, BULK_LOG_PAGES = 1_000, 16 * 1024


def open_sqlite(url: URL, *, bulk: bool) -> Engine:
    """Make an engine; its file is made when it is first asked, and is then its owner's alone.

    Who does not write in bulk maps the file into memory, which searches gain by.
    """
    path = Path(url.database) if url.database not in (None, "", ":memory:") else None
    if path is not None:
        path.parent.mkdir(parents=True, exist_ok=True)
    engine = create_engine(url, connect_args={"factory": _Connection})
    event.listen(engine, "connect", _set_up_for_bulk if bulk else _set_up_mapped)
    event.listen(engine, "begin", _Beginning(WriterTurn.of(path), bulk=bulk))
    if path is not None:
        event.listen(engine, "do_connect", lambda *_: _make_private(path))
    return engine


def _make_private(path: Path) -> None:
    """Make a database file that is not there yet readable by its owner alone; SQLite's others take after it."""
    with suppress(OSError):  # it is there; or it cannot be made, which SQLite will say
        os.close(os.open(path, os.O_CREAT | os.O_EXCL, 0o600))


def _set_up_for_bulk(connection: DBAPIConnection, _record: object) -> None:
    raw: Any = connection
    raw.bulk = True
    _set_up(raw, BULK_WAIT_S, BULK_CACHE_KIB, BULK_LOG_PAGES)


def _set_up_mapped(connection: DBAPIConnection, _record: object) -> None:
    raw: Any = connection
    _set_up(raw, WAIT_S, SEARCH_CACHE_KIB, LOG_PAGES)
    raw.execute(f"pragma mmap_size={MAPPED_BYTES}")


def _set_up(raw: Any, wait_s: float, cache_kib: int, log_pages: int) -> None:
    raw.isolation_level = None
    for pragma in (
        "journal_mode=wal",
        "synchronous=full",
        "foreign_keys=on",
        f"busy_timeout={wait_s * 1000:.0f}",
        f"cache_size=-{cache_kib}",
        f"wal_autocheckpoint={log_pages}",
        "temp_store=memory",
    ):
        raw.execute(f"pragma {pragma}")


class _Connection(sqlite3.Connection):
    """A connection that gives its turn to write away when its transaction has ended."""

    turn: WriterTurn | None = None
    bulk = False

    def commit(self) -> None:
        super().commit()
        self._give_turn()

    def rollback(self) -> None:
        try:
            super().rollback()
        finally:
            self._give_turn()

    def close(self) -> None:
        if self.bulk:  # whoever has the file open would have to write its log back, and holds it open for that
            with suppress(sqlite3.Error):
                self.execute("pragma wal_checkpoint(passive)")
        super().close()
        self._give_turn()

    def _give_turn(self) -> None:
        turn, self.turn = self.turn, None
        if turn is not None:
            turn.give()


class _Beginning:
    """Begins the transactions of one SQLite database: a reader's at once, a writer's when its turn has come."""

    def __init__(self, turn: WriterTurn, *, bulk: bool) -> None:
        self.turn = turn
        self.bulk = bulk

    def __call__(self, connection: Connection) -> None:
        raw: Any = connection.connection.dbapi_connection
        if connection.get_execution_options().get("read_only"):
            raw.execute("BEGIN")  # it waits for nobody, so there is no error for SQLAlchemy to say
            return
        self.turn.take(BULK_WAIT_S if self.bulk else WAIT_S)
        try:
            connection.exec_driver_sql("BEGIN IMMEDIATE")
        except BaseException as error:
            self.turn.give()
            if isinstance(error, OperationalError) and _is_locked(error.orig):
                raise Busy("Another process was writing for too long") from error
            raise
        if self.bulk:
            self.turn.open_door()
        raw.turn = self.turn


def _is_locked(error: object) -> bool:
    return isinstance(error, sqlite3.Error) and error.sqlite_errorcode & 0xFF == sqlite3.SQLITE_BUSY
