"""Statements that go to the driver as they stand read, write and fail as SQLAlchemy's do."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest
from sqlalchemy import bindparam, insert, select
from sqlalchemy.dialects.postgresql.psycopg import dialect as psycopg
from sqlalchemy.exc import IntegrityError

from resource_api.access.tables import Participant
from resource_api.database import Base, Database
from resource_api.prepared import Prepared, _compile
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


def test_postgresql_is_given_names_and_asked_for_no_id() -> None:
    compiled = _compile(insert(TABLE), psycopg(), {"id": "a", "name": "A"})
    assert compiled.sql.startswith("INSERT INTO participant (id, name) VALUES (%(id)s")
    assert "RETURNING" not in compiled.sql
    assert compiled.bind({"id": "a", "name": "A"}) == {"id": "a", "name": "A"}
