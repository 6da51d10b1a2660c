"""SQLite locked, full, damaged or not to be written to: a 503 that says when to come back, and nothing half done."""

import os
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import event, text
from werkzeug.test import TestResponse

from resource_api import sqlite
from resource_api.damage import is_damaged
from resource_api.database import Database
from resource_api.privacy.audit import SYSTEM, record
from resource_api.sqlite import WAIT_S
from tests.access.conftest import make_app
from tests.access.enrol import Enrolled, ask_token, enrol, wiring_of
from tests.privacy.conftest import NOW
from tests.privacy.sealed_rows import write_sealed_rows

ROOT = Path(__file__).parents[2]


@contextmanager
def made_app(folder: Path) -> Iterator[Flask]:
    app = make_app(folder)
    yield app
    wiring_of(app).database.close()


@pytest.fixture
def app(tmp_path: Path) -> Iterator[Flask]:
    with made_app(tmp_path) as app:
        yield app


@pytest.fixture
def source(app: Flask) -> Enrolled:
    return enrol(app)


def write(client: FlaskClient, source: Enrolled) -> TestResponse:
    """A write with its audit row, in one transaction: a token."""
    return ask_token(client, {}, auth=(source.client_id, source.secret))


def file_of(app: Flask) -> Path:
    return Path(str(wiring_of(app).database.url.database))


def count(app: Flask, what: str) -> int:
    with sqlite3.connect(file_of(app)) as raw:
        (found,) = raw.execute(f"SELECT count(*) FROM {what}").fetchone()
    raw.close()
    return found


def assert_refused_for_now(answer: TestResponse) -> None:
    assert answer.status_code == 503, answer.json
    assert int(answer.headers["Retry-After"]) > 0
    assert answer.headers["Content-Type"] == "application/problem+json"


LOCK = """
import sqlite3, sys, time
held = sqlite3.connect(sys.argv[1], isolation_level=None)
held.execute("BEGIN IMMEDIATE")
print("locked", flush=True)
time.sleep(float(sys.argv[2]))
"""


@contextmanager
def locked(path: Path, seconds: float) -> Iterator[None]:
    """Lock a database from another process, one that knows nothing of turns."""
    process = subprocess.Popen([sys.executable, "-c", LOCK, str(path), str(seconds)], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stdout.readline() == "locked\n"
    try:
        yield
    finally:
        process.kill()
        process.communicate()


def test_a_lock_that_outlasts_the_wait_is_a_503_and_what_was_refused_was_not_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sqlite, "WAIT_S", 0.3)
    with made_app(tmp_path) as app:
        source, client = enrol(app), app.test_client()
        with locked(file_of(app), 60):
            assert_refused_for_now(write(client, source))
            assert client.get("/readyz").status_code == 200  # readers wait for nobody
        assert count(app, "access_token") == 0
        assert write(client, source).status_code == 200
        assert count(app, "access_token") == 1


@pytest.mark.faults
def test_a_lock_of_three_seconds_is_waited_for(app: Flask, source: Enrolled) -> None:
    with locked(file_of(app), 3):
        began = time.monotonic()
        assert write(app.test_client(), source).status_code == 200
        assert 2 < time.monotonic() - began < WAIT_S


@pytest.mark.faults
def test_a_lock_of_ten_seconds_is_a_503_in_half_of_that(app: Flask, source: Enrolled) -> None:
    with locked(file_of(app), 10):
        began = time.monotonic()
        assert_refused_for_now(write(app.test_client(), source))
        assert time.monotonic() - began < WAIT_S + 1
    assert count(app, "access_token") == 0
    assert write(app.test_client(), source).status_code == 200


def set_on_every_connection(database: Database, pragma: str) -> None:
    database.engine.dispose()
    event.listen(database.engine, "connect", lambda raw, _: raw.execute(f"PRAGMA {pragma}"))


def test_a_database_that_may_not_be_written_to_refuses_writes_and_is_still_read(app: Flask, source: Enrolled) -> None:
    set_on_every_connection(wiring_of(app).database, "query_only = on")
    client = app.test_client()
    assert_refused_for_now(write(client, source))
    assert count(app, "access_token") == 0
    assert client.get("/services").status_code == 200


