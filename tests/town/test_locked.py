"""Another process holds the database: who writes is waited for or told when to come back, and never told a lie."""

import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from resource_api.sqlite import WAIT_S
from tests.api.test_database_faults import locked
from tests.referrals.world import PANTRY, PATIENT, named, referral_to
from tests.town.town import Answer, Client, Town, wait_for
from tests.town.writers import Ledger, check_nothing_lost

pytestmark = pytest.mark.parametrize("database_kind", ["sqlite"], indirect=True, scope="session")


def refer(hospital: Client, number: int) -> Answer:
    patient = PATIENT | {"name": {"given": "No.", "family": str(number)}, "identifiers": []}
    body = referral_to(patient=patient, consent=named(PANTRY))
    return hospital.ask("POST", "/referrals", body, Idempotency_Key=f"k-{number}")


def start(town: Town) -> tuple[Client, Client]:
    clients = town.client("hospital"), town.client("pantry")
    for client, path in zip(clients, ("/hospital", "/pantry"), strict=True):
        client.post("/webhooks", {"url": town.receivers.url(path)})
    return clients


@pytest.mark.faults
def test_a_referral_waits_three_seconds_for_whoever_holds_the_database(town: Town) -> None:
    hospital, _ = start(town)
    ledger = Ledger()
    with locked(town.path, 3):
        began = time.monotonic()
        ledger.note("k-1", refer(hospital, 1))
        assert time.monotonic() - began > 2
    check_nothing_lost(town, ledger)


@pytest.mark.faults
def test_after_ten_seconds_many_were_told_to_come_back_and_nobody_that_it_was_done(town: Town) -> None:
    hospital, pantry = start(town)
    id = refer(hospital, 0).json["id"]
    ledger = Ledger(ids={"k-0": id}, versions={id: 1})
    wait_for(lambda: town.heard("/hospital", id))
    first: dict[int, tuple[Answer, float]] = {}

    def ask_when_told_to(number: int) -> Answer:
        while True:
            began = time.monotonic()
            answer = refer(hospital, number)
            first.setdefault(number, (answer, time.monotonic() - began))
            if answer.status != 503:
                return answer
            time.sleep(int(answer.headers["Retry-After"]))

    # Six at once, so that of the server's eight threads some are left to readers.
    with locked(town.path, 10), ThreadPoolExecutor(6) as pool:
        asked = [pool.submit(ask_when_told_to, number) for number in range(1, 5)]
        moving = pool.submit(
            pantry.ask, "POST", f"/referrals/{id}/transitions", {"status": "accepted"}, version=1, Idempotency_Key="a"
        )
        looking = pool.submit(pantry.ask, "GET", f"/referrals/{id}")
        began = time.monotonic()
        assert town.ask("GET", "/services").status == 200
        assert time.monotonic() - began < 1, "who only reads waits for nobody"
        answers = [one.result() for one in asked]
        moved, looked = moving.result(), looking.result()
    assert {moved.status, looked.status} <= {200, 503}
    if moved.status == 200:
        ledger.note("k-0", moved)
    for number, answer in enumerate(answers, start=1):
        assert answer.status == 201
        ledger.note(f"k-{number}", answer)
    refused = [answer for answer, _ in first.values() if answer.status == 503]
    assert len(refused) >= 2, first
    assert all(int(answer.headers["Retry-After"]) > 0 for answer in refused)
    assert max(seconds for _, seconds in first.values()) < 2 * WAIT_S + 1, "its turn, and then the lock"
    check_nothing_lost(town, ledger)
