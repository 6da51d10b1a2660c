"""A whole directory behind an application, and clients with tokens who may write in it."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from flask import Flask
from werkzeug.test import TestResponse

from resource_api import create_app
from resource_api.access.client import NewClient, add_client
from resource_api.access.participant import add_participant
from resource_api.access.policy import Role, default_scopes
from resource_api.access.token import issue
from resource_api.api.context import Wiring
from resource_api.database import Database
from resource_api.settings import Settings
from resource_api.wiring import attach_index
from tests.api.conftest import close
from tests.databases import SQLITE, Kind, drop_database, make_tables, url_of
from tests.directory.whole_directory import id_of, write_whole_directory

JSON = dict[str, Any]
STEWARDS = ("clinic", "house", "line")


@dataclass
class Steward:
    """A client of an application, with a token of one role."""

    app: Flask
    token: str | None

    def get(self, path: str, **headers: str) -> TestResponse:
        return self.ask("GET", path, None, **headers)

    def ask(self, method: str, path: str, body: Any = None, **headers: str) -> TestResponse:
        """Ask with a JSON body; `If_Match="x"` sends a header."""
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        if self.token is not None:
            sent["Authorization"] = f"Bearer {self.token}"
        if method == "PATCH":
            sent.setdefault("Content-Type", "application/merge-patch+json")
        return self.app.test_client().open(path, method=method, json=body, headers=sent)

    def read(self, path: str) -> tuple[JSON, str]:
        """Get a document and its ETag."""
        answer = self.get(path)
        assert answer.status_code == 200, answer.text
        assert answer.json is not None
        return answer.json, answer.headers["ETag"]

    def write(self, method: str, path: str, body: Any = None) -> TestResponse:
        """Write under the version that is served now."""
        return self.ask(method, path, body, If_Match=self.get(path).headers["ETag"])

    def create(self, path: str, body: JSON) -> TestResponse:
        return self.ask("PUT", path, body, If_None_Match="*")


@dataclass
class Stewardship:
    """An application over a directory, and everybody who may write in it."""

    app: Flask
    database: Database
    of: dict[str, Steward]
    admin: Steward
    anyone: Steward


@lru_cache(maxsize=1)
def whole_database() -> bytes:
    """Make an SQLite file with the whole directory in it, once."""
    with TemporaryDirectory() as folder:
        path = Path(folder, "whole.db")
        database = Database(url_of(path))
        make_tables(database)
        attach_index(database)
        with database.write() as session:
            write_whole_directory(session)
            session.commit()
        database.close()
        return path.read_bytes()


@contextmanager
def stewardship(
    folder: Path,
    kind: Kind = SQLITE,
    *,
    database: Path | None = None,
    organizations: dict[str, str] | None = None,
) -> Iterator[Stewardship]:
    """Make an application over the whole directory, or over a copy of another; `organizations` by their names."""
    path = folder / "stewards.db"
    if database is not None:
        path.write_bytes(database.read_bytes())
    elif kind is SQLITE:
        path.write_bytes(whole_database())
    else:
        path = kind.new(path)
    url = url_of(path)
    app = create_app(Settings(database_url=url, instance=folder, log_level="ERROR"))
    wiring: Wiring = app.extensions["resource_api"]
    if kind is not SQLITE:
        with wiring.database.write() as session:
            write_whole_directory(session)
            session.commit()
    names = organizations or {name: id_of(name) for name in STEWARDS}
    tokens = {name: _token(wiring, "steward", id_) for name, id_ in names.items()}
    made = Stewardship(
        app,
        wiring.database,
        {name: Steward(app, token) for name, token in tokens.items()},
        Steward(app, _token(wiring, "admin", None)),
        Steward(app, None),
    )
    yield made
    close(app)
    drop_database(path)


def _token(wiring: Wiring, role: Role, organization_id: str | None) -> str:
    now = datetime.now(UTC)
    with wiring.database.write() as session:
        if organization_id is not None:
            add_participant(session, "A steward's organization", id=organization_id, now=now)
        client, _ = add_client(session, wiring.keyring, NewClient(role, role, organization_id), now=now)
        issued = issue(session, wiring.keyring, client, " ".join(sorted(default_scopes(role))), now)
        session.commit()
    return issued.token
