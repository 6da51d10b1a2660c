"""HOW MUCH OF FLASK'S SPEED A SEARCH KEEPS: `/search` over HTTP at 100,000 services.

Measured: requests a second of the application as `make serve` runs it (gunicorn, 2 workers of 4 threads, wsgi.py and
its checks, headers, metrics and logs), each request another question (3,000 of them, in the shares of questions.py).

Against: a Flask view under the same gunicorn that answers the very same bytes to the very same requests: it looks the
answer up in a dictionary and returns it for Flask to write as JSON; no search, no database, no check. The bar is on
that one. Told too: a view that returns ready bytes, which is what Flask and gunicorn cost when they are given no work
at all. Rounds alternate; the ratio is of each one's best round, since a machine that others use only ever makes a
round slower.
"""

import os
import pickle
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks.backend import Backend
from benchmarks.figure import Figure, is_small
from benchmarks.http_load import Round, load_client, run_round
from benchmarks.index_database import index_databases
from benchmarks.questions import ask_questions
from benchmarks.serving import bare_command, free_port, get, our_command, serving

BACKENDS = ("SQLite", "PostgreSQL")
SIZES = (10_000, 100_000, 500_000)
SMALL_SIZES = (2_000, 5_000, 10_000)
QUESTIONS = 3_000
ROUNDS = 5
SECONDS = 4.0
LEAST_SHARE = 0.20


def measure(backend: Backend) -> Iterator[Figure]:
    """Measure both servers in alternating rounds."""
    questions, rounds, seconds = (300, 2, 1.0) if is_small() else (QUESTIONS, ROUNDS, SECONDS)
    url = index_databases(SMALL_SIZES if is_small() else SIZES, backend)[1]
    paths = [question.path for question in ask_questions(questions)]
    with TemporaryDirectory() as folder:
        port, bare_port = free_port(), free_port()
        env = {"DATABASE_URL": url, "INSTANCE_PATH": folder}
        answers = Path(folder) / "answers"
        with serving(our_command(port), port, "/livez", env):
            recorded = {path: get(port, path) for path in paths}
            refused = [path for path, (status, _) in recorded.items() if status != 200]
            if refused:
                raise RuntimeError(f"{len(refused)} searches were not answered, such as {refused[0]}")
            answers.write_bytes(pickle.dumps({path.partition("?")[2]: body for path, (_, body) in recorded.items()}))
            with serving(bare_command(bare_port), bare_port, "/livez", {"BARE_ANSWERS": str(answers)}):
                for path, (_, body) in list(recorded.items())[:50]:
                    if get(bare_port, path)[1].rstrip() != body:
                        raise RuntimeError(f"the bare endpoint answers other bytes to {path}")
                ready = [path.replace("/search?", "/bytes?", 1) for path in paths]
                ours, bare, least = [], [], []
                for _ in range(rounds):
                    ours.append(run_round(port, paths, seconds=seconds))
                    bare.append(run_round(bare_port, paths, seconds=seconds))
                    least.append(run_round(bare_port, ready, seconds=seconds))
    yield from _write("search_http.search", ours)
    yield from _write("search_http.bare Flask JSON", bare)
    yield from _write("search_http.bare Flask bytes", least)
    size = sum(len(body) for _, body in recorded.values()) / len(recorded)
    yield Figure("search_http.mean answer", round(size), "bytes")
    yield Figure("search_http.load by", load_client(), f"{len(os.sched_getaffinity(0))} cores")
    share = _best(ours).per_second / _best(bare).per_second
    yield Figure("search_http.search ÷ bare Flask JSON", round(share, 3), "of requests/s", LEAST_SHARE, "below")
    share = _best(ours).per_second / _best(least).per_second
    yield Figure("search_http.search ÷ bare Flask bytes", round(share, 3), "of requests/s")


def _write(name: str, rounds: list[Round]) -> Iterator[Figure]:
    best = _best(rounds)
    yield Figure(f"{name} requests", round(best.per_second), "1/s")
    for label, value in (("p50", best.p50), ("p95", best.p95), ("p99", best.p99)):
        yield Figure(f"{name} {label}", round(value, 2), "ms")
    yield Figure(f"{name} failed", sum(each.failed for each in rounds), "requests", 0)


def _best(rounds: list[Round]) -> Round:
    return max(rounds, key=lambda each: each.per_second)
