"""A real Elasticsearch for the tests: the one that ELASTICSEARCH_URL names, else one that is started from its home.

Every user takes an index name of its own, so that tests never meet. Where there is no server, tests are skipped.
"""

import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from fcntl import LOCK_EX, flock
from pathlib import Path
from uuid import uuid4

import pytest

from benchmarks.serving import free_port
from resource_api.database import Database
from resource_api.errors import IndexAway
from resource_api.indexer import Indexer
from resource_api.search.elasticsearch_index import Access, Cluster

# What tests run with is not what the application under test is set up with: see tests/conftest.py.
GIVEN = "TESTS_ELASTICSEARCH_URL"
STARTED = "TESTS_ELASTICSEARCH_FOLDER"
HOMES = ("/usr/share/elasticsearch", "/opt/elasticsearch", "/opt/elasticsearch/home")
START_S, STOP_S = 120.0, 20.0


def find_server() -> str:
    """Find the URL of a server, starting one where need be; skips the test where there is none."""
    given = os.environ.get(GIVEN)
    if given:
        return given
    home = _find_home()
    if home is None:
        if os.environ.get("RESOURCE_DATA_REQUIRED"):
            pytest.fail("a search server is required, and there is none")
        pytest.skip("no Elasticsearch: set ELASTICSEARCH_URL, or ELASTICSEARCH_HOME to where one can be started from")
    folder = Path(os.environ[STARTED])
    with (folder / "lock").open("w") as lock:
        flock(lock, LOCK_EX)
        told = folder / "url"
        if not told.exists():
            told.write_text(_start(home, folder))
    return told.read_text()


def stop_started(folder: Path) -> None:
    """Stop the server that was started for these tests, if one was."""
    with suppress(OSError, ValueError):
        pid = int((folder / "pid").read_text())
        os.kill(pid, signal.SIGTERM)
        until = time.monotonic() + STOP_S
        while time.monotonic() < until and Path(f"/proc/{pid}").exists():
            time.sleep(0.1)
        os.kill(pid, signal.SIGKILL)
    shutil.rmtree(folder, ignore_errors=True)


def _find_home() -> Path | None:
    places = [os.environ.get("ELASTICSEARCH_HOME", ""), *HOMES, *map(str, Path("/opt").glob("elasticsearch-*"))]
    homes = [Path(place) / inside for place in places if place for inside in ("", "home")]
    return next((home for home in homes if (home / "bin" / "elasticsearch").is_file()), None)


def _find_java() -> str:
    kits = sorted(path.parent.parent for path in Path("/usr/lib/jvm").glob("*/bin/javac"))
    return str(kits[-1]) if kits else ""


def _start(home: Path, folder: Path) -> str:
    port, inner = free_port(), free_port()
    for name in ("config", "data", "logs", "tmp"):
        (folder / name).mkdir(exist_ok=True)
    shutil.copytree(home / "config", folder / "config", dirs_exist_ok=True)
    (folder / "config" / "elasticsearch.yml").write_text(
        f"discovery.type: single-node\nnetwork.host: 127.0.0.1\nhttp.port: {port}\ntransport.port: {inner}\n"
        f"path.data: {folder / 'data'}\npath.logs: {folder / 'logs'}\nxpack.security.enabled: false\n"
        "cluster.routing.allocation.disk.threshold_enabled: false\nnode.store.allow_mmap: false\n"
    )
    env = {name: value for name, value in os.environ.items() if not name.startswith(("JAVA_", "ES_"))}
    env |= {"ES_PATH_CONF": str(folder / "config"), "ES_TMPDIR": str(folder / "tmp"), "ES_JAVA_OPTS": "-Xms1g -Xmx1g"}
    java = os.environ.get("ES_JAVA_HOME") or ("" if (home / "jdk").exists() else _find_java())
    env |= {"ES_JAVA_HOME": java} if java else {}
    user: str | None = None
    if os.geteuid() == 0:  # which it refuses to run as
        user = "elasticsearch"
        shutil.chown(folder, user)
        for path in folder.rglob("*"):
            shutil.chown(path, user)
    command = ["/bin/sh", str(home / "bin" / "elasticsearch"), "-d", "-p", str(folder / "pid")]
    if (shell := shutil.which("bash")) is not None:
        command[0] = shell
    done = subprocess.run(
        command, env=env, cwd=folder, user=user, capture_output=True, text=True, timeout=START_S, check=False
    )
    if done.returncode:
        pytest.skip(f"Elasticsearch at {home} does not start: {done.stdout[-300:]} {done.stderr[-300:]}")
    url = f"http://127.0.0.1:{port}"
    _wait_for(url)
    return url


def _wait_for(url: str) -> None:
    cluster, until = Cluster(Access((url,), "none")), time.monotonic() + START_S
    while True:
        try:
            cluster.call("GET", "/_cluster/health", budget=5, wait_for_status="yellow", timeout="2s")
            cluster.close()
            return
        except IndexAway:
            if time.monotonic() > until:
                raise
            time.sleep(0.3)


def new_folder() -> str:
    """Make the folder in which the one server of a test run is started."""
    folder = tempfile.mkdtemp(prefix="tests-elasticsearch-")
    Path(folder).chmod(0o755)
    return folder


@contextmanager
def own_cluster(url: str) -> Iterator[Cluster]:
    """Open a cluster under a name of one's own; its indexes are dropped afterwards."""
    cluster = Cluster(Access(tuple(url.split(",")), f"test-{uuid4().hex[:12]}"))
    try:
        yield cluster
    finally:
        drop_all(cluster)
        cluster.close()


def drop_all(cluster: Cluster) -> None:
    """Drop every index of a cluster's name."""
    for name in cluster.call("GET", f"/{cluster.name}-*/_alias"):
        cluster.call("DELETE", f"/{name}")


def mirror(database: Database, cluster: Cluster) -> Indexer:
    """Build the mirror of a database."""
    indexer = Indexer(database, cluster)
    indexer.rebuild()
    cluster.call("POST", f"/{cluster.alias}/_refresh")
    return indexer
