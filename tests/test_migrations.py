"""The schema that the migrations make is the one that the tables describe."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import inspect, text

import resource_api.directory.tables
import resource_api.search.tables  # noqa: F401 - registers its tables
from resource_api import migrations
from resource_api.database import Base, Database
from resource_api.errors import SettingsError
from resource_api.migrations import is_current, is_described, migrate, newest_revision
from tests.databases import Kind, drop_database, url_of
from tests.postgres import Postgres


@pytest.fixture
def database(database_kind: Kind, tmp_path: Path) -> Iterator[Database]:
    path = database_kind.new(tmp_path / "schema", tables=False)
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


def run_init(url: str, folder: Path, code: str = "") -> "subprocess.Popen[str]":
    """Run `resource-api init` in a process of its own, after some code perhaps."""
    script = f"{code}\nfrom resource_api.cli import main\nmain(['init', '--no-seed'])"
    environment = os.environ | {"DATABASE_URL": url, "INSTANCE_PATH": str(folder)}
    return subprocess.Popen([sys.executable, "-c", script], env=environment, stderr=subprocess.PIPE, text=True)


def test_of_two_who_migrate_at_once_one_does_and_the_other_finds_it_done(database: Database, tmp_path: Path) -> None:
    url = database.url.render_as_string(hide_password=False)
    both = [run_init(url, tmp_path) for _ in range(2)]
    told = [process.communicate(timeout=60)[1] for process in both]
    assert [process.returncode for process in both] == [0, 0], told
    with database.read() as session:
        assert is_current(session)
        assert session.scalar(text("SELECT count(*) FROM alembic_version")) == 1
        assert session.scalar(text("SELECT count(*) - count(DISTINCT (name || state || latitude)) FROM town")) == 0


DIES = """
import os, signal
from alembic import op
made, create = [], op.create_table
def create_and_die(*args, **kwargs):
    made.append(args)
    if len(made) == 20:
        os.kill(os.getpid(), signal.SIGKILL)
    return create(*args, **kwargs)
op.create_table = create_and_die
"""


def test_a_migration_that_is_killed_in_the_middle_changed_nothing_and_is_run_again(
    database: Database, tmp_path: Path
) -> None:
    url = database.url.render_as_string(hide_password=False)
    killed = run_init(url, tmp_path, DIES)
    killed.communicate(timeout=60)
    assert killed.returncode == -signal.SIGKILL
    assert tables(database) == set()
    again = run_init(url, tmp_path)
    assert again.communicate(timeout=60)[1] == ""
    assert again.returncode == 0
    with database.read() as session:
        assert is_current(session)


@pytest.mark.parametrize("database_kind", ["postgresql"], indirect=True, scope="session")
def test_a_table_that_is_in_use_is_waited_for_a_second_at_a_time(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    migrate(database)
    monkeypatch.setattr(migrations, "LOCK_WAIT", "100ms")
    monkeypatch.setattr(migrations, "BETWEEN_TRIES_S", 0.1)
    with ThreadPoolExecutor(1) as pool:
        with database.read() as session:
            session.scalar(text("SELECT count(*) FROM referral"))
            moved = pool.submit(migrate, database, "0001")
            time.sleep(0.5)
            assert not moved.done()
            with database.read() as other:  # whoever comes later is not kept waiting behind it for long
                other.scalar(text("SELECT count(*) FROM referral"))
        moved.result(timeout=10)
    assert "referral" not in tables(database)


def test_a_database_that_cannot_keep_every_letter_is_refused(postgres: Postgres) -> None:
    postgres.run("CREATE DATABASE resource_test_latin TEMPLATE template0 ENCODING 'LATIN1' LOCALE 'C'")
    try:
        latin = Database(postgres.at("resource_test_latin"))
        with pytest.raises(SettingsError, match="encoded in LATIN1"):
            migrate(latin)
        latin.close()
    finally:
        postgres.drop("resource_test_latin")


@pytest.mark.parametrize("database_kind", ["postgresql"], indirect=True, scope="session")
def test_texts_are_ordered_by_their_bytes_whatever_the_language_of_the_server(database: Database) -> None:
    migrate(database)
    with database.read() as session:
        other = session.scalars(
            text(
                "SELECT attrelid::regclass || '.' || attname "
                "FROM pg_attribute JOIN pg_class ON pg_class.oid = attrelid "
                "WHERE relnamespace = 'public'::regnamespace AND relkind = 'r' AND attnum > 0 AND attcollation <> 0 "
                "AND attcollation <> (SELECT oid FROM pg_collation WHERE collname = 'C' AND collencoding = -1 LIMIT 1)"
            )
        ).all()
    assert [name for name in other if name != "alembic_version.version_num"] == []
