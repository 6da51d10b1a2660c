"""The application as it runs: gunicorn with two workers, over a database that clients can be enrolled in."""

import http.client
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlencode

from flask import Flask

from tests.access.conftest import make_app
from tests.access.enrol import wiring_of

ROOT = Path(__file__).parents[2]
SERVE = [sys.executable, "-m", "resource_api.cli", "serve", "--workers", "2", "--threads", "4"]


@contextmanager
def served(folder: Path, **environment: str) -> Iterator[tuple[int, Flask]]:
    """Serve an application; get its port, and the same application in this process."""
    app = make_app(folder)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    env = {name: value for name, value in os.environ.items() if not name.startswith("PROMETHEUS")}
    env |= {
        "DATABASE_URL": str(wiring_of(app).database.url),
        "INSTANCE_PATH": str(folder),
        "PUBLIC_URL": "https://help.example.org",
        "PROXY_HOPS": "1",
        "LOG_LEVEL": "ERROR",
        **environment,
    }
    with subprocess.Popen([*SERVE, "--port", str(port)], cwd=ROOT, env=env, stdout=subprocess.DEVNULL) as process:
        try:
            _wait(port)
            yield port, app
        finally:
            process.terminate()
            process.wait(30)
            wiring_of(app).database.close()


def post_form(port: int, form: dict[str, str], address: str) -> int:
    """Ask for a token as if from an address, on a connection of its own; get the status."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    headers = {"Content-Type": "application/x-www-form-urlencoded", "X-Forwarded-For": address}
    try:
        connection.request("POST", "/oauth/token", urlencode({"grant_type": "client_credentials"} | form), headers)
        return connection.getresponse().status
    finally:
        connection.close()


def get_status(port: int, path: str) -> int:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    try:
        connection.request("GET", path)
        return connection.getresponse().status
    finally:
        connection.close()


def _wait(port: int) -> None:
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        try:
            if get_status(port, "/livez") == 200:
                return
        except OSError:
            time.sleep(0.05)
    raise AssertionError("the server did not answer within 20 s")
