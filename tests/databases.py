"""Databases of either kind, by the name of a file: an SQLite file, or one (`.pg`) that says where on a server it is."""

import shutil
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from tempfile import TemporaryDirectory

import psycopg
from sqlalchemy import make_url, text
from sqlalchemy.orm import Session

from resource_api.database import Database
from resource_api.migrations import migrate
from tests.postgres import Postgres


@dataclass(frozen=True)
class Kind:
    """A kind of database; `server` None: SQLite."""

    name: str
    server: Postgres | None = None
    template: Callable[[], str] = lambda: "template1"

    def new(self, path: Path, *, tables: bool = True) -> Path:
        """Make a database with every table and no row, or without tables; get its file."""
        if self.server is not None:
            path = path.with_suffix(".pg")
            name = self.server.make(self.template() if tables else "template1")
            path.write_text(self.server.at(name), "utf-8")
            return path
        path = path.with_suffix(".db")
        if tables:
            make_tables(Database(url_of(path)))
        return path


SQLITE = Kind("sqlite")


def url_of(path: Path) -> str:
    """Get the URL of a database by its file."""
    return path.read_text("utf-8") if path.suffix == ".pg" else f"sqlite:///{path}"


def copy_database(source: Path, target: Path) -> Path:
    """Copy a database that nobody is connected to; get the copy's file, which is of the same kind."""
    target = target.with_suffix(source.suffix)
    if source.suffix == ".pg":
        server = Postgres(url_of(source))
        made = Postgres(server.at("postgres"))
        target.write_text(made.at(made.make(str(make_url(url_of(source)).database))), "utf-8")
    else:
        shutil.copy(source, target)
    return target


def drop_database(path: Path) -> None:
    """Drop a database on a server; a file goes with its folder."""
    if path.suffix == ".pg":
        server = Postgres(Postgres(url_of(path)).at("postgres"))
        server.drop(str(make_url(url_of(path)).database))


def read_bytes(path: Path) -> bytes:
    """Read all that is kept in a database, as it is kept."""
    if path.suffix != ".pg":
        files = (path, path.with_name(f"{path.name}-wal"))
        return b"".join(file.read_bytes() for file in files if file.exists())
    kept = b""
    with psycopg.connect(url_of(path)) as connection:
        for (table,) in connection.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'").fetchall():
            with connection.cursor().copy(f'COPY "{table}" TO STDOUT (FORMAT BINARY)') as copied:
                kept += b"".join(bytes(part) for part in copied)
    return kept


def refuse_rows(session: Session, table: str, when: str = "INSERT") -> None:
    """Let the database refuse to write to a table."""
    trigger = f"CREATE TRIGGER broken BEFORE {when} ON {table}"
    if session.get_bind().dialect.name == "sqlite":
        session.execute(text(f"{trigger} BEGIN SELECT RAISE(ABORT, 'broken'); END"))
    else:
        raising = "RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'broken'; END $$"
        session.execute(text(f"CREATE OR REPLACE FUNCTION break_it() {raising}"))
        session.execute(text(f"{trigger} FOR EACH STATEMENT EXECUTE FUNCTION break_it()"))


def take_rows(session: Session, table: str) -> None:
    """Let the database take what it refused."""
    on = "" if session.get_bind().dialect.name == "sqlite" else f" ON {table}"
    session.execute(text(f"DROP TRIGGER broken{on}"))


@lru_cache(maxsize=1)
def empty_database() -> bytes:
    """Make an SQLite file with every table and no row, once: that takes longer than most tests."""
    with TemporaryDirectory() as folder:
        database = Database(f"sqlite:///{folder}/empty.db")
        migrate(database)
        database.close()
        return Path(folder, "empty.db").read_bytes()


def make_tables(database: Database) -> None:
    """Make every table of a new database."""
    file = Path(database.url.database or "") if database.url.get_backend_name() == "sqlite" else None
    if file is None or file.exists():
        migrate(database)
    else:
        file.write_bytes(empty_database())
