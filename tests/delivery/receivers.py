"""Receivers of webhooks as they are met with: real servers on this machine, good, bad and hostile ones."""

import socket
import struct
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import orjson


@dataclass(frozen=True)
class Received:
    """One request as it came in."""

    path: str
    headers: dict[str, str]
    body: bytes
    at: float

    @property
    def id(self) -> str:
        return self.headers["webhook-id"]

    @property
    def json(self) -> Any:
        return orjson.loads(self.body)

    @property
    def key(self) -> tuple[str, int]:
        data = self.json["data"]
        return data["referral_id"], data["seq"]


# What a receiver does with a request, given how many came to its path before.
Behave = Callable[[BaseHTTPRequestHandler, Received, int], None]


def answer(status: int, **headers: str) -> Behave:
    """Answer at once."""

    def behave(handler: BaseHTTPRequestHandler, _received: Received, _before: int) -> None:
        handler.send_response(status)
        for name, value in headers.items():
            handler.send_header(name.replace("_", "-"), value)
        handler.send_header("Content-Length", "0")
        handler.end_headers()

    return behave


def first(times: int, behave: Behave, then: Behave) -> Behave:
    """Behave one way so many times, and then another."""

    def either(handler: BaseHTTPRequestHandler, received: Received, before: int) -> None:
        (behave if before < times else then)(handler, received, before)

    return either


def hang(seconds: float) -> Behave:
    """Take the request, and say nothing."""

    def behave(_handler: BaseHTTPRequestHandler, _received: Received, _before: int) -> None:
        time.sleep(seconds)

    return behave


def drip(handler: BaseHTTPRequestHandler, _received: Received, _before: int) -> None:
    """Answer one byte a second, for ever."""
    try:
        for byte in b"HTTP/1.1 200 OK\r\nX-Slow: " + b"a" * 600:
            handler.wfile.write(bytes([byte]))
            handler.wfile.flush()
            time.sleep(1)
    except OSError:
        pass


def reset(handler: BaseHTTPRequestHandler, _received: Received, _before: int) -> None:
    """Break the connection off in the middle of the answer."""
    handler.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\nhalf")
    handler.wfile.flush()
    handler.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    handler.connection.close()


def flood(handler: BaseHTTPRequestHandler, _received: Received, _before: int) -> None:
    """Answer with ten gigabytes."""
    handler.wfile.write(b"HTTP/1.1 500 Oh\r\nContent-Length: 10000000000\r\n\r\n")
    try:
        while True:
            handler.wfile.write(b"a" * 65_536)
    except OSError:
        pass


class Receivers:
    """One server for many receivers, each at a path of its own; it keeps what came in."""

    def __init__(self) -> None:
        self.behaviours: dict[str, Behave] = {}
        self.received: list[Received] = []
        self.lock = threading.Lock()
        self.connections = 0
        outer = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                if len(body) < int(self.headers["Content-Length"]):  # whoever sent it was killed
                    return
                headers = {name.lower(): value for name, value in self.headers.items()}
                received = Received(self.path, headers, body, time.monotonic())
                with outer.lock:
                    before = sum(one.path == self.path for one in outer.received)
                    outer.received.append(received)
                self.close_connection = True
                outer.behaviours.get(self.path, answer(204))(self, received, before)

            def log_message(self, format: str, *args: Any) -> None:
                pass

        class Server(ThreadingHTTPServer):
            daemon_threads = True
            block_on_close = False
            request_queue_size = 256

            def handle_error(self, request: Any, client_address: Any) -> None:
                pass

        self.server = Server(("127.0.0.1", 0), Handler)
        self.port = self.server.server_address[1]

    def url(self, path: str) -> str:
        return f"http://127.0.0.1:{self.port}{path}"

    def at(self, path: str) -> list[Received]:
        with self.lock:
            return [one for one in self.received if one.path == path]


@contextmanager
def receiving() -> Iterator[Receivers]:
    receivers = Receivers()
    thread = threading.Thread(target=receivers.server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield receivers
    finally:
        receivers.server.shutdown()
        receivers.server.server_close()
        thread.join()


@dataclass
class Clock:
    """A clock that can be put forward."""

    ahead: Any = field(default=None)

    def __call__(self) -> Any:
        from datetime import UTC, datetime, timedelta

        return datetime.now(UTC) + (self.ahead or timedelta(0))

    def forward(self, **span: float) -> None:
        from datetime import timedelta

        self.ahead = (self.ahead or timedelta(0)) + timedelta(**span)
