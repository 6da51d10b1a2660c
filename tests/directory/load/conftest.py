from collections.abc import Iterator
from pathlib import Path

import pytest

from resource_api.database import Database
from tests.directory.load.loading import open_database


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    made = open_database(tmp_path)
    yield made
    made.close()