def test_on_a_full_disk_nothing_is_half_written_and_all_that_was_acknowledged_is_there(
    app: Flask, source: Enrolled
) -> None:
    database, client = wiring_of(app).database, app.test_client()
    before = count(app, "audit")
    with sqlite3.connect(file_of(app)) as raw:
        (pages,) = raw.execute("PRAGMA page_count").fetchone()
    raw.close()
    set_on_every_connection(database, f"max_page_count = {pages + 2}")
    acknowledged = 0
    while (answer := write(client, source)).status_code == 200:
        acknowledged += 1
        assert acknowledged < 1_000
    assert_refused_for_now(answer)
    assert acknowledged > 0
    assert count(app, "access_token") == acknowledged
    assert count(app, "audit") == before + acknowledged
    assert client.get("/services").status_code == 200
    set_on_every_connection(database, "max_page_count = 100000")
    assert write(client, source).status_code == 200


def overwrite(path: Path, table: str) -> None:
    """Overwrite the page that a table begins on."""
    with sqlite3.connect(path) as raw:
        raw.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        (page,) = raw.execute("SELECT rootpage FROM sqlite_master WHERE name = ?", (table,)).fetchone()
        (size,) = raw.execute("PRAGMA page_size").fetchone()
    raw.close()
    with path.open("r+b") as file:
        file.seek((page - 1) * size)
        file.write(b"\xff" * size)


def test_a_damaged_page_is_a_503_for_whoever_needs_it(app: Flask, source: Enrolled) -> None:
    wiring_of(app).database.close()
    assert not is_damaged(str(wiring_of(app).database.url))
    overwrite(file_of(app), "access_token")
    assert_refused_for_now(write(app.test_client(), source))
    assert app.test_client().get("/services").status_code == 200
    assert is_damaged(str(wiring_of(app).database.url))


def serve(folder: Path, **environment: str) -> "subprocess.CompletedProcess[str]":
    env = {name: value for name, value in os.environ.items() if not name.startswith(("PROMETHEUS", "DATABASE"))}
    command = [sys.executable, "-m", "resource_api.cli", "serve", "--port", "65431", "--workers", "1"]
    return subprocess.run(
        command, cwd=ROOT, env=env | {"INSTANCE_PATH": str(folder)} | environment, capture_output=True, text=True,
        timeout=60, check=False,
    )  # fmt: skip


def test_a_server_does_not_start_on_a_damaged_file(tmp_path: Path) -> None:
    with made_app(tmp_path) as app:
        path = file_of(app)
    overwrite(path, "referral")
    done = serve(tmp_path, DATABASE_URL=f"sqlite:///{path}")
    assert done.returncode == 1
    assert "The database file is damaged" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_server_does_not_start_in_production_without_its_keys(tmp_path: Path) -> None:
    done = serve(tmp_path, APP_ENV="production")
    assert done.returncode == 1
    assert "SECRET_KEY is not set" in done.stderr
    assert "Traceback" not in done.stderr
    done = serve(tmp_path, APP_ENV="production", SECRET_KEY="x" * 40, DATA_KEYS="k:short")
    assert done.returncode == 1
    assert "DATA_KEYS" in done.stderr


def test_what_is_no_file_or_not_there_yet_is_not_damaged(tmp_path: Path) -> None:
    for url in ("sqlite://", f"sqlite:///{tmp_path / 'new.db'}", "postgresql://nobody@127.0.0.1/nothing"):
        assert not is_damaged(url)
    (tmp_path / "text.db").write_bytes(b"this is not a database" * 100)
    assert is_damaged(f"sqlite:///{tmp_path / 'text.db'}")


def refuse_audit_rows(app: Flask) -> None:
    raw = sqlite3.connect(file_of(app))
    raw.execute("CREATE TRIGGER sink BEFORE INSERT ON audit BEGIN SELECT RAISE(ABORT, 'the sink is full'); END")
    raw.close()


def test_where_the_audit_cannot_be_written_a_write_is_refused_whole(app: Flask, source: Enrolled) -> None:
    refuse_audit_rows(app)
    answer = write(app.test_client(), source)
    assert answer.status_code == 500
    assert "access_token" not in answer.json
    assert "sink" not in answer.get_data(as_text=True)
    assert count(app, "access_token") == 0


def test_where_the_audit_cannot_be_written_nothing_of_its_transaction_stays(app: Flask, source: Enrolled) -> None:
    refuse_audit_rows(app)
    database = wiring_of(app).database
    with pytest.raises(Exception, match="the sink is full"), database.write() as session:  # noqa: PT012 - one transaction
        write_sealed_rows(session, wiring_of(app).keyring, 1)
        assert session.scalar(text("SELECT count(*) FROM referral")) == 1
        record(session, SYSTEM, "C", "referral.create", now=NOW)
    for table in ("referral", "referral_event", "replay", "audit WHERE what = 'referral.create'"):
        assert count(app, table) == 0
