"""WHERE IT IS KEPT: what a figure is measured on, a column of the table for each.

SQLite always. PostgreSQL where BENCH_DATABASE_URL names a server on which databases may be made, and PostgreSQL with
Elasticsearch where ELASTICSEARCH_URL names one too. The bars are those of the first that a group can be measured on,
SQLite mostly; on the others only what must never happen (a lost write, a failed request) keeps its bar.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

import psycopg
from sqlalchemy import make_url


@dataclass(frozen=True, slots=True)
class Backend:
    """A kind of database, and where its server is; `search` is Elasticsearch's URL, where that answers searches."""

    name: str
    server: str | None = None
    search: str | None = None

    @contextmanager
    def database(self, folder: Path, name: str | None = None) -> Iterator[str]:
        """Have an empty database for a while; get its URL."""
        if self.server is None:
            yield f"sqlite:///{folder / (name or 'directory')}.db"
            return
        name = f"bench_{uuid4().hex[:12]}"
        self.run(f"CREATE DATABASE {name} TEMPLATE template0")
        try:
            yield self.at(name)
        finally:
            self.run(f"DROP DATABASE {name} WITH (FORCE)")

    def at(self, name: str) -> str:
        """Get the URL of a database on the server."""
        return make_url(self.server or "").set(database=name).render_as_string(hide_password=False)

    def run(self, sql: str) -> list[tuple[object, ...]]:
        """Run a statement on the server, in no transaction; get what it says."""
        with psycopg.connect(self.server or "", autocommit=True) as connection:
            done = connection.execute(sql)
            return done.fetchall() if done.description else []


SQLITE = Backend("SQLite")


def backends() -> tuple[Backend, ...]:
    """List what there is to measure on."""
    server, search = os.environ.get("BENCH_DATABASE_URL"), os.environ.get("ELASTICSEARCH_URL")
    found = [SQLITE]
    if server:
        found.append(Backend("PostgreSQL", server))
        if search:
            found.append(Backend("Elasticsearch", server, search))
    return tuple(found)
