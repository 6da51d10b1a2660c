"""HOW FAST THE OTHERS ARE TOLD, and whether who hangs delays who does not.

Measured: 10,000 webhooks queued for 20 endpoints, of 50 referrals each with ten events in order; `Postman`, the part
of `resource-api worker` that delivers, in a process of its own; receivers on loopback in another. From the start of
the worker until the last webhook of the 18 endpoints that answer. Once all twenty answer; once two of them take the
request and never answer. Every webhook is leased, signed, sent, settled and audited; nothing is left out but asking
the referrals room for permission, since there are no referrals here.

Against: itself, with none hanging.
"""

import subprocess
import sys
import time
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

import orjson
from sqlalchemy import func, insert, select

from benchmarks.backend import SQLITE, Backend
from benchmarks.figure import Figure, is_small
from benchmarks.serving import ROOT, environment, free_port, get, serving
from resource_api.access.policy import Caller, Grants
from resource_api.access.tables import Client, Participant
from resource_api.database import Database
from resource_api.delivery.endpoint import register_endpoint
from resource_api.delivery.outbox import pending
from resource_api.delivery.tables import Delivery
from resource_api.migrations import migrate
from resource_api.privacy.keyring import Keyring

BACKENDS = ("SQLite", "PostgreSQL")
ENDPOINTS, HANGING = 20, 2
REFERRALS, EVENTS = 50, 10
MOST_RATIO = 1.5
ROUNDS = 3
PATIENCE_S = 900.0
KEYS = {"SECRET_KEY": "benchmark " * 4, "DATA_KEYS": "k1:" + "QUFB" * 10 + "QUE="}
_WORKER = """
import sys
from resource_api.database import Database
from resource_api.privacy.keyring import load_keyring
from resource_api.settings import Settings
from resource_api.postman import POLL_S, Postman
settings = Settings.from_environment()
postman = Postman(Database(settings.database_url), load_keyring(settings), settings, lambda *_: None)
print("ready", flush=True)
sys.stdin.readline()
while True:
    postman.turn()
    postman.wait(POLL_S)
"""


def measure(backend: Backend) -> Iterator[Figure]:
    """Deliver with none hanging and with two, in turn; compare how long those that answer took."""
    referrals = 5 if is_small() else REFERRALS
    plain: list[float] = []
    beside: list[float] = []
    for _ in range(1 if is_small() else ROUNDS):
        plain.append(deliver(backend, referrals, hanging=0))
        beside.append(deliver(backend, referrals, hanging=HANGING))
    healthy = (ENDPOINTS - HANGING) * referrals * EVENTS
    best = min(plain)
    yield Figure("webhooks.queued", ENDPOINTS * referrals * EVENTS, "webhooks")
    yield Figure("webhooks.none hanging", round(healthy / best), "webhooks/s")
    yield Figure("webhooks.two hanging", round(healthy / min(beside)), "webhooks/s")
    ratio = median(b / p for b, p in zip(beside, plain, strict=True))
    yield Figure("webhooks.two hanging ÷ none", round(ratio, 3), "of the time", MOST_RATIO)


def deliver(backend: Backend, referrals: int, *, hanging: int) -> float:
    """Deliver everything to those that answer; get the seconds.

    Raises RuntimeError where one did not arrive, or not in its order.
    """
    with TemporaryDirectory() as folder, backend.database(Path(folder)) as url:
        port = free_port()
        receivers = [sys.executable, "-m", "benchmarks.webhook_receivers", str(port)]
        with serving(receivers, port, "/ledger"):
            paths = [f"/{'hang' if n < hanging else 'hook'}/{n}" for n in range(ENDPOINTS)]
            queue(url, [f"http://127.0.0.1:{port}{path}" for path in paths], referrals)
            healthy = paths[HANGING:]
            seconds = _run_worker(url, port, expected=len(healthy) * referrals * EVENTS, healthy=healthy)
            ledger = [row for row in orjson.loads(get(port, "/ledger")[1]) if row[0] in healthy]
    _check_order(ledger, len(healthy) * referrals * EVENTS)
    return seconds


def queue(url: str, endpoints: list[str], referrals: int) -> None:
    """Fill an outbox: for each endpoint the events of so many referrals, in the order that they happened."""
    database, keyring, now = Database(url), Keyring(KEYS["SECRET_KEY"], {"k1": b"A" * 32}), datetime.now(UTC)
    migrate(database)
    with database.write() as session:
        for address in endpoints:
            organization, client = str(uuid.uuid4()), str(uuid.uuid4())
            session.add(Participant(id=organization, name=address, created_at=now))
            session.flush()
            session.add(
                Client(
                    id=client,
                    name=address,
                    participant_id=organization,
                    role="referral_source",
                    scope="",
                    created_at=now,
                )
            )
            session.flush()
            grants = Grants(Caller(client, organization, "referral_source", frozenset()), "webhooks.manage")
            endpoint, _ = register_endpoint(
                session, keyring, grants, url=address, types=("*",), signing="v1", test=False, now=now
            )
            ids = [str(uuid.uuid4()) for _ in range(referrals)]
            rows = [
                pending(f"endpoint:{endpoint.id}", "referral.message", now=now, referral_id=one, seq=seq, version=1)
                for seq in range(1, EVENTS + 1)
                for one in ids
            ]
            session.execute(insert(Delivery), rows)
        session.commit()
    database.close()


def _run_worker(url: str, port: int, *, expected: int, healthy: list[str]) -> float:
    env = {"DATABASE_URL": url, "EGRESS_ALLOW": f"127.0.0.1:{port}", **KEYS}
    worker = subprocess.Popen(
        [sys.executable, "-c", _WORKER],
        cwd=ROOT, env=environment(env), stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert worker.stdin is not None
    assert worker.stdout is not None
    try:
        worker.stdout.readline()
        started = time.monotonic()
        worker.stdin.write("go\n")
        worker.stdin.flush()
        while time.monotonic() - started < PATIENCE_S:
            time.sleep(0.25)
            if _count_delivered(url) >= expected and (ledger := _healthy(port, healthy, expected)):
                return max(row[3] for row in ledger) - started
        raise TimeoutError(f"not {expected} webhooks within {PATIENCE_S:g} s")
    finally:
        worker.kill()
        worker.wait()


def _count_delivered(url: str) -> int:
    database = Database(url)
    try:
        with database.read() as session:
            return session.scalar(select(func.count()).where(Delivery.state == "delivered")) or 0
    finally:
        database.close()


def _healthy(port: int, healthy: list[str], expected: int) -> list[list[float]] | None:
    ledger = [row for row in orjson.loads(get(port, "/ledger")[1]) if row[0] in healthy]
    return ledger if len(ledger) >= expected else None


def _check_order(ledger: list[tuple[str, str, int, float]], expected: int) -> None:
    seen: dict[tuple[str, str], int] = {}
    for path, referral, seq, _ in ledger:
        if seq != seen.get((path, referral), 0) + 1:
            raise RuntimeError(f"{path} was told of event {seq} of {referral} out of order")
        seen[path, referral] = seq
    if sum(seen.values()) != expected:
        raise RuntimeError(f"{sum(seen.values())} of {expected} webhooks arrived")


if __name__ == "__main__":
    print(deliver(SQLITE, int(sys.argv[1]), hanging=int(sys.argv[2])))
