"""Many at once, and things that break in the middle: all of a write or nothing of it, and only one of two."""

import http.client
import json
import random
import threading
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select

from benchmarks.serving import free_port, our_command, serving
from resource_api.delivery.tables import Delivery, Endpoint
from resource_api.privacy.tables import Audit
from resource_api.referrals.check import check_referrals
from resource_api.referrals.tables import (
    Referral,
    ReferralConsent,
    ReferralEvent,
    ReferralKey,
    ReferralParty,
    Replay,
)
from tests.databases import refuse_rows, take_rows, url_of
from tests.referrals.world import (
    DATA_KEYS,
    NOW,
    PANTRY,
    SECRET,
    Asking,
    World,
    named,
    referral_to,
)

WRITTEN = (Referral, ReferralEvent, ReferralParty, ReferralConsent, ReferralKey, Replay, Delivery, Audit)
Asked = tuple[int, dict[str, str], dict[str, Any]]


class Server:
    """The application under gunicorn, two processes of four threads, over a world's database."""

    def __init__(self, port: int) -> None:
        self.port = port

    def ask(self, token: str, path: str, body: Any, **headers: str) -> Asked:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        given = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
        given |= {name.replace("_", "-"): value for name, value in headers.items()}
        connection.request("POST", path, json.dumps(body), given)
        answer = connection.getresponse()
        found = answer.status, dict(answer.getheaders()), json.loads(answer.read())
        connection.close()
        return found

    def at_once(self, asked: list[tuple[str, str, Any, dict[str, str]]]) -> list[Asked]:
        """Ask all of these at the same moment, each in a thread of its own."""
        gate = threading.Barrier(len(asked))

        def one(each: tuple[str, str, Any, dict[str, str]]) -> Asked:
            token, path, body, headers = each
            gate.wait()
            return self.ask(token, path, body, **headers)

        with ThreadPoolExecutor(len(asked)) as pool:
            return list(pool.map(one, asked))


@pytest.fixture
def server(world: World) -> Iterator[Server]:
    port = free_port()
    env = {
        "DATABASE_URL": url_of(world.path),
        "INSTANCE_PATH": str(world.path.parent),
        "SECRET_KEY": SECRET,
        "DATA_KEYS": DATA_KEYS,
    }
    with serving(our_command(port), port, "/livez", env):
        yield Server(port)


def rows(world: World) -> dict[str, int]:
    with world.database.read() as session:
        return {t.__tablename__: session.scalar(select(func.count()).select_from(t)) or 0 for t in WRITTEN}


def test_the_same_post_fifty_times_at_once_makes_one_referral(
    world: World, hospital: Asking, clinic: Asking, server: Server
) -> None:
    ask = (hospital.token, "/referrals", referral_to(), {"Idempotency_Key": "one-and-only"})
    answers = server.at_once([ask] * 50)
    assert Counter(status for status, _, _ in answers) == {201: 50}
    assert len({body["id"] for _, _, body in answers}) == 1
    assert Counter(headers.get("Idempotent-Replayed") for _, headers, _ in answers) == {None: 1, "true": 49}
    kept = rows(world)
    assert (kept["referral"], kept["referral_event"], kept["replay"]) == (1, 1, 1)
    other = server.ask(hospital.token, "/referrals", referral_to(note="else"), Idempotency_Key="one-and-only")
    assert other[0] == 422
    theirs = server.ask(clinic.token, "/referrals", referral_to(), Idempotency_Key="one-and-only")
    assert theirs[0] == 201
    assert theirs[2]["id"] != answers[0][2]["id"]


def test_the_same_post_fifty_times_at_once_without_a_key_is_found_out_as_a_duplicate(
    world: World, hospital: Asking, server: Server
) -> None:
    answers = server.at_once([(hospital.token, "/referrals", referral_to(), {})] * 50)
    assert Counter(status for status, _, _ in answers) == {201: 1, 409: 49}
    assert rows(world)["referral"] == 1


