"""WHAT A REFERRAL COSTS THAT IS NEVER LOST: durable `POST /referrals` with 32 clients.

Measured: requests a second of the application as `make serve` runs it (gunicorn, 2 workers of 4 threads), each request
another person with an Idempotency-Key, a consent and a note: token, policy, guards, encryption, blind indexes, event,
outbox, audit, the kept answer, all in one transaction (on SQLite in WAL with synchronous FULL), committed before the
201 leaves.

Against: a Flask view under the same gunicorn and the same client that reads the same body and inserts as many rows in
one transaction of the same durability, into one table, with nothing else to do. Told too: the same view inserting
the very same rows into the same tables, which is what the database costs for them, without us. Rounds alternate; the
ratio is of each one's best round. Lost is what was acknowledged, and is not in the database afterwards.
"""

import os
import pickle
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from uuid import uuid4

import orjson
from sqlalchemy import text

from benchmarks.backend import Backend
from benchmarks.figure import Figure, is_small
from benchmarks.post_load import CLIENTS, PostRound, post_round, write_request
from benchmarks.serving import bare_command, free_port, our_command, serving
from resource_api.access.client import NewClient, add_client
from resource_api.access.participant import add_participant
from resource_api.access.token import issue
from resource_api.database import Database
from resource_api.delivery.tables import Endpoint
from resource_api.directory.tables import Organization, Service
from resource_api.migrations import migrate
from resource_api.privacy.keyring import Keyring, read_data_keys

BACKENDS = ("SQLite", "PostgreSQL")
ROUNDS, SECONDS, MOST_PER_SECOND = 5, 5.0, 3_000
LEAST_SHARE = 0.35
SECRET_KEY, DATA_KEYS = "of a benchmark, and nobody's secret at all", "k1:" + "A" * 43 + "="
HOSPITAL, PANTRY, SERVICE = (str(uuid4()) for _ in range(3))
_KEPT_IN = (
    "referral", "referral_event", "referral_party", "referral_consent", "referral_key", "replay", "delivery", "audit",
)  # fmt: skip


# What the database numbers by itself.
_NUMBERED = {("referral_event", "id"), ("audit", "id"), ("referral_key", "id")}


def measure(backend: Backend) -> Iterator[Figure]:
    """Measure both servers in alternating rounds."""
    rounds, seconds = (1, 1.0) if is_small() else (ROUNDS, SECONDS)
    with (
        TemporaryDirectory() as folder,
        backend.database(Path(folder)) as url,
        backend.database(Path(folder), "bare") as bare_url,
        backend.database(Path(folder), "same") as same_url,
    ):
        env = {"DATABASE_URL": url, "INSTANCE_PATH": folder, "SECRET_KEY": SECRET_KEY, "DATA_KEYS": DATA_KEYS}
        database = Database(url)
        _make_database(database)
        port, bare_port, same_port = free_port(), free_port(), free_port()
        ours: list[PostRound] = []
        bare: list[PostRound] = []
        same: list[PostRound] = []
        with serving(our_command(port), port, "/livez", env):
            first = post_round(port, _write_requests(database, CLIENTS), seconds=1.0)
            if first.failed:
                raise RuntimeError(f"{first.failed} of the first {CLIENTS} referrals were not answered with 201")
            rows = round(_count_rows(database) / len(first.acknowledged))
            bare_env = {"BARE_DATABASE": bare_url, "BARE_ROWS": str(rows)}
            same_env = {"BARE_DATABASE": same_url, "BARE_TEMPLATE": str(Path(folder) / "template")}
            same_tables = Database(same_url)
            migrate(same_tables)
            same_tables.close()
            Path(same_env["BARE_TEMPLATE"]).write_bytes(pickle.dumps(_read_template(database, first.acknowledged[0])))
            with (
                serving(_bare_writes(bare_port), bare_port, "/livez", bare_env),
                serving(_bare_writes(same_port), same_port, "/livez", same_env),
            ):
                for _ in range(rounds):
                    requests = _write_requests(database, int(MOST_PER_SECOND * seconds))
                    ours.append(post_round(port, requests, seconds=seconds))
                    bare.append(post_round(bare_port, requests, seconds=seconds))
                    same.append(post_round(same_port, requests, seconds=seconds))
        acknowledged = {id for each in (first, *ours) for id in each.acknowledged}
        lost = acknowledged - _kept_ids(database)
        database.close()
    yield from _write("referrals.POST /referrals", ours)
    yield from _write("referrals.bare Flask view", bare)
    yield from _write("referrals.bare Flask view, same tables", same)
    yield Figure("referrals.rows a request", rows, "rows")
    yield Figure("referrals.acknowledged and lost", len(lost), f"of {len(acknowledged):,}", 0)
    yield Figure("referrals.load by", f"{CLIENTS} clients", f"{len(os.sched_getaffinity(0))} cores")
    share = _best(ours).per_second / _best(same).per_second
    yield Figure("referrals.POST ÷ bare Flask view, same tables", round(share, 3), "of requests/s")
    share = _best(ours).per_second / _best(bare).per_second
    yield Figure("referrals.POST ÷ bare Flask view", round(share, 3), "of requests/s", LEAST_SHARE, "below")


