"""The whole thing as it runs: a server, a worker, a mail server and receivers, and only HTTP between them."""

import http.client
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import orjson

from benchmarks.serving import free_port
from resource_api.access.client import NewClient, add_client
from resource_api.database import Database
from resource_api.privacy.keyring import load_keyring
from tests.databases import copy_database, drop_database, url_of
from tests.delivery.letterbox import Letterbox, receiving_mail
from tests.delivery.receivers import Receivers, receiving
from tests.referrals.world import DATA_KEYS, MEMBERS, SECRET, settings_of

ROOT = Path(__file__).parents[2]
COMMAND = ("-m", "resource_api.cli")
PATIENCE_S = 30.0


@dataclass(frozen=True)
class Answer:
    status: int
    headers: dict[str, str]
    json: Any


@dataclass
class Town:
    """Everything that runs, how it is asked, and how it is killed.

    `command` is what Python runs as the server and the worker; its output goes to the file `log`.
    """

    path: Path
    receivers: Receivers
    letterbox: Letterbox
    smtp_url: str
    command: tuple[str, ...] = COMMAND
    more: dict[str, str] = field(default_factory=dict)
    port: int = field(default_factory=free_port)
    server: "subprocess.Popen[bytes] | None" = None
    worker: "subprocess.Popen[bytes] | None" = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def log(self) -> Path:
        return self.path.with_name("log")

    @property
    def environment(self) -> dict[str, str]:
        given = {name: value for name, value in os.environ.items() if not name.startswith(("PROMETHEUS", "COV_"))}
        return given | {
            "DATABASE_URL": url_of(self.path),
            "INSTANCE_PATH": str(self.path.parent),
            "TMPDIR": str(self.path.parent),
            "SECRET_KEY": SECRET,
            "DATA_KEYS": DATA_KEYS,
            "EGRESS_ALLOW": f"127.0.0.1:{self.receivers.port}",
            "SMTP_URL": self.smtp_url,
            "PUBLIC_URL": self.url,
            "PYTHONPATH": str(ROOT),
            **self.more,
        }

    def start(self) -> float:
        """Start the server and the worker; get the seconds until the server was ready."""
        started = time.monotonic()
        self.server = self.run("serve", "--no-worker", "--port", str(self.port), "--workers", "2")
        self.worker = self.run("worker")
        wait_for(self.is_ready)
        return time.monotonic() - started

    def run(self, *arguments: str) -> "subprocess.Popen[bytes]":
        """Run one of our commands as a group of processes of its own."""
        with self.log.open("ab") as log:
            return subprocess.Popen(
                [sys.executable, *self.command, *arguments],
                cwd=ROOT, env=self.environment, stdout=log, stderr=log, start_new_session=True,
            )  # fmt: skip

    def stop(self) -> None:
        """Let the server and the worker end as they should."""
        running = [process for process in (self.server, self.worker) if process is not None]
        for process in running:
            process.terminate()
        for process in running:
            process.wait(PATIENCE_S)

    def kill_all(self) -> None:
        """Kill every process of the server and the worker at once."""
        for process in (self.server, self.worker):
            if process is not None:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()

    def server_workers(self) -> list[int]:
        """List the processes that answer: the children of the server's first one."""
        assert self.server is not None
        try:
            children = Path(f"/proc/{self.server.pid}/task/{self.server.pid}/children").read_text("utf-8")
        except FileNotFoundError:
            return []
        return [int(pid) for pid in children.split()]

    def is_ready(self) -> bool:
        try:
            return self.ask("GET", "/readyz").status == 200
        except (OSError, http.client.HTTPException):
            return False

    def ask(self, method: str, path: str, body: Any = None, *, port: int | None = None, **headers: str) -> Answer:
        """Ask on a connection of its own."""
        connection = http.client.HTTPConnection("127.0.0.1", port or self.port, timeout=30)
        try:
            return ask_on(connection, method, path, body, **headers)
        finally:
            connection.close()

    def client(self, name: str, **more: Any) -> "Client":
        """Enrol a client, as an operator would."""
        organization, _, role = MEMBERS[name]
        new = NewClient(name, more.get("role", role), organization)
        database = Database(url_of(self.path))
        with database.write() as session:
            client, secret = add_client(session, load_keyring(settings_of(self.path)), new, now=datetime.now(UTC))
            session.commit()
        database.close()
        return Client(self, client.id, secret or "")

    def verify(self) -> tuple[int, str]:
        """Run `resource-api verify`: when the worker has sealed what the world brought along from another month."""
        until = time.monotonic() + 15
        while True:
            done = subprocess.run(
                [sys.executable, *COMMAND, "verify"],
                cwd=ROOT, env=self.environment, capture_output=True, text=True, check=False, timeout=120,
            )  # fmt: skip
            if "are unsealed" not in done.stdout or time.monotonic() > until:
                return done.returncode, done.stdout + done.stderr

    def heard(self, path: str, id: str) -> list[str]:
        """List what a receiver heard of a referral, each event once and in the order of its first coming."""
        about = [one.json for one in self.receivers.at(path) if one.json["data"].get("referral_id") == id]
        told = {body["data"]["seq"]: body["type"].removeprefix("referral.") for body in about}
        return list(told.values())


