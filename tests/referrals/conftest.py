"""A world of its own for each test, copied from one that was made once."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.referrals.world import Asking, World, make_world


@pytest.fixture(scope="session")
def made_world(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("referrals") / "world.db"
    make_world(path)
    return path


@pytest.fixture
def world(made_world: Path, tmp_path: Path) -> Iterator[World]:
    path = tmp_path / "world.db"
    shutil.copy(made_world, path)
    made = World(path)
    yield made
    made.close()


@pytest.fixture
def hospital(world: World) -> Asking:
    return world.asking("hospital")


@pytest.fixture
def clinic(world: World) -> Asking:
    return world.asking("clinic")


@pytest.fixture
def pantry(world: World) -> Asking:
    return world.asking("pantry")


@pytest.fixture
def cradle(world: World) -> Asking:
    return world.asking("cradle")


@pytest.fixture
def quiet(world: World) -> Asking:
    return world.asking("quiet")
