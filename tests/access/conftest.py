"""An application with an empty directory, that clients can be enrolled at."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient

from resource_api import create_app
from resource_api.database import Database
from resource_api.migrations import migrate
from resource_api.settings import Settings
from tests.access.enrol import wiring_of


def make_app(folder: Path, **more: object) -> Flask:
    """Make an application over a database of its own."""
    url = f"sqlite:///{folder / 'access.db'}"
    database = Database(url)
    migrate(database)
    database.close()
    given = {"database_url": url, "public_url": "https://help.example.org", "instance": folder, "log_level": "ERROR"}
    return create_app(Settings(**(given | more)))  # type: ignore[arg-type]


@pytest.fixture
def app(tmp_path: Path) -> Iterator[Flask]:
    made = make_app(tmp_path)
    yield made
    wiring_of(made).database.close()


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    return app.test_client()


@pytest.fixture(scope="module")
def shared_app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Flask]:
    """One application for the many rows of a table."""
    made = make_app(tmp_path_factory.mktemp("shared"))
    yield made
    wiring_of(made).database.close()
