"""The database file, and what SQLite puts beside it."""

from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Column, delete, func, insert, select, text

from resource_api.among import among
from resource_api.database import Base, Database
from tests.databases import Kind, drop_database, url_of

TOWN = Base.metadata.tables["town"]


def test_a_new_database_and_all_that_belongs_to_it_is_its_owners_alone(tmp_path: Path) -> None:
    database = Database(f"sqlite:///{tmp_path / 'new.db'}")
    assert list(tmp_path.iterdir()) == []
    with database.write() as session:
        session.execute(text("CREATE TABLE t (x)"))
        session.commit()
    modes = {path.name: path.stat().st_mode & 0o777 for path in tmp_path.iterdir()}
    assert modes == dict.fromkeys(("new.db", "new.db-wal", "new.db-shm", "new.db-door", "new.db-turn"), 0o600)
    database.close()


@pytest.mark.parametrize(("mapped", "least", "most"), [(True, 4, 6), (False, 12, 14)], ids=["serving", "in bulk"])
def test_only_who_writes_in_bulk_lets_the_log_grow(tmp_path: Path, mapped: bool, least: int, most: int) -> None:
    database = Database(f"sqlite:///{tmp_path / 'new.db'}", mapped=mapped)
    for number in range(12):  # each a MiB
        with database.write() as session:
            session.execute(text("CREATE TABLE IF NOT EXISTS t (x)"))
            session.execute(text("INSERT INTO t VALUES (:x)"), {"x": bytes([number]) * (1 << 20)})
            session.commit()
    assert least <= (tmp_path / "new.db-wal").stat().st_size / (1 << 20) <= most
    database.close()
    assert not (tmp_path / "new.db-wal").exists()


def test_who_wrote_in_bulk_leaves_no_log_to_those_who_serve(tmp_path: Path) -> None:
    file = tmp_path / "new.db"
    database, serving = Database(f"sqlite:///{file}", mapped=False), Database(f"sqlite:///{file}")
    with database.write() as session:
        session.execute(text("CREATE TABLE t AS SELECT zeroblob(8 << 20) AS x"))
        session.commit()
    with serving.read() as session:
        session.execute(text("SELECT count(*) FROM t"))
    assert file.stat().st_size < 8 << 20
    database.close()
    assert file.stat().st_size >= 8 << 20
    serving.close()


def test_the_mode_of_a_database_that_is_there_is_the_operators(tmp_path: Path) -> None:
    path = tmp_path / "shared.db"
    path.touch(0o660)
    path.chmod(0o660)
    database = Database(f"sqlite:///{path}")
    with database.read() as session:
        session.execute(text("SELECT 1"))
    database.close()
    assert path.stat().st_mode & 0o777 == 0o660


def test_a_connection_that_comes_back_to_a_closed_database_is_closed(database_kind: Kind, tmp_path: Path) -> None:
    path = database_kind.new(tmp_path / "left", tables=False)
    database = Database(url_of(path))
    connection = database.engine.connect()
    raw = connection.connection.dbapi_connection
    database.close()
    assert connection.scalar(text("SELECT 1")) == 1, "whoever uses it may end what it has begun"
    connection.close()
    with pytest.raises(database.engine.dialect.loaded_dbapi.Error):
        raw.cursor().execute("SELECT 1")
    with database.read() as session:
        assert session.scalar(text("SELECT 1")) == 1, "and it opens anew"
    database.close()
    drop_database(path)


@pytest.mark.parametrize("column", [TOWN.c.folded, TOWN.c.id], ids=["texts", "numbers"])
def test_rows_are_found_among_as_many_values_as_one_likes(
    database_kind: Kind, tmp_path: Path, column: Column[Any]
) -> None:
    path = database_kind.new(tmp_path / "among")
    database = Database(url_of(path))
    names = [f"town {n}" for n in range(2_000)]
    with database.write() as session:
        for n, name in enumerate(names):
            row = {"id": n, "folded": name, "name": name, "state": "MD", "latitude": 0, "longitude": 0, "population": 0}
            session.execute(insert(TOWN), row)
        wanted = [f"town {n}" for n in range(50_000)] if column is TOWN.c.folded else list(range(50_000))
        count = select(func.count()).select_from(TOWN)
        assert session.scalar(count.where(among(column, wanted))) == 2_000
        assert session.scalar(count.where(among(column, wanted[1_500:1_600]))) == 100
        assert session.scalar(count.where(among(column, []))) == 0
        assert session.scalar(count.where(~among(column, wanted[:1_000]))) == 1_000
        session.execute(delete(TOWN).where(among(column, wanted[:1_999])))
        assert session.scalar(count) == 1
    database.close()
    drop_database(path)
