import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from resource_api.database import Database
from tests.databases import SQLITE, Kind, drop_database, url_of
from tests.directory.load.loading import open_database


@pytest.fixture(scope="session")
def migrated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An empty database with every table, to be copied: migrating takes longer than most loads here."""
    folder = tmp_path_factory.mktemp("migrated")
    open_database(folder).close()
    assert not (folder / "directory.db-wal").exists()
    return folder / "directory.db"


@pytest.fixture
def database(database_kind: Kind, migrated: Path, tmp_path: Path) -> Iterator[Database]:
    path = tmp_path / "directory.db"
    if database_kind is SQLITE:
        shutil.copy(migrated, path)
    else:
        path = database_kind.new(path)
    made = Database(url_of(path))
    yield made
    made.close()
    drop_database(path)
