"""The schema that the migrations make is the one that the tables describe."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import inspect

import resource_api.directory
import resource_api.search.tables  # noqa: F401 - registers its tables
from resource_api.database import Base, Database
from resource_api.migrations import is_current, is_described, migrate, newest_revision
from tests.databases import Kind, drop_database, url_of


@pytest.fixture
def database(kind: Kind, tmp_path: Path) -> Iterator[Database]:
    path = kind.new(tmp_path / "schema", tables=False)
    database = Database(url_of(path), mapped=False)
    yield database
    database.close()
    drop_database(path)


def tables(database: Database) -> set[str]:
    return {name for name in inspect(database.engine).get_table_names() if not name.startswith("search_fts_")}


def test_migrations_go_up_and_down_and_up_again(database: Database) -> None:
    migrate(database)
    up = tables(database)
    migrate(database, "base")
    assert tables(database) <= {"alembic_version"}
    migrate(database)
    assert tables(database) == up


def test_migrating_twice_changes_nothing(database: Database) -> None:
    migrate(database)
    before = tables(database)
    migrate(database)
    assert tables(database) == before
    with database.read() as session:
        assert is_current(session)


def test_an_empty_database_is_not_current(database: Database) -> None:
    with database.read() as session:
        assert not is_current(session)
    assert newest_revision()


def test_an_unknown_revision_is_refused_and_the_known_ones_are_named(database: Database) -> None:
    with pytest.raises(ValueError, match=r"known are .*0001"):
        migrate(database, "9999")


def test_the_migrated_schema_is_that_of_the_tables(database: Database) -> None:
    migrate(database)
    with database.engine.connect() as connection:
        context = MigrationContext.configure(
            connection,
            opts={"compare_type": True, "include_name": is_described},
        )
        assert compare_metadata(context, Base.metadata) == []
