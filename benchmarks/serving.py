"""HOW A SERVER IS STARTED, WAITED FOR AND ENDED, each on a free port of this machine."""

import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO

ROOT = Path(__file__).parent.parent
PATIENCE_S = 60.0
WORKERS, THREADS = 2, 4


def free_port() -> int:
    """Find a port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def our_command(port: int, *, workers: int = WORKERS) -> list[str]:
    """Write the command that serves this project as its README says: gunicorn.conf.py and wsgi.py."""
    return [sys.executable, "-m", "gunicorn", "--workers", str(workers), "--bind", f"127.0.0.1:{port}", "wsgi:app"]


def bare_command(port: int, *, workers: int = WORKERS) -> list[str]:
    """Write the command that serves the bare Flask application, with the same settings and no hooks."""
    return [
        sys.executable, "-m", "gunicorn", "--config", "/dev/null", "--worker-class", "gthread",
        "--workers", str(workers), "--threads", str(THREADS), "--keep-alive", "5", "--no-control-socket",
        "--log-level", "warning", "--bind", f"127.0.0.1:{port}", "benchmarks.bare_app:app",
    ]  # fmt: skip


@contextmanager
def serving(command: Sequence[str], port: int, path: str, env: Mapping[str, str] | None = None) -> Iterator[float]:
    """Run a server until the block is left; yields the seconds from its start to its first 200 of `path`."""
    environ = environment(env or {})
    started = time.perf_counter()
    with tempfile.TemporaryFile() as errors:  # a pipe that nobody reads would stop a server that has much to say
        process = subprocess.Popen(
            command, cwd=ROOT, env=environ, stdout=subprocess.DEVNULL, stderr=errors, start_new_session=True
        )
        try:
            yield _await_answer(process, errors, port, path, started)
        finally:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGTERM)
            try:
                process.wait(timeout=20)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait(timeout=20)


def environment(more: Mapping[str, str]) -> dict[str, str]:
    """Get the environment that a measured process runs in: compiled modules are kept, as they are in earnest."""
    inherited = {
        k: v for k, v in os.environ.items() if k not in ("PYTHONDONTWRITEBYTECODE", "PROMETHEUS_MULTIPROC_DIR")
    }
    return {**inherited, "PYTHONPATH": str(ROOT), "LOG_LEVEL": "WARNING", **more}


def get(port: int, path: str, timeout: float = PATIENCE_S) -> tuple[int, bytes]:
    """Ask for one path; get the status and the body."""
    request = f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n".encode()
    with socket.create_connection(("127.0.0.1", port), timeout=timeout) as connection:
        connection.sendall(request)
        answer = b"".join(iter(lambda: connection.recv(1 << 16), b""))
    head, _, body = answer.partition(b"\r\n\r\n")
    status = int(head.split(None, 2)[1]) if head else 0
    if b"transfer-encoding: chunked" in head.lower():
        body = _unchunked(body)
    return status, body


def _await_answer(process: "subprocess.Popen[bytes]", errors: IO[bytes], port: int, path: str, started: float) -> float:
    while time.perf_counter() - started < PATIENCE_S:
        if process.poll() is not None:
            errors.seek(0)
            raise RuntimeError(f"the server ended at once: {errors.read(2000).decode(errors='replace')}")
        try:
            status, body = get(port, path)
        except OSError:
            status, body = 0, b""
        if status == 200:
            return time.perf_counter() - started
        if status:
            raise RuntimeError(f"{path} was answered {status}: {body[:300]!r}")
        time.sleep(0.002)
    raise TimeoutError(f"no 200 from {path} within {PATIENCE_S:g} s")


def _unchunked(body: bytes) -> bytes:
    parts = []
    while body:
        size, _, body = body.partition(b"\r\n")
        length = int(size, 16)
        if not length:
            break
        parts.append(body[:length])
        body = body[length + 2 :]
    return b"".join(parts)
