"""A world of its own for each test, copied from one that was made once."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.databases import Kind, copy_database, drop_database
from tests.referrals.world import Asking, World, make_world


@pytest.fixture(scope="session")
def made_world(database_kind: Kind, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = database_kind.new(tmp_path_factory.mktemp("referrals") / "world")
    make_world(path)
    return path


@pytest.fixture
def world(made_world: Path, tmp_path: Path) -> Iterator[World]:
    made = World(copy_database(made_world, tmp_path / "world"))
    yield made
    made.close()
    drop_database(made.path)


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