def ask_on(connection: http.client.HTTPConnection, method: str, path: str, body: Any = None, **headers: str) -> Answer:
    """Ask on a connection that is kept."""
    data = None if body is None else orjson.dumps(body)
    given = {"Content-Type": "application/json"} | {name.replace("_", "-"): text for name, text in headers.items()}
    connection.request(method, path, data, given)
    response = connection.getresponse()
    read = response.read()
    is_json = "json" in response.headers.get("Content-Type", "")
    return Answer(response.status, dict(response.headers), orjson.loads(read) if is_json else read.decode())


@dataclass
class Client:
    """A client and its credentials; it gets a token as it needs one."""

    town: Town
    id: str
    secret: str
    token: str = ""
    until: float = 0.0

    def bearer(self) -> dict[str, str]:
        """Show a token that will last a while."""
        if time.monotonic() > self.until:
            form = {"grant_type": "client_credentials", "client_id": self.id, "client_secret": self.secret}
            connection = http.client.HTTPConnection("127.0.0.1", self.town.port, timeout=30)
            connection.request(
                "POST", "/oauth/token", urlencode(form), {"Content-Type": "application/x-www-form-urlencoded"}
            )
            response = connection.getresponse()
            said = response.read()
            connection.close()
            if response.status != 200:
                raise ConnectionError(said)
            answer = orjson.loads(said)
            self.token, self.until = answer["access_token"], time.monotonic() + answer["expires_in"] / 2
        return {"Authorization": f"Bearer {self.token}"}

    def ask(self, method: str, path: str, body: Any = None, *, version: int | None = None, **headers: str) -> Answer:
        if version is not None:
            headers["If_Match"] = f'"{version}"'
        return self.town.ask(method, path, body, **self.bearer(), **headers)

    def get(self, path: str) -> Any:
        answer = self.ask("GET", path)
        assert answer.status == 200, answer
        return answer.json

    def post(self, path: str, body: Any, *, version: int | None = None, **headers: str) -> Any:
        answer = self.ask("POST", path, body, version=version, **headers)
        assert answer.status in (200, 201, 202), answer
        return answer.json


@contextmanager
def living(
    world: Path, folder: Path, *, command: tuple[str, ...] = COMMAND, drop: bool = True, **more: str
) -> Iterator[Town]:
    """Let a town live in a folder, with the people of a world that was made."""
    path = copy_database(world, folder / "town")
    with receiving() as receivers, receiving_mail() as (letterbox, smtp_url):
        town = Town(path, receivers, letterbox, smtp_url, command, more)
        try:
            town.start()
            yield town
        finally:
            town.stop()
            if drop:
                drop_database(path)


def wait_for(what: Callable[[], Any], seconds: float = PATIENCE_S) -> Any:
    """Wait until something is so; get it."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        if found := what():
            return found
        time.sleep(0.02)
    raise TimeoutError("it did not come about")
