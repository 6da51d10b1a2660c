"""WHERE IT IS KEPT: the sessions, and the types both databases share.

How each is connected to, `resource_api.sqlite` and `resource_api.postgres` say. No connection is opened here, so none
is carried across a fork.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any, ClassVar, cast

import orjson
from sqlalchemy import (
    BigInteger,
    Connection,
    DateTime,
    Dialect,
    Integer,
    MetaData,
    String,
    event,
    make_url,
)
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import DeclarativeBase, Session, sessionmaker
from sqlalchemy.types import TypeDecorator

from resource_api.postgres import is_postgres, open_postgres
from resource_api.sqlite import open_sqlite

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
        postgres = is_postgres(self.url)
        self.engine = (open_postgres if postgres else open_sqlite)(self.url, bulk=not mapped)
        # A reader sees one moment, from its first question to its last.
        moment = {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True} if postgres else {}
        self.reading = self.engine.execution_options(read_only=True, **moment)
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