def _bare_writes(port: int) -> list[str]:
    return [*bare_command(port)[:-1], "benchmarks.bare_writes:app"]


def _read_template(database: Database, id: str) -> list[tuple[str, list[list[Any]]]]:
    """Read the rows that one referral was kept in; what must be another each time is said by a kind in a tuple."""
    kinds = {"replay.key_hash": "hex", "referral_key.blind": "blind", "delivery.id": "uuid"}
    template = []
    with database.read() as session:
        for name in _KEPT_IN:
            column = {"referral": "id", "audit": "object_ids"}.get(name, "referral_id")
            found = session.connection().exec_driver_sql(f"SELECT * FROM {name} WHERE {column} = '{id}'")
            names = list(found.keys())
            kept = [at for at, column in enumerate(names) if (name, column) not in _NUMBERED]
            rows = [
                [("a", "id") if row[at] == id else ("a", kinds[k]) if (k := f"{name}.{names[at]}") in kinds else row[at]
                 for at in kept]
                for row in found
            ]  # fmt: skip
            columns, marks = ", ".join(f'"{names[at]}"' for at in kept), ", ".join(["?"] * len(kept))
            template.append((f"INSERT INTO {name} ({columns}) VALUES ({marks})", rows))
    return template


def _make_database(database: Database) -> None:
    migrate(database)
    now = datetime.now(UTC)
    keyring = _keyring()
    with database.write() as session:
        session.add(Organization(id=PANTRY, name="Pantry", description="Food"))
        session.flush()
        session.add(Service(id=SERVICE, organization_id=PANTRY, name="Groceries", status="active"))
        add_participant(session, "Hospital", now=now, id=HOSPITAL)
        add_participant(session, "Pantry", now=now, id=PANTRY)
        add_client(session, keyring, NewClient("EHR", "referral_source", HOSPITAL), now=now)
        client, _ = add_client(session, keyring, NewClient("Desk", "referral_recipient", PANTRY), now=now)
        endpoint = str(uuid4())
        secret = keyring.seal(b"whsec_none", table="endpoint", column="secret", row=endpoint)
        session.add(
            Endpoint(
                id=endpoint,
                client_id=client.id,
                participant_id=PANTRY,
                url="https://pantry.example/hook",
                types="*",
                signing="v1",
                secret=secret,
                created_at=now,
                enabled_at=now,
            )
        )
        session.commit()


def _write_requests(database: Database, count: int) -> list[bytes]:
    """Write requests of as many people, under a token that has just been issued."""
    keyring, now = _keyring(), datetime.now(UTC)
    with database.write() as session:
        client, _ = add_client(session, keyring, NewClient("EHR", "referral_source", HOSPITAL), now=now)
        token = issue(session, keyring, client, client.scope, now).token
        session.commit()
    found = []
    for number in range(count):
        id = uuid4().hex
        patient = {
            "name": {"given": f"Given{id[:6]}", "family": f"Family{id[6:12]}"},
            "birth_date": f"19{number % 90 + 10}-0{number % 9 + 1}-1{number % 10}",
            "phone": f"410555{number % 10_000:04}",
            "email": f"{id[:10]}@example.org",
            "language": "es",
            "identifiers": [{"system": "urn:mrn", "value": id}],
            "contact_safety": {"call": False, "text": True},
        }
        body = {
            "service_id": SERVICE,
            "patient": patient,
            "needs": ["food-pantry"],
            "codes": ["Z59.41"],
            "note": "Two children, no kitchen; come to the side door.",
            "consent": {"recipients": [PANTRY], "evidence": "signed on paper"},
        }
        headers = {"Authorization": f"Bearer {token}", "Idempotency-Key": id}
        found.append(write_request("/referrals", orjson.dumps(body), headers))
    return found


def _keyring() -> Keyring:
    return Keyring(SECRET_KEY, read_data_keys(DATA_KEYS))


def _count_rows(database: Database) -> int:
    with database.read() as session:
        # The benchmark's own clients are in none of these tables.
        return sum(int(session.scalar(text(f"SELECT count(*) FROM {name}")) or 0) for name in _KEPT_IN)


def _kept_ids(database: Database) -> set[str]:
    with database.read() as session:
        whole = "SELECT r.id FROM referral r JOIN referral_event e ON e.referral_id = r.id AND e.seq = 1"
        return {str(id) for id in session.scalars(text(whole))}


def _write(name: str, rounds: list[PostRound]) -> Iterator[Figure]:
    best = _best(rounds)
    yield Figure(f"{name} requests", round(best.per_second), "1/s")
    for label, value in (("p50", best.p50), ("p95", best.p95), ("p99", best.p99)):
        yield Figure(f"{name} {label}", round(value, 2), "ms")
    yield Figure(f"{name} failed", sum(each.failed for each in rounds), "requests", 0)


def _best(rounds: list[PostRound]) -> PostRound:
    return max(rounds, key=lambda each: each.per_second)
