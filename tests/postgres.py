"""A real PostgreSQL to test on: TEST_DATABASE_URL's, or one that is started from the binaries on this machine.

It is as durable as it is shipped, in a folder of its own, and listens on this machine alone. Each database is a copy of
a template, which takes a tenth of the time that making its tables does.
"""

import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

import psycopg
import pytest
from sqlalchemy import make_url

from benchmarks.serving import free_port

SERVERS_USER = "postgres"
MEMORY = Path("/dev/shm")


def prefix() -> str:
    """Begin the name of every database that this run of the tests makes."""
    return os.environ.setdefault("RESOURCE_TEST_RUN", f"resource_test_{uuid4().hex[:8]}")


@dataclass(frozen=True)
class Postgres:
    """A server on which databases may be made; `url` is that of one that is there already."""

    url: str

    def at(self, name: str, *, port: int | None = None) -> str:
        """Get the URL of one of its databases, behind another port perhaps."""
        made = make_url(self.url).set(database=name)
        return (made.set(port=port) if port else made).render_as_string(hide_password=False)

    @property
    def port(self) -> int:
        return make_url(self.url).port or 5432

    def run(self, sql: str) -> None:
        """Run a statement that stands in no transaction."""
        with psycopg.connect(self.url, autocommit=True) as connection:
            connection.execute(sql)  # type: ignore[call-overload]

    def make(self, template: str = "template1") -> str:
        """Make a database, a copy of another; get its name."""
        name = f"{prefix()}_{uuid4().hex[:12]}"
        self.run(f"CREATE DATABASE {name} TEMPLATE {template}")
        return name

    def drop(self, name: str) -> None:
        """Drop a database, whoever is connected to it."""
        self.run(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")

    @contextmanager
    def database(self, template: str = "template1") -> Iterator[str]:
        """Have a database for a while; get its URL."""
        name = self.make(template)
        try:
            yield self.at(name)
        finally:
            self.drop(name)

    def drop_all(self) -> None:
        """Drop every database that this run has made."""
        with psycopg.connect(self.url, autocommit=True) as connection:
            names = connection.execute(
                "SELECT datname FROM pg_database WHERE starts_with(datname, %s)", (f"{prefix()}_",)
            ).fetchall()
        for (name,) in names:
            self.drop(name)

    def terminate(self, name: str) -> int:
        """End every connection to a database, as an operator does; get how many there were."""
        with psycopg.connect(self.url, autocommit=True) as connection:
            ended = connection.execute(
                "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE datname = %s", (name,)
            ).fetchone()
        return ended[0] if ended else 0


class Cluster:
    """A server of our own, in a folder of its own."""

    def __init__(self, folder: Path, port: int | None = None) -> None:
        self.folder, self.port = folder, port or free_port()

    @property
    def server(self) -> Postgres:
        return Postgres(f"postgresql://postgres@127.0.0.1:{self.port}/postgres")

    @property
    def pid(self) -> int:
        return int((self.folder / "data" / "postmaster.pid").read_text("utf-8").splitlines()[0])

    def make(self) -> None:
        """Make the folder of a new server."""
        _own(self.folder)
        self._as_owner("initdb", "-D", "data", "-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8")

    def start(self, *settings: str) -> None:
        """Start it, and wait until it answers."""
        told = [
            "listen_addresses=127.0.0.1",
            f"unix_socket_directories={self.folder}",
            "max_connections=300",
            *settings,
        ]
        options = " ".join([f"-p {self.port}", *(f"-c {setting}" for setting in told)])
        self._as_owner("pg_ctl", "-D", "data", "-l", "log", "-w", "-t", "60", "-o", options, "start")

    def stop(self, mode: str = "fast") -> None:
        self._as_owner("pg_ctl", "-D", "data", "-m", mode, "-w", "stop")

    def promote(self) -> None:
        self._as_owner("pg_ctl", "-D", "data", "-w", "promote")

    def copy_to(self, folder: Path) -> "Cluster":
        """Make a standby that follows this server."""
        _own(folder)
        copy = Cluster(folder)
        copy._as_owner(
            "pg_basebackup", "-h", "127.0.0.1", "-p", str(self.port), "-U", "postgres", "-D", "data", "-R", "-c", "fast"
        )
        return copy

    def kill(self) -> None:
        """Kill its first process, and wait until the others have seen that and ended."""
        lock = self.folder / "data" / "postmaster.pid"
        family = _children(self.pid)
        os.kill(self.pid, signal.SIGKILL)
        until = time.monotonic() + 20
        while any(_runs(pid) for pid in family) and time.monotonic() < until:
            time.sleep(0.02)
        # Where nobody buries the dead, as in a container, its locks would be taken for those of a living one.
        for left in (lock, self.folder / f".s.PGSQL.{self.port}.lock"):
            left.unlink(missing_ok=True)

    def remove(self) -> None:
        shutil.rmtree(self.folder, ignore_errors=True)

    def _as_owner(self, program: str, *arguments: str) -> None:
        command = [str((_find_binaries() or Path()) / program), *arguments]
        if os.geteuid() == 0:
            command = ["setpriv", f"--reuid={SERVERS_USER}", f"--regid={SERVERS_USER}", "--clear-groups", *command]
        done = subprocess.run(command, cwd=self.folder, capture_output=True, text=True, timeout=120, check=False)
        assert done.returncode == 0, done.stdout + done.stderr


def make_cluster(*, on_disk: bool = False) -> Cluster:
    """Make a server that is not started yet; skips the test where this machine has no PostgreSQL."""
    if _find_binaries() is None:
        pytest.skip("no PostgreSQL here: TEST_DATABASE_URL names a server, or /usr/lib/postgresql has one to start")
    cluster = Cluster(new_folder(on_disk=on_disk))
    cluster.make()
    return cluster


def new_folder(*, on_disk: bool = False) -> Path:
    """Make a folder that the server's user may enter, as pytest's own is not; in memory, where that will do."""
    memory = None if on_disk or not MEMORY.is_dir() else MEMORY
    return Path(tempfile.mkdtemp(prefix="resource-api-postgres-", dir=memory))


def _find_binaries() -> Path | None:
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/pg_ctl"), key=lambda path: int(path.parts[-3]))
    on_path = shutil.which("pg_ctl")
    return found[-1].parent if found else Path(on_path).parent if on_path else None


def _own(folder: Path) -> None:
    if os.geteuid() == 0:
        shutil.chown(folder, SERVERS_USER, SERVERS_USER)
    folder.chmod(0o700)


def _children(pid: int) -> list[int]:
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text("utf-8").split()]


def _runs(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text("utf-8").rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False
