"""An application over an empty database, and one over a small directory that was published and indexed."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient

from resource_api import create_app
from resource_api.api.context import Wiring
from resource_api.database import Database
from resource_api.settings import Settings
from resource_api.wiring import attach_index
from tests.api.small_directory import write_small_directory
from tests.databases import Kind, drop_database, make_tables, url_of


@pytest.fixture
def empty_app(database_kind: Kind, tmp_path: Path) -> Iterator[Flask]:
    """An application whose database has no tables."""
    path = database_kind.new(tmp_path / "empty", tables=False)
    app = create_app(Settings(database_url=url_of(path)))
    yield app
    close(app)
    drop_database(path)


@pytest.fixture
def empty(empty_app: Flask) -> FlaskClient:
    return empty_app.test_client()


@pytest.fixture(scope="session")
def directory_url(database_kind: Kind, tmp_path_factory: pytest.TempPathFactory) -> str:
    """The URL of a database with a small directory in it."""
    url = url_of(database_kind.new(tmp_path_factory.mktemp("api") / "small"))
    make_directory(url)
    return url


@pytest.fixture(scope="session")
def directory_app(directory_url: str) -> Iterator[Flask]:
    app = create_app(Settings(database_url=directory_url))
    yield app
    close(app)


@pytest.fixture
def directory(directory_app: Flask) -> FlaskClient:
    """A client of an application over a small directory, which nobody writes to."""
    return directory_app.test_client()


def close(app: Flask) -> None:
    wiring: Wiring = app.extensions["resource_api"]
    wiring.database.close()


def make_directory(url: str) -> None:
    """Make a database with the small directory in it."""
    database = Database(url)
    make_tables(database)
    attach_index(database)
    with database.write() as session:
        write_small_directory(session)
        session.commit()
    database.close()
