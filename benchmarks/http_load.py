"""HOW MANY REQUESTS A SECOND, and how long each: `wrk` where it is installed, otherwise a small client of ours.

wrk is written in C and leaves the processors to the server. Our client costs about a tenth of a millisecond a
request, which flatters the slower of two servers; which of them was used is said beside the figures.
"""

import selectors
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import orjson

from benchmarks.figure import percentile

CONNECTIONS = 8
_WRK_SCRIPT = Path(__file__).with_name("wrk.lua")


@dataclass(frozen=True, slots=True)
class Round:
    """One round of load: requests a second, and percentiles of their times in milliseconds."""

    per_second: float
    p50: float
    p95: float
    p99: float
    failed: int


def load_client() -> str:
    """Name the client that is used."""
    return "wrk" if shutil.which("wrk") else "our client"


def run_round(port: int, paths: Sequence[str], *, seconds: float, connections: int = CONNECTIONS) -> Round:
    """Ask for these paths, over and over, for some seconds, in a process of its own."""
    with tempfile.NamedTemporaryFile("w", suffix=".paths") as file:
        file.write("\n".join(paths) + "\n")
        file.flush()
        if shutil.which("wrk"):
            command = ["wrk", "-t1", f"-c{connections}", f"-d{seconds:g}s", "--timeout", "30s", "-s",
                       str(_WRK_SCRIPT), f"http://127.0.0.1:{port}", "--", file.name]  # fmt: skip
        else:
            command = [sys.executable, "-m", "benchmarks.http_load", str(port), f"{seconds:g}", str(connections),
                       file.name]  # fmt: skip
        done = subprocess.run(
            command, capture_output=True, timeout=seconds + 60, check=True, cwd=Path(__file__).parent.parent
        )
    found = orjson.loads(done.stdout.splitlines()[-1])
    return Round(found["requests"] / found["seconds"], found["p50"], found["p95"], found["p99"], found["failed"])


def _ask(port: int, seconds: float, connections: int, paths: list[str]) -> dict[str, float]:
    """Keep `connections` requests going, each on a connection that stays open."""
    requests = [f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n\r\n".encode() for path in paths]
    selector = selectors.DefaultSelector()
    sent: dict[socket.socket, float] = {}
    buffers: dict[socket.socket, bytearray] = {}
    times: list[float] = []
    failed = number = 0
    for _ in range(connections):
        connection = socket.create_connection(("127.0.0.1", port), timeout=30)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        selector.register(connection, selectors.EVENT_READ)
        buffers[connection] = bytearray()
        sent[connection] = time.perf_counter()
        connection.sendall(requests[number % len(requests)])
        number += 1
    started = time.perf_counter()
    while time.perf_counter() - started < seconds:
        for key, _ in selector.select(timeout=1):
            connection = key.fileobj  # type: ignore[assignment]
            buffer = buffers[connection]
            buffer += connection.recv(1 << 18)
            length = _answer_length(buffer)
            if length is None or len(buffer) < length:
                continue
            times.append((time.perf_counter() - sent[connection]) * 1000)
            failed += not buffer.startswith(b"HTTP/1.1 200")
            buffer.clear()
            sent[connection] = time.perf_counter()
            connection.sendall(requests[number % len(requests)])
            number += 1
    took = time.perf_counter() - started
    shares = {name: percentile(times, share) for name, share in (("p50", 0.5), ("p95", 0.95), ("p99", 0.99))}
    return {"requests": len(times), "seconds": took, "failed": failed, **shares}


def _answer_length(buffer: bytearray) -> int | None:
    end = buffer.find(b"\r\n\r\n")
    if end < 0:
        return None
    head = bytes(buffer[:end]).lower()
    if b"transfer-encoding: chunked" in head:
        return len(buffer) if buffer.endswith(b"\r\n0\r\n\r\n") else None
    at = head.find(b"content-length:")
    return end + 4 + (int(head[at + 15 :].split(b"\r\n", 1)[0]) if at >= 0 else 0)


if __name__ == "__main__":
    _port, _seconds, _connections, _file = sys.argv[1:]
    _found = _ask(int(_port), float(_seconds), int(_connections), Path(_file).read_text().split())
    sys.stdout.write(orjson.dumps(_found).decode() + "\n")
