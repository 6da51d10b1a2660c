"""WHERE IT IS KEPT: the engine, the sessions, and the types both databases share.

SQLite runs in WAL with full synchronisation. pysqlite's own transaction handling is switched off: a writer begins
IMMEDIATE, so that two read-modify-writes can never overwrite each other silently; a reader begins deferred.
No connection is opened here, so none is carried across a fork.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, ClassVar

import orjson
from sqlalchemy import DateTime, Dialect, Engine, MetaData, create_engine, event, make_url
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.orm import DeclarativeBase, Session, sessionmaker
from sqlalchemy.types import TypeDecorator

BUSY_TIMEOUT_MS = 10_000
MAPPED_BYTES = 1 << 30
# A mapped file needs little cache of its own; a bulk writer has one connection, and much to keep.
SEARCH_CACHE_KIB = 16 * 1024
BULK_CACHE_KIB = 96 * 1024


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
    type_annotation_map: ClassVar[dict[Any, Any]] = {datetime: UTCDateTime}


class Database:
    """An engine and the two ways to work with it.

    `mapped` maps an SQLite file into memory, which searches gain by. What writes in bulk does without: every page that
    it touches would count as its own.
    """

    def __init__(self, url: str, *, mapped: bool = True) -> None:
        self.url = make_url(url)
        if self.url.get_backend_name() == "sqlite" and self.url.database not in (None, "", ":memory:"):
            Path(str(self.url.database)).parent.mkdir(parents=True, exist_ok=True)
        self.engine: Engine = create_engine(self.url)
        if self.engine.dialect.name == "sqlite":
            event.listen(self.engine, "connect", _set_up_mapped_sqlite if mapped else _set_up_sqlite)
            event.listen(self.engine, "begin", _begin_sqlite)
        self.reading = self.engine.execution_options(read_only=True)
        self.writers = sessionmaker(self.engine, expire_on_commit=False)

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
        """Close every pooled connection."""
        self.engine.dispose()


def fetch(session: Session, sql: str, ids: Sequence[str]) -> list[Any]:
    """Fetch rows by a statement whose `:ids` is a set of ids, in the session's transaction.

    It goes to the driver as it stands: to build, key and run such a statement through SQLAlchemy takes several times
    as long as the database does.
    """
    connection = session.connection()
    if connection.dialect.name == "sqlite":
        values: Any = orjson.dumps(list(ids)).decode()
        statement = sql.replace(":ids", "(SELECT value FROM json_each(?))")
        raw: Any = connection.connection.dbapi_connection
        return list(raw.execute(statement, (values,)).fetchall())
    return list(connection.exec_driver_sql(sql.replace("IN :ids", "= ANY(%s)"), (list(ids),)).all())


def _set_up_sqlite(connection: DBAPIConnection, _record: object) -> None:
    raw: Any = connection
    raw.isolation_level = None
    for pragma in (
        "journal_mode=wal",
        "synchronous=full",
        "foreign_keys=on",
        f"busy_timeout={BUSY_TIMEOUT_MS}",
        f"cache_size=-{BULK_CACHE_KIB}",
        "temp_store=memory",
    ):
        raw.execute(f"pragma {pragma}")


def _set_up_mapped_sqlite(connection: DBAPIConnection, record: object) -> None:
    _set_up_sqlite(connection, record)
    raw: Any = connection
    raw.execute(f"pragma cache_size=-{SEARCH_CACHE_KIB}")
    raw.execute(f"pragma mmap_size={MAPPED_BYTES}")


def _begin_sqlite(connection: Any) -> None:
    reading = connection.get_execution_options().get("read_only")
    connection.exec_driver_sql("BEGIN" if reading else "BEGIN IMMEDIATE")
