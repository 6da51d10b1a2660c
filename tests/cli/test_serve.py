import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

import pytest

from benchmarks.serving import free_port

ROOT = Path(__file__).parents[2]
SERVE = [sys.executable, "-c", "from resource_api.cli import main; main()", "serve", "--workers", "2", "--threads", "2"]


@pytest.fixture
def server(tmp_path: Path) -> Iterator[tuple[str, subprocess.Popen[str], Path]]:
    """The address of a running server, its process, and the folder it puts its temporary files in."""
    port = free_port()
    temporary = tmp_path / "tmp"
    temporary.mkdir()
    env = {k: v for k, v in os.environ.items() if not k.startswith("PROMETHEUS")}
    env |= {"TMPDIR": str(temporary), "DATABASE_URL": f"sqlite:///{tmp_path / 'served.db'}", "HOME": "/nonexistent"}
    with subprocess.Popen(
        [*SERVE, "--port", str(port)], cwd=ROOT, env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as process:
        url = f"http://127.0.0.1:{port}"
        _wait_for(f"{url}/livez")
        yield url, process, temporary
        if process.poll() is None:
            process.kill()


def _wait_for(url: str) -> None:
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        try:
            urlopen(url, timeout=2).close()
            return
        except (URLError, ConnectionError):
            time.sleep(0.05)
    raise AssertionError(f"{url} did not answer within 20 s")


def _count(text: str) -> int:
    found = re.search(r'duration_seconds_count\{method="GET",route="/livez",status="200"\} (\d+)', text)
    return int(found[1]) if found else 0


def test_a_folder_of_counts_that_is_gone_costs_no_answer_and_is_told_as_a_fault(tmp_path: Path) -> None:
    port = free_port()
    env = os.environ | {"DATABASE_URL": f"sqlite:///{tmp_path / 'served.db'}", "INSTANCE_PATH": str(tmp_path)}
    env["PROMETHEUS_MULTIPROC_DIR"] = str(tmp_path / "gone")
    said = tmp_path / "said"
    with (
        said.open("w") as out,
        subprocess.Popen(
            [*SERVE, "--port", str(port), "--no-worker"], cwd=ROOT, env=env, stdout=out, stderr=subprocess.STDOUT
        ) as process,
    ):
        _wait_for(f"http://127.0.0.1:{port}/livez")
        for _ in range(5):
            urlopen(f"http://127.0.0.1:{port}/livez", timeout=5).close()
        process.terminate()
    assert "Traceback" not in said.read_text()
    assert '"builtins.FileNotFoundError"' in said.read_text()


def test_the_server_counts_over_all_workers_and_leaves_nothing_behind(
    server: tuple[str, subprocess.Popen[str], Path],
) -> None:
    url, process, temporary = server
    for _ in range(20):
        urlopen(f"{url}/livez", timeout=5).close()
    assert list(temporary.glob("resource-api-metrics-*"))
    deadline = time.monotonic() + 5
    counts = []
    while time.monotonic() < deadline and (not counts or counts[-1] < 21):
        with urlopen(f"{url}/metrics", timeout=5) as answer:
            counts.append(_count(answer.read().decode()))
    assert counts[-1] == 21, "each worker tells the sum of all"
    process.send_signal(signal.SIGTERM)
    out, _ = process.communicate(timeout=20)
    assert process.returncode == 0
    assert out.startswith(url)
    assert out.count('"route":"/livez"') == 21
    assert not list(temporary.iterdir())


def test_a_request_line_that_is_no_http_is_not_quoted_in_the_log(
    server: tuple[str, subprocess.Popen[str], Path],
) -> None:
    url, process, _ = server
    with socket.create_connection(("127.0.0.1", int(url.rsplit(":", 1)[1])), timeout=5) as raw:
        raw.sendall(b"GET /search?q=leaving my husband HTTP/1.1\r\nHost: here\r\n\r\n")
        assert raw.recv(65536).startswith(b"HTTP/1.1 400")
    process.send_signal(signal.SIGTERM)
    out, _ = process.communicate(timeout=20)
    assert "husband" not in out


def test_a_request_line_that_is_too_long_is_refused_by_us_up_to_the_servers_own_limit(
    server: tuple[str, subprocess.Popen[str], Path],
) -> None:
    url, _, _ = server
    with socket.create_connection(("127.0.0.1", int(url.rsplit(":", 1)[1])), timeout=5) as raw:
        raw.sendall(b"GET /search?q=" + b"x" * 8_050 + b" HTTP/1.1\r\nHost: here\r\nConnection: close\r\n\r\n")
        answer = b"".join(iter(lambda: raw.recv(65536), b""))
    assert answer.startswith(b"HTTP/1.1 414")
    assert b"uri-too-long" in answer


def _workers_of(server: int) -> list[int]:
    """The background workers that run under a server."""
    found = subprocess.run(
        ["ps", "-o", "pid=,args=", "--ppid", str(server)], capture_output=True, text=True, check=False
    )
    return [int(line.split()[0]) for line in found.stdout.splitlines() if line.endswith("resource_api.cli worker")]


def test_a_worker_runs_beside_the_server_another_follows_it_and_both_end_together(tmp_path: Path) -> None:
    port = free_port()
    env = os.environ | {"INSTANCE_PATH": str(tmp_path), "HOME": "/nonexistent"}
    made = [sys.executable, "-m", "resource_api.cli", "init", "--no-seed"]
    subprocess.run(made, cwd=ROOT, env=env, check=True, capture_output=True, timeout=60)
    with subprocess.Popen([*SERVE, "--port", str(port)], cwd=ROOT, env=env, stdout=subprocess.DEVNULL) as process:
        try:
            _wait_for(f"http://127.0.0.1:{port}/livez")
            [first] = _await(lambda: _workers_of(process.pid))
            os.kill(first, signal.SIGKILL)
            [second] = _await(lambda: [pid for pid in _workers_of(process.pid) if pid != first])
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(timeout=40)
    assert not Path(f"/proc/{second}").exists()


def _await(find: Callable[[], list[int]]) -> list[int]:
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        if found := find():
            return found
        time.sleep(0.05)
    raise AssertionError("nothing came within 20 s")
