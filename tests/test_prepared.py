"""Statements that go to the driver as they stand read, write and fail as SQLAlchemy's do."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest
from sqlalchemy import bindparam, insert, select
from sqlalchemy.dialects.postgresql.psycopg import dialect as psycopg
from sqlalchemy.exc import IntegrityError

from resource_api.access.tables import Participant
from resource_api.database import Base, Database, connection_of
from resource_api.prepared import Prepared, _compile, write_many
from tests.databases import Kind, drop_database, url_of

TABLE = Base.metadata.tables[Participant.__tablename__]
ADD = Prepared(insert(TABLE))
SINCE = select(TABLE.c.id, TABLE.c.created_at).where(TABLE.c.created_at >= bindparam("since")).order_by(TABLE.c.id)
NOW = datetime(2026, 1, 31, 12, tzinfo=timezone(timedelta(hours=-5)))


@pytest.fixture
def database(database_kind: Kind, tmp_path: Path) -> Iterator[Database]:
    path = database_kind.new(tmp_path / "directory")
    database = Database(url_of(path))
    yield database
    database.close()
    drop_database(path)


def test_rows_are_written_and_read_as_sqlalchemy_does(database: Database) -> None:
    with database.write() as session:
        ADD.run(session, *({"id": id, "name": id.upper(), "created_at": NOW} for id in "ab"))
        session.commit()
    with database.read() as session:
        asked = {"since": NOW}
        assert Prepared(SINCE).run(session, asked) == [("a", NOW), ("b", NOW)] == session.execute(SINCE, asked).all()
        assert session.get_one(Participant, "a").created_at == NOW.astimezone(UTC)


def test_it_is_in_the_sessions_transaction(database: Database) -> None:
    with database.write() as session:
        ADD.run(session, {"id": "a", "name": "A", "created_at": NOW})
        session.rollback()
        assert Prepared(SINCE).run(session, {"since": NOW}) == []


def test_it_raises_what_sqlalchemy_would_and_does_not_say_what_was_written(database: Database) -> None:
    row = {"id": "a", "name": "somebody", "created_at": NOW}
    with database.write() as session:
        ADD.run(session, row)
        with pytest.raises(IntegrityError) as raised:
            ADD.run(session, row)
        assert "somebody" not in str(raised.value)


def test_many_rows_are_written_as_few_are(database: Database) -> None:
    rows = [{"id": f"{n:04}", "name": f"tab\t, line\n, \\N and ü {n}", "created_at": NOW} for n in range(2_500)]
    with database.write() as session:
        write_many(session, TABLE, [])
        write_many(session, TABLE, rows)
        session.commit()
    with database.read() as session:
        kept = session.execute(select(TABLE.c.id, TABLE.c.name, TABLE.c.created_at).order_by(TABLE.c.id)).all()
    assert kept == [tuple(row.values()) for row in rows]


def test_of_many_rows_either_all_are_written_or_none(database: Database) -> None:
    rows = [{"id": id, "name": "somebody", "created_at": NOW} for id in "aba"]
    with database.write() as session:
        with pytest.raises(IntegrityError) as raised:
            write_many(session, TABLE, rows)
        assert "somebody" not in str(raised.value)
        session.rollback()
        assert Prepared(SINCE).run(session, {"since": NOW}) == []


def test_what_a_column_begins_with_is_written_where_rows_do_not_say_it(database: Database) -> None:
    taxonomy = Base.metadata.tables["taxonomy"]
    with database.write() as session:
        write_many(session, taxonomy, [{"id": id, "name": id, "description": "", "position": 0} for id in "ab"])
        numbered = Base.metadata.tables["change"]
        write_many(session, numbered, [{"service_id": id} for id in "ba"])
        session.commit()
        assert session.execute(select(numbered.c.service_id).order_by(numbered.c.id)).scalars().all() == ["b", "a"]


def test_a_session_asks_on_the_connection_of_its_own_transaction(database: Database) -> None:
    with database.write() as session:
        first = connection_of(session)
        assert connection_of(session) is first is session.connection()
        session.commit()
        second = connection_of(session)
        assert second is session.connection() is not first
        with session.begin_nested():
            assert connection_of(session) is second


def test_postgresql_is_given_names_and_asked_for_no_id() -> None:
    compiled = _compile(insert(TABLE), psycopg(), {"id": "a", "name": "A"})
    assert compiled.sql.startswith("INSERT INTO participant (id, name) VALUES (%(id)s")
    assert "RETURNING" not in compiled.sql
    assert compiled.bind({"id": "a", "name": "A"}) == {"id": "a", "name": "A"}
