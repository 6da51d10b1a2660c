"""An application with an empty directory, that clients can be enrolled at."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient

from resource_api import create_app
from resource_api.settings import Settings
from tests.access.enrol import wiring_of
from tests.databases import SQLITE, Kind, drop_database, empty_database, url_of


def make_app(folder: Path, kind: Kind = SQLITE, **more: object) -> Flask:
    """Make an application over a database of its own."""
    if kind is SQLITE:
        (folder / "access.db").write_bytes(empty_database())
    url = url_of(folder / "access.db" if kind is SQLITE else kind.new(folder / "access"))
    given = {"database_url": url, "public_url": "https://help.example.org", "instance": folder, "log_level": "ERROR"}
    return create_app(Settings(**(given | more)))  # type: ignore[arg-type]


@pytest.fixture
def app(database_kind: Kind, tmp_path: Path) -> Iterator[Flask]:
    made = make_app(tmp_path, database_kind)
    yield made
    wiring_of(made).database.close()
    if database_kind is not SQLITE:
        drop_database(tmp_path / "access.pg")


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    return app.test_client()


@pytest.fixture(scope="module")
def shared_app(database_kind: Kind, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Flask]:
    """One application for the many rows of a table."""
    made = make_app(tmp_path_factory.mktemp("shared"), database_kind)
    yield made
    wiring_of(made).database.close()
