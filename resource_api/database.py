"""WHERE IT IS KEPT: the engine, the sessions, and the types both databases share.

How PostgreSQL is connected to, `resource_api.postgres` says. SQLite runs in WAL with full synchronisation. pysqlite's
own transaction handling is switched off: a writer begins IMMEDIATE, so that two read-modify-writes can never overwrite
each other silently; a reader begins deferred.
Writers take turns before they ask for it (`resource_api.turn`).
No connection is opened here, so none is carried across a fork.
"""

import os
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, ClassVar, cast

import orjson
from sqlalchemy import (
    BigInteger,
    Connection,
    DateTime,
    Dialect,
    Engine,
    Integer,
    MetaData,
    String,
    create_engine,
    event,
    make_url,
)
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import DBAPIError, OperationalError
from sqlalchemy.orm import DeclarativeBase, Session, sessionmaker
from sqlalchemy.types import TypeDecorator

from resource_api.errors import Busy
from resource_api.postgres import is_postgres, open_postgres
from resource_api.turn import WriterTurn

# How long a writer waits for its turn, and then for what SQLite still finds locked; what writes in bulk is patient.
WAIT_S = 5.0
BULK_WAIT_S = 60.0
MAPPED_BYTES = 1 << 30
# A mapped file needs little cache of its own; a bulk writer has one connection, and much to keep.
SEARCH_CACHE_KIB = 16 * 1024
BULK_CACHE_KIB = 96 * 1024
# A bulk writer changes the same pages again and again: with SQLite's own 1,000 it would write each of them back at
# every commit. So its log grows to 128 MiB, once.
LOG_PAGES, BULK_LOG_PAGES = 1_000, 32 * 1024
# Where a session keeps what it asks on.
_CONNECTION = "connection"


class UTCDateTime(TypeDecorator[datetime]):
    """An aware datetime, kept in UTC."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Refuse a naive datetime: its zone would have to be guessed."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a naive datetime was given; datetimes here are aware")
        return value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Read SQLite's naive datetimes as the UTC they were written in."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


# Text is ordered by its bytes, whatever the language of the database's machine: SQLite knows no other order.
TEXT = String().with_variant(String(collation="C"), "postgresql")
# A number that counts for ever; SQLite's are all as wide, and its row numbers must be called INTEGER.
COUNT = BigInteger().with_variant(Integer(), "sqlite")


class Base(DeclarativeBase):
    """The root of our tables, with names for every constraint so that migrations can speak of them."""

    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_name)s",
            "uq": "uq_%(table_name)s_%(column_0_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_name)s",
            "pk": "pk_%(table_name)s",
        }
    )
    type_annotation_map: ClassVar[dict[Any, Any]] = {datetime: UTCDateTime, str: TEXT}


class Database:
    """An engine and the two ways to work with it.

    `mapped` maps an SQLite file into memory, which searches gain by. What writes in bulk does without: every page that
    it touches would count as its own. PostgreSQL is more patient with it.
    """

    def __init__(self, url: str, *, mapped: bool = True) -> None:
        self.url = make_url(url)
        if is_postgres(self.url):
            self._connect(
                open_postgres(self.url, bulk=not mapped), isolation_level="REPEATABLE READ", postgresql_readonly=True
            )
            return
        sqlite = self.url.get_backend_name() == "sqlite"
        path = Path(self.url.database) if sqlite and self.url.database not in (None, "", ":memory:") else None
        if path is not None:
            path.parent.mkdir(parents=True, exist_ok=True)
        self._connect(create_engine(self.url, connect_args={"factory": _SQLiteConnection} if sqlite else {}))
        if path is not None:
            event.listen(self.engine, "do_connect", lambda *_: _make_private(path))
        if sqlite:
            event.listen(self.engine, "connect", _set_up_mapped_sqlite if mapped else _set_up_sqlite)
            event.listen(self.engine, "begin", _SQLiteBeginning(WriterTurn.of(path), bulk=not mapped))

    def _connect(self, engine: Engine, **reading: Any) -> None:
        # A reader sees one moment, from its first question to its last.
        self.engine = engine
        self.reading = engine.execution_options(read_only=True, **reading)
        self.writers = sessionmaker(engine, expire_on_commit=False)

    @contextmanager
    def read(self) -> Iterator[Session]:
        """Open a session that only reads."""
        with Session(self.reading, expire_on_commit=False) as session:
            yield session

    @contextmanager
    def write(self) -> Iterator[Session]:
        """Open a session that may write; whoever opened it commits."""
        with self.writers() as session:
            yield session

    def close(self) -> None:
        """Close every connection; one that somebody still uses, when it comes back."""
        left = self.engine.pool
        self.engine.dispose()
        event.listen(left, "checkin", lambda _, record: record.invalidate())


def connection_of(session: Session) -> Connection:
    """Get the connection of a session's transaction; SQLAlchemy takes ten times as long to find it again."""
    begun = session.get_transaction()
    known = session.info.get(_CONNECTION)
    if begun is not None and known is not None and known[0] is begun:
        return cast(Connection, known[1])
    connection = session.connection()
    session.info[_CONNECTION] = session.get_transaction(), connection
    return connection


