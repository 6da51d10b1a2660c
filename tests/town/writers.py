"""Clients that write for as long as they are let, ask again until they are answered, and keep what they were told."""

import http.client
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import func, select

from resource_api.database import Database
from resource_api.delivery.tables import Delivery
from resource_api.privacy.tables import Audit, AuditLink
from resource_api.referrals.tables import Referral, ReferralEvent, Replay
from tests.databases import url_of
from tests.referrals.world import PANTRY, PATIENT, named, referral_to
from tests.town.town import Answer, Client, Town, wait_for

# A request that was answered by nobody, or by one that could not.
LOST = (OSError, http.client.HTTPException)


@dataclass
class Ledger:
    """What was acknowledged: by key which referral, and by referral the version that it had at least."""

    ids: dict[str, str] = field(default_factory=dict)
    versions: dict[str, int] = field(default_factory=dict)
    tries: int = 0
    odd: list[Answer] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def note(self, key: str, answer: Answer) -> None:
        with self.lock:
            id, version = answer.json["id"], answer.json["version"]
            assert self.ids.setdefault(key, id) == id
            self.versions[id] = max(version, self.versions.get(id, 0))


def until_answered(
    ledger: Ledger, client: Client, path: str, body: Any, key: str, version: int | None = None
) -> Answer:
    """Ask under one key until there is an answer that is no fault of the server's."""
    while True:
        with ledger.lock:
            ledger.tries += 1
        try:
            answer = client.ask("POST", path, body, version=version, Idempotency_Key=key)
        except LOST:
            time.sleep(0.02)
            continue
        if answer.status < 500:
            return answer
        if answer.status != 503:
            ledger.odd.append(answer)
        time.sleep(0.05)


def refer_again_and_again(
    ledger: Ledger, hospital: Client, pantry: Client, name: str, stop: threading.Event, pause_s: float
) -> None:
    """Refer people, each another, and let the pantry accept every other one."""
    for number in range(1_000_000):
        if stop.is_set():
            return
        key = f"{name}-{number}"
        patient = PATIENT | {"name": {"given": name, "family": f"No. {number}"}, "identifiers": [], "phone": key}
        answer = until_answered(
            ledger, hospital, "/referrals", referral_to(patient=patient, consent=named(PANTRY)), key
        )
        if answer.status != 201:
            ledger.odd.append(answer)
            continue
        ledger.note(key, answer)
        if number % 2:
            path = f"/referrals/{answer.json['id']}/transitions"
            answer = until_answered(ledger, pantry, path, {"status": "accepted"}, key, version=1)
            if answer.status != 200:
                ledger.odd.append(answer)
                continue
            ledger.note(key, answer)
        time.sleep(pause_s)


@contextmanager
def writing(town: Town, *, writers: int = 8, pause_s: float = 0.05) -> Iterator[Ledger]:
    """Let writers write while something else is done."""
    ledger, stop = Ledger(), threading.Event()
    hospital, pantry = town.client("hospital"), town.client("pantry")
    for client, path in ((hospital, "/hospital"), (pantry, "/pantry")):
        client.post("/webhooks", {"url": town.receivers.url(path)})
    threads = [
        threading.Thread(
            target=refer_again_and_again, args=(ledger, hospital, pantry, f"writer-{number}", stop, pause_s)
        )
        for number in range(writers)
    ]
    for thread in threads:
        thread.start()
    try:
        yield ledger
    finally:
        stop.set()
        for thread in threads:
            thread.join()


def check_nothing_lost(town: Town, ledger: Ledger, *, within_s: float = 60.0) -> None:
    """Check that all that was acknowledged is there, once, and that everybody hears of all of it, in order."""
    assert ledger.odd == []
    assert ledger.ids
    database = Database(url_of(town.path))
    try:
        with database.read() as session:
            kept = {row.id: row.version for row in session.scalars(select(Referral))}
            events = {(row.referral_id, row.seq) for row in session.scalars(select(ReferralEvent))}
            answers = session.scalar(select(func.count()).select_from(Replay))
        assert set(kept) == set(ledger.ids.values()), "each key has one referral, and there is no other"
        assert len(kept) == len(ledger.ids)
        assert kept == ledger.versions
        assert events == {(id, seq) for id, version in kept.items() for seq in range(1, version + 1)}
        assert answers == len(events)

        def all_told_and_sealed() -> bool:
            with database.read() as session:
                untold = select(func.count()).where(Delivery.state != "delivered")
                old = Audit.at < datetime.now(UTC) - timedelta(seconds=30)
                unsealed = select(func.count()).where(old, Audit.id.not_in(select(AuditLink.audit_id)))
                return not session.scalar(untold) and not session.scalar(unsealed)

        wait_for(all_told_and_sealed, within_s)
    finally:
        database.close()
    for path in ("/hospital", "/pantry"):
        firsts = list(dict.fromkeys(one.key for one in town.receivers.at(path)))
        assert set(firsts) == events, path
        by_referral: dict[str, list[int]] = {}
        for id, seq in firsts:
            by_referral.setdefault(id, []).append(seq)
        assert all(seqs == sorted(seqs) for seqs in by_referral.values()), "each referral's come in order"
    code, told = town.verify()
    assert code == 0, told