def race(world: World, hospital: Asking, pantry: Asking, server: Server, rounds: int) -> None:
    """32 threads accept, reject and cancel one referral; exactly one wins, every round."""
    chance = random.Random(7)
    for _ in range(rounds):
        id = hospital.refer(allow_duplicate=True)["id"]
        moves = [
            (pantry.token, {"status": "accepted"}),
            (pantry.token, {"status": "rejected", "reason": {"code": "not-eligible"}}),
            (hospital.token, {"status": "cancelled", "reason": {"code": "no-longer-needed"}}),
        ]
        asked = [
            (token, f"/referrals/{id}/transitions", body, {"If_Match": '"1"'})
            for token, body in (chance.choice(moves) for _ in range(32))
        ]
        statuses = Counter(status for status, _, _ in server.at_once(asked))
        assert statuses[200] == 1, statuses
        # Whom the rejection made a former party is told that it may not; all others, that they are late.
        assert set(statuses) <= {200, 403, 409, 412}, statuses
        with world.database.read() as session:
            assert session.get_one(Referral, id).version == 2
            assert session.scalars(
                select(ReferralEvent.seq).where(ReferralEvent.referral_id == id).order_by(ReferralEvent.seq)
            ).all() == [1, 2]
            assert not list(check_referrals(session))


def test_of_32_moves_at_once_exactly_one_wins(world: World, hospital: Asking, pantry: Asking, server: Server) -> None:
    race(world, hospital, pantry, server, rounds=3)


@pytest.mark.faults
def test_of_32_moves_at_once_exactly_one_wins_every_time(
    world: World, made_world: Path, pantry: Asking, server: Server
) -> None:
    for _ in range(2):  # a token lives five minutes
        race(world, world.asking("hospital"), world.asking("pantry"), server, rounds=100)


def test_of_many_that_claim_at_once_exactly_one_gets_it(world: World, hospital: Asking, server: Server) -> None:
    pool = {"need": "food", "place": "21215", "patient": referral_to()["patient"]}
    id = (hospital.post("/referrals", pool).json or {})["id"]
    tokens = [world.asking("pantry").token for _ in range(16)]
    answers = server.at_once([(token, f"/referrals/{id}/claim", {}, {}) for token in tokens])
    assert Counter(status for status, _, _ in answers) == {200: 1, 409: 15}


def listen(world: World) -> None:
    """Give both sides an endpoint, so that a write has something to deliver."""
    from resource_api.access.tables import Client

    with world.database.write() as session:
        for client in session.scalars(select(Client).where(Client.participant_id == PANTRY)).all():
            session.add(
                Endpoint(
                    id=f"e-{client.id}",
                    client_id=client.id,
                    participant_id=PANTRY,
                    url="https://pantry.example/hook",
                    types="*",
                    signing="v1",
                    secret=world.keyring.seal(b"none", table="endpoint", column="secret", row=f"e-{client.id}"),
                    created_at=NOW,
                    enabled_at=NOW,
                )
            )
        session.commit()


@pytest.mark.parametrize("table", [t.__tablename__ for t in WRITTEN])
def test_a_write_that_fails_at_any_table_leaves_nothing_and_its_retry_succeeds(
    world: World, hospital: Asking, pantry: Asking, table: str
) -> None:
    listen(world)
    sent = referral_to(consent=named(PANTRY))

    def breaking(on: bool, when: str = "INSERT") -> None:
        with world.database.write() as session:
            if on:
                refuse_rows(session, table, when)
            else:
                take_rows(session, table)
            session.commit()

    before = rows(world)
    breaking(True)
    failed = hospital.post("/referrals", sent, key="k")
    assert failed.status_code in (409, 500), failed.text
    assert rows(world) == before
    breaking(False)
    done = hospital.post("/referrals", sent, key="k")
    assert done.status_code == 201
    assert "Idempotent-Replayed" not in done.headers
    id = (done.json or {})["id"]

    if table not in ("referral_party", "referral_consent", "referral_key"):  # these a move does not add to
        before = rows(world)
        breaking(True, "UPDATE" if table == "referral" else "INSERT")
        assert (
            pantry.post(f"/referrals/{id}/transitions", {"status": "accepted"}, if_match=1, key="t").status_code >= 409
        )
        assert rows(world) == before
        if table == "audit":
            assert hospital.get(f"/referrals/{id}").status_code >= 500  # a look that cannot be audited is none
        breaking(False)
    assert pantry.post(f"/referrals/{id}/transitions", {"status": "accepted"}, if_match=1, key="t").status_code == 200
    with world.database.read() as session:
        assert not list(check_referrals(session))
        assert session.get_one(Referral, id).status == "accepted"