def is_sqlite(session: Session) -> bool:
    """Tell whether a session is on an SQLite file, whose writers go one after another."""
    return session.get_bind().dialect.name == "sqlite"


def only_reads(session: Session) -> bool:
    """Tell whether a session only reads, and therefore sees what is committed."""
    return bool(session.get_bind().get_execution_options().get("read_only"))


def wait_for_turn(session: Session, *names: str) -> None:
    """Wait until nobody else writes what goes by these names, and keep it so until this transaction ends.

    On SQLite whoever writes has the turn to write already.
    """
    if not is_sqlite(session):
        # In one order for everybody, so that no two wait for each other.
        waiting = "SELECT pg_advisory_xact_lock(hashtextextended(name, 0)) FROM unnest(%s::text[]) AS name"
        connection_of(session).exec_driver_sql(waiting, (sorted(names),))


def ask(session: Session, sql: str, *values: Any) -> list[Any]:
    """Ask in the driver's own words, in the session's transaction; raises what SQLAlchemy would.

    To build, key and run such a statement through SQLAlchemy takes several times as long as the database does.
    """
    connection = connection_of(session)
    raw: Any = connection.connection.dbapi_connection
    # PostgreSQL's bytes come as hexadecimal digits otherwise.
    cursor = raw.cursor() if connection.dialect.name == "sqlite" else raw.cursor(binary=True)
    try:
        return list(cursor.execute(sql, values).fetchall())
    except connection.dialect.loaded_dbapi.Error as error:
        raise say_error(connection, sql, cursor, error) from error
    finally:
        cursor.close()


def say_error(connection: Connection, sql: str, cursor: Any, error: Any) -> Exception:
    """Say a driver's error as SQLAlchemy does, without the parameters: they are somebody's."""
    dialect = connection.dialect
    if dialect.is_disconnect(error, connection.connection.dbapi_connection, cursor):
        connection.invalidate(error)
    said: Exception = DBAPIError.instance(sql, None, error, dialect.loaded_dbapi.Error)
    return said


def fetch(session: Session, sql: str, ids: Sequence[str]) -> list[Any]:
    """Fetch rows by a statement whose `:ids` is a set of ids, in the session's transaction."""
    if is_sqlite(session):
        return ask(session, sql.replace(":ids", "(SELECT value FROM json_each(?))"), orjson.dumps(list(ids)).decode())
    return ask(session, sql.replace("IN :ids", "= ANY(%s)"), list(ids))


def _make_private(path: Path) -> None:
    """Make a database file that is not there yet readable by its owner alone; SQLite's others take after it."""
    with suppress(OSError):  # it is there; or it cannot be made, which SQLite will say
        os.close(os.open(path, os.O_CREAT | os.O_EXCL, 0o600))


def _set_up_sqlite(connection: DBAPIConnection, _record: object) -> None:
    raw: Any = connection
    raw.isolation_level = None
    for pragma in (
        "journal_mode=wal",
        "synchronous=full",
        "foreign_keys=on",
        f"busy_timeout={BULK_WAIT_S * 1000:.0f}",
        f"cache_size=-{BULK_CACHE_KIB}",
        f"wal_autocheckpoint={BULK_LOG_PAGES}",
        "temp_store=memory",
    ):
        raw.execute(f"pragma {pragma}")


def _set_up_mapped_sqlite(connection: DBAPIConnection, record: object) -> None:
    _set_up_sqlite(connection, record)
    raw: Any = connection
    raw.execute(f"pragma busy_timeout={WAIT_S * 1000:.0f}")
    raw.execute(f"pragma cache_size=-{SEARCH_CACHE_KIB}")
    raw.execute(f"pragma wal_autocheckpoint={LOG_PAGES}")
    raw.execute(f"pragma mmap_size={MAPPED_BYTES}")


class _SQLiteConnection(sqlite3.Connection):
    """A connection that gives its turn to write away when its transaction has ended."""

    turn: WriterTurn | None = None

    def commit(self) -> None:
        super().commit()
        self._give_turn()

    def rollback(self) -> None:
        try:
            super().rollback()
        finally:
            self._give_turn()

    def close(self) -> None:
        super().close()
        self._give_turn()

    def _give_turn(self) -> None:
        turn, self.turn = self.turn, None
        if turn is not None:
            turn.give()


class _SQLiteBeginning:
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
