"""What every test may use: the real data, where it is, and a directory loaded from it."""

import fcntl
import os
import shutil
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import settings

from resource_api.database import Database
from tests.databases import SQLITE, Kind, make_tables
from tests.postgres import Cluster, Postgres, make_cluster, prefix
from tests.search.elasticsearch_server import GIVEN, STARTED, find_server, new_folder, stop_started

# The server is for the tests that ask for it. Every other application under test answers from its database, whatever
# the tests were run with; child processes and the workers of xdist see these names too.
if os.environ.get("ELASTICSEARCH_URL"):
    os.environ[GIVEN] = os.environ.pop("ELASTICSEARCH_URL")

# How long an example takes says something about the machine, and nothing about what holds.
settings.register_profile("patient", deadline=None)
settings.load_profile("patient")

ROOT = Path(__file__).parents[1]
DATA = Path(os.environ.get("RESOURCE_DATA", ROOT / ".." / "shared" / "data")).resolve()
POSTGRES_STARTED = "postgres-started"
RAN_AGAINST = pytest.StashKey[str]()


@pytest.fixture(scope="session")
def data() -> Path:
    """The folder with real data and official schemas; where it is absent, the test is skipped and says so."""
    if not DATA.is_dir():
        if os.environ.get("RESOURCE_DATA_REQUIRED"):
            pytest.fail(f"the test data is required, and not at {DATA}")
        pytest.skip(f"no test data at {DATA} (RESOURCE_DATA names another place)")
    return DATA


def shared_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Get the folder that all test processes share."""
    own = tmp_path_factory.getbasetemp()
    return own.parent if "PYTEST_XDIST_WORKER" in os.environ else own


@pytest.fixture(scope="session")
def postgres(tmp_path_factory: pytest.TempPathFactory) -> Postgres:
    """A PostgreSQL server, one for all test processes; it is stopped when the last of them has ended."""
    given = os.environ.get("TEST_DATABASE_URL")
    if given:
        return Postgres(given)
    shared = shared_folder(tmp_path_factory)
    started = shared / POSTGRES_STARTED
    with (shared / "postgres.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not started.exists():
            cluster = make_cluster()
            cluster.start()
            started.write_text(f"{cluster.folder}\n{cluster.port}", "utf-8")
    return read_cluster(started).server


@pytest.fixture(scope="session", params=["sqlite", "postgresql"])
def database_kind(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Kind:
    """A kind of database: whoever asks for it is run on both."""
    if request.param == "sqlite":
        return SQLITE
    server: Postgres = request.getfixturevalue("postgres")
    shared = shared_folder(tmp_path_factory)
    return Kind("postgresql", server, lambda: make_template(server, shared))


def make_template(server: Postgres, shared: Path) -> str:
    """Make every table once for all test processes; get the name of the database that has them."""
    made = shared / "postgres-tables"
    with (shared / "postgres-tables.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not made.exists():
            name = server.make()
            database = Database(server.at(name))
            make_tables(database)
            database.close()
            made.write_text(name, "utf-8")
        return made.read_text("utf-8")


# What is run on both kinds by `make test`; the rest of what could be is among the long forms.
TWICE = {
    "test_database.py",
    "test_migrations.py",
    "test_prepared.py",
    "test_wiring.py",
    "referrals/test_loop.py",
    "referrals/test_feed.py",
    "town/test_hosts.py",
    "town/test_postgres.py",
    "referrals/test_postgres_faults.py",
}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Leave most of what runs on both kinds of database to the long forms, on the second."""
    for item in items:
        called = getattr(item, "callspec", None)
        second = called is not None and called.params.get("database_kind") == "postgresql"
        if second and str(item.path.relative_to(ROOT / "tests")) not in TWICE:
            item.add_marker(pytest.mark.faults)


def name_servers(config: pytest.Config) -> str:
    """Name the servers that tests ran against, one line."""
    started = config._tmp_path_factory.getbasetemp() / POSTGRES_STARTED  # type: ignore[attr-defined]
    searched = Path(os.environ[STARTED]) / "url"
    postgres_is = "TEST_DATABASE_URL's" if os.environ.get("TEST_DATABASE_URL") else "one of our own"
    search_is = os.environ.get(GIVEN) or (searched.read_text("utf-8") if searched.exists() else "none")
    if not os.environ.get("TEST_DATABASE_URL") and not started.exists():
        postgres_is = "none"
    return f"ran against: SQLite {sqlite3.sqlite_version}; PostgreSQL: {postgres_is}; Elasticsearch: {search_is}"


def read_cluster(started: Path) -> Cluster:
    folder, port = started.read_text("utf-8").splitlines()
    return Cluster(Path(folder), int(port))


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Stop the server that tests started, once all of their processes have ended."""
    if hasattr(session.config, "workerinput") or "PYTEST_XDIST_WORKER" in os.environ:
        return
    session.config.stash[RAN_AGAINST] = name_servers(session.config)
    given = os.environ.get("TEST_DATABASE_URL")
    if given:
        Postgres(given).drop_all()
    started = session.config._tmp_path_factory.getbasetemp() / POSTGRES_STARTED  # type: ignore[attr-defined]
    if started.exists():
        cluster = read_cluster(started)
        started.unlink()
        cluster.stop("immediate")
        cluster.remove()


@pytest.fixture(scope="session")
def baltimore_database(data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database with one city's real directory, loaded once for all test processes; nobody writes to it."""
    shared = shared_folder(tmp_path_factory)
    made = shared / "baltimore"
    with (shared / "baltimore.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (made / "directory.db").exists():
            making = shared / "baltimore-making"
            shutil.rmtree(making, ignore_errors=True)
            environment = os.environ | {"INSTANCE_PATH": str(making)}
            command = [sys.executable, "-m", "resource_api.cli"]
            for arguments in (["init", "--no-seed"], ["load", str(data / "baltimore"), "--source", "baltimore"]):
                done = subprocess.run(
                    [*command, *arguments], env=environment, capture_output=True, text=True, timeout=300, check=False
                )
                assert done.returncode in (0, 1), done.stderr
            making.rename(made)
    return made / "directory.db"


@pytest.fixture(scope="session")
def elasticsearch_url() -> str:
    """The URL of a real Elasticsearch; where there is none, the test is skipped and says so."""
    return find_server()


def pytest_configure(config: pytest.Config) -> None:
    """Name what all test processes share, before others are started: databases, and the folder of a server."""
    prefix()
    if not hasattr(config, "workerinput"):
        os.environ[STARTED] = new_folder()


def pytest_unconfigure(config: pytest.Config) -> None:
    """Stop the server that was started, if one was."""
    if not hasattr(config, "workerinput"):
        stop_started(Path(os.environ[STARTED]))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print what tests measured, whichever process ran them."""
    for report in terminalreporter.getreports("passed") + terminalreporter.getreports("failed"):
        for name, value in getattr(report, "user_properties", ()):
            if name == "summary" and report.when == "call":
                terminalreporter.section("measured")
                terminalreporter.write_line(str(value))
    terminalreporter.write_line(terminalreporter.config.stash.get(RAN_AGAINST, ""))
