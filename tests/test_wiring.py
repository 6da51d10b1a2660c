"""The index follows the directory inside each writer's transaction."""

import os
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import text

from resource_api.database import Database
from resource_api.directory.publish import publish_organizations
from resource_api.directory.tables import Change, Organization, Service
from resource_api.search.postgres_index import PostgresIndex
from resource_api.search.query import Asked, SearchQuery, Word
from resource_api.search.sqlite_index import SQLiteIndex
from resource_api.wiring import attach_index
from tests.databases import Kind, drop_database, make_tables, url_of

NOW = datetime(2026, 3, 1, tzinfo=UTC)
BEES = SearchQuery(asked=Asked(essential=(Word("bees", ("bee",)),)))
INDEX_TABLES = ("search_row", "search_text", "search_fts", "search_word")


@pytest.fixture
def database(database_kind: Kind, tmp_path: Path):
    path = database_kind.new(tmp_path / "wired")
    database = Database(url_of(path))
    yield database
    database.close()
    drop_database(path)


def write_bees(session) -> None:
    session.add(Organization(id="o", name="Bee keepers", description=""))
    session.flush()
    session.add(Service(id="s", organization_id="o", name="Bees for all", status="active"))
    session.flush()
    publish_organizations(session, ["o"], now=NOW)


def count(session, name: str) -> int:
    return session.scalar(text(f"SELECT count(*) FROM {name}"))


def test_a_commit_carries_the_index_along(database: Database) -> None:
    index = attach_index(database)
    with database.write() as session:
        write_bees(session)
        session.commit()
    with database.read() as session:
        assert [hit.service_id for hit in index.find(session, BEES).hits] == ["s"]
        assert session.query(Change).count() == 0


def test_what_is_rolled_back_is_in_neither_documents_nor_index(database: Database) -> None:
    index = attach_index(database)
    with database.write() as session:
        write_bees(session)
        session.rollback()
    with database.write() as session:
        for name in ("document", "change", *INDEX_TABLES):
            assert count(session, name) == 0, name
        assert index.find(session, BEES).total == 0
        write_bees(session)
        session.commit()
        assert index.find(session, BEES).total == 1
        assert "bees" in index.spoken_words(session)


def test_a_transaction_that_fails_late_takes_its_index_rows_with_it(database: Database) -> None:
    index = attach_index(database)
    with database.write() as session:
        write_bees(session)
        session.flush()
        # What the listener would do at the commit, followed by a fault before it.
        session.dispatch.before_commit(session)
        assert index.find(session, BEES).total == 1
        session.rollback()
    with database.read() as session:
        assert index.find(session, BEES).total == 0
        for name in INDEX_TABLES:
            assert count(session, name) == 0, name


def test_a_reader_sees_document_and_index_row_appear_together(database: Database) -> None:
    index = attach_index(database)
    with database.write() as writing:
        write_bees(writing)
        with database.read() as reading:
            assert count(reading, "document") == 0
            assert index.find(reading, BEES).total == 0
        writing.commit()
    with database.read() as reading:
        assert count(reading, "document") > 0
        assert index.find(reading, BEES).total == 1


def test_the_index_is_the_one_in_the_database(database: Database, database_kind: Kind) -> None:
    assert isinstance(attach_index(database), {"sqlite": SQLiteIndex, "postgresql": PostgresIndex}[database_kind.name])


# What takes a start long, and what a search has no use for.
UNASKED = {
    "resource_api.access.tables", "resource_api.privacy.tables", "resource_api.delivery.tables",
    "resource_api.referrals.tables", "resource_api.directory.correct", "resource_api.egress", "alembic", "cryptography",
    "elasticsearch", "jwt", "structlog",
}  # fmt: skip


def test_who_only_searches_waits_for_no_room_but_the_directorys(tmp_path: Path) -> None:
    database = Database(f"sqlite:///{tmp_path}/d.db")
    make_tables(database)
    database.close()
    asking = "import sys, wsgi; print(wsgi.app.test_client().get('/search?need=food').status_code, *sys.modules)"
    env = os.environ | {"DATABASE_URL": str(database.url), "INSTANCE_PATH": str(tmp_path), "LOG_LEVEL": "WARNING"}
    done = subprocess.run(
        [sys.executable, "-c", asking],
        cwd=Path(__file__).parents[1], env=env, capture_output=True, text=True, timeout=60, check=True,
    )  # fmt: skip
    status, *imported = done.stdout.split()
    assert status == "200"
    assert not UNASKED & set(imported)
