"""A town of its own for each test."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.referrals.conftest import made_world  # noqa: F401 - the world that each town is made of
from tests.town.town import Town, living


@pytest.fixture
def town(made_world: Path, tmp_path: Path) -> Iterator[Town]:  # noqa: F811
    with living(made_world, tmp_path) as town:
        yield town
