from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Event

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy.orm import Session

from resource_api import create_app
from resource_api.api import health
from resource_api.api.context import Wiring
from resource_api.database import Database
from resource_api.settings import Settings


def test_a_process_is_live_without_any_database(empty: FlaskClient) -> None:
    answer = empty.get("/livez")
    assert (answer.status_code, answer.json) == (200, {"status": "live"})
    assert answer.headers["Cache-Control"] == "no-store"


def test_an_instance_is_ready_when_its_database_is_of_this_release(directory: FlaskClient) -> None:
    answer = directory.get("/readyz")
    assert (answer.status_code, answer.json) == (200, {"status": "ready"})


def test_an_empty_database_is_not_ready_and_says_what_to_run(empty: FlaskClient) -> None:
    answer = empty.get("/readyz")
    assert answer.status_code == 503
    assert "resource-api init" in answer.json["detail"]
    assert int(answer.headers["Retry-After"]) > 0


def test_a_file_that_is_no_database_is_not_ready(tmp_path: Path) -> None:
    (tmp_path / "broken.db").write_bytes(b"this is not a database" * 100)
    app = create_app(Settings(database_url=f"sqlite:///{tmp_path / 'broken.db'}"))
    answer = app.test_client().get("/readyz")
    assert answer.status_code == 503
    assert "cannot be reached" in answer.json["detail"]
    _database(app).close()


class HangingDatabase(Database):
    """Answers nobody until it is released."""

    def __init__(self, url: str) -> None:
        super().__init__(url)
        self.released = Event()

    @contextmanager
    def read(self) -> Iterator[Session]:
        self.released.wait(10)
        with super().read() as session:
            yield session


def test_a_database_that_hangs_is_given_up_on_and_holds_one_thread_only(
    empty_app: Flask, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(health, "READY_SECONDS", 0.05)
    monkeypatch.setattr(health, "_checker", health._Checker())
    hanging = HangingDatabase(f"sqlite:///{tmp_path / 'hanging.db'}")
    wiring: Wiring = empty_app.extensions["resource_api"]
    empty_app.extensions["resource_api"] = Wiring(wiring.settings, hanging, wiring.index)
    client = empty_app.test_client()
    for _ in range(3):
        answer = client.get("/readyz")
        assert answer.status_code == 503
        assert "within" in answer.json["detail"]
    pool = health._checker.pool
    assert pool is not None
    assert len(pool._threads) == 1
    hanging.released.set()
    pool.shutdown(wait=True)
    hanging.close()
    wiring.database.close()


def test_no_connection_is_opened_before_a_request_needs_one(tmp_path: Path) -> None:
    path = tmp_path / "later.db"
    app = create_app(Settings(database_url=f"sqlite:///{path}"))
    assert app.test_client().get("/livez").status_code == 200
    assert not path.exists()


def _database(app: Flask) -> Database:
    wiring: Wiring = app.extensions["resource_api"]
    return wiring.database
