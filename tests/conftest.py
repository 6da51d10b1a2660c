"""What every test may use: the real data, where it is, and a directory loaded from it."""

import fcntl
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.search.elasticsearch_server import GIVEN, STARTED, find_server, new_folder, stop_started

# The server is for the tests that ask for it. Every other application under test answers from its database, whatever
# the tests were run with; child processes and the workers of xdist see these names too.
if os.environ.get("ELASTICSEARCH_URL"):
    os.environ[GIVEN] = os.environ.pop("ELASTICSEARCH_URL")

ROOT = Path(__file__).parents[1]
DATA = Path(os.environ.get("RESOURCE_DATA", ROOT / ".." / "shared" / "data")).resolve()


@pytest.fixture(scope="session")
def data() -> Path:
    """The folder with real data and official schemas; where it is absent, the test is skipped and says so."""
    if not DATA.is_dir():
        if os.environ.get("RESOURCE_DATA_REQUIRED"):
            pytest.fail(f"the test data is required, and not at {DATA}")
        pytest.skip(f"no test data at {DATA} (RESOURCE_DATA names another place)")
    return DATA


@pytest.fixture(scope="session")
def baltimore_database(data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database with one city's real directory, loaded once for all test processes; nobody writes to it."""
    shared = (
        tmp_path_factory.getbasetemp().parent if "PYTEST_XDIST_WORKER" in os.environ else tmp_path_factory.getbasetemp()
    )
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
    """Name the folder of the server that may be started, once for all test processes."""
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
