"""HOW MANY POSTS A SECOND, and how long each: every request another body, on connections that stay open.

A client of ours, in a process of its own; it reads requests that are ready, and writes down what was acknowledged.
"""

import selectors
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

CLIENTS = 32


@dataclass(frozen=True, slots=True)
class PostRound:
    """One round: acknowledged requests a second, percentiles of their times in ms, and the ids acknowledged."""

    per_second: float
    p50: float
    p95: float
    p99: float
    failed: int
    acknowledged: tuple[str, ...]


def post_round(port: int, requests: Sequence[bytes], *, seconds: float, clients: int = CLIENTS) -> PostRound:
    """Send requests, each once, for some seconds or until none is left."""
    with tempfile.NamedTemporaryFile("wb", suffix=".requests") as file:
        file.write(b"".join(len(each).to_bytes(4, "big") + each for each in requests))
        file.flush()
        command = [sys.executable, "-m", "benchmarks.post_load", str(port), f"{seconds:g}", str(clients), file.name]
        done = subprocess.run(
            command, capture_output=True, timeout=seconds + 60, check=True, cwd=Path(__file__).parent.parent
        )
    found = orjson.loads(done.stdout)
    return PostRound(
        found["answered"] / found["seconds"],
        *(found[name] for name in ("p50", "p95", "p99", "failed")),
        tuple(found["ids"]),
    )


def write_request(path: str, body: bytes, headers: dict[str, str]) -> bytes:
    """Write one POST as it goes over the wire."""
    more = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    head = f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n{more}"
    return f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body


def _post(port: int, seconds: float, clients: int, requests: list[bytes]) -> dict[str, object]:
    selector = selectors.DefaultSelector()
    sent: dict[socket.socket, float] = {}
    buffers: dict[socket.socket, bytearray] = {}
    times: list[float] = []
    ids: list[str] = []
    waiting = iter(requests)
    failed = 0
    started = time.perf_counter()
    for request in (next(waiting) for _ in range(clients)):
        connection = socket.create_connection(("127.0.0.1", port), timeout=30)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        selector.register(connection, selectors.EVENT_READ)
        buffers[connection], sent[connection] = bytearray(), time.perf_counter()
        connection.sendall(request)
    ends = started + seconds
    while sent and time.perf_counter() - started < seconds + 30:
        for key, _ in selector.select(timeout=1):
            connection = key.fileobj  # type: ignore[assignment]
            buffer = buffers[connection]
            arrived = connection.recv(1 << 16)
            buffer += arrived
            whole = _answer_end(buffer)
            if arrived and (whole is None or len(buffer) < whole[1]):
                continue
            times.append((time.perf_counter() - sent.pop(connection)) * 1000)
            if buffer.startswith(b"HTTP/1.1 201") and whole is not None:
                ids.append(orjson.loads(bytes(buffer[whole[0] : whole[1]]))["id"])
            else:
                failed += 1
            buffer.clear()
            request = next(waiting, b"") if time.perf_counter() < ends and arrived else b""
            if request:
                sent[connection] = time.perf_counter()
                connection.sendall(request)
            else:
                selector.unregister(connection)
                connection.close()
    took = time.perf_counter() - started
    shares = {name: percentile(times, share) for name, share in (("p50", 0.5), ("p95", 0.95), ("p99", 0.99))}
    return {"answered": len(ids), "seconds": took, "failed": failed + len(sent), "ids": ids, **shares}


def _answer_end(buffer: bytearray) -> tuple[int, int] | None:
    end = buffer.find(b"\r\n\r\n")
    if end < 0:
        return None
    head = bytes(buffer[:end]).lower()
    at = head.find(b"content-length:")
    return end + 4, end + 4 + (int(head[at + 15 :].split(b"\r\n", 1)[0]) if at >= 0 else 0)


def _read_requests(path: Path) -> list[bytes]:
    data, at, found = path.read_bytes(), 0, []
    while at < len(data):
        length = int.from_bytes(data[at : at + 4], "big")
        found.append(data[at + 4 : at + 4 + length])
        at += 4 + length
    return found


if __name__ == "__main__":
    _port, _seconds, _clients, _file = sys.argv[1:]
    _found = _post(int(_port), float(_seconds), int(_clients), _read_requests(Path(_file)))
    sys.stdout.write(orjson.dumps(_found).decode() + "\n")
