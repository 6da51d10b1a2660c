"""Anything in any order: a small model says what must come of it, and after each step the database agrees.

Checked after each step: every referral is as the model says (status, version, seq, owner); events are numbered without
a gap, versions count the events that change something, hashes chain, moves are legal, and the row is what its events
say; what was answered under a key was done once; each act has one audit row; each event was queued once for everybody
who is to hear of it. Whenever a worker has worked: what was queued came, once, in order, only to who may know, and says
nothing of the person.
"""

import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory, mkdtemp
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test
from sqlalchemy import delete, func, select, update

from resource_api.delivery.check import find_overtaken, find_stuck, find_wrong_deliveries
from resource_api.delivery.claim import claim_due, due_targets
from resource_api.delivery.tables import Delivery, Endpoint
from resource_api.directory.document import ServiceNeed
from resource_api.postman import Postman
from resource_api.privacy.tables import Audit
from resource_api.referrals.check import check_referrals
from resource_api.referrals.referral import Reason, Transition
from resource_api.referrals.states import NEEDS_REASON, STATUSES, legal_moves
from resource_api.referrals.tables import (
    Referral,
    ReferralConsent,
    ReferralEvent,
    ReferralKey,
    ReferralOffer,
    ReferralParty,
    Replay,
)
from resource_api.referrals.transition import move
from resource_api.referrals.untold import find_untold
from resource_api.referrals.visible import TOLD_THOUGH_WITHHELD
from resource_api.worker import JOBS, Work, do_job, permitted
from tests.api.delivering import DeliveringWorld
from tests.delivery.letterbox import Letterbox
from tests.delivery.receivers import Clock, Received, receiving
from tests.referrals.world import (
    CRADLE,
    CRADLE_SERVICE,
    NOW,
    PANTRY,
    PANTRY_SERVICE,
    PATIENT,
    Asking,
    grants_of,
    make_world,
)

SERVICES = {PANTRY: PANTRY_SERVICE, CRADLE: CRADLE_SERVICE}
PERSON = ("Quillfeather", "Zaharakis", "555-0177", "MRN-700177")
ACTORS = {"hospital": None, "pantry": PANTRY, "cradle": CRADLE}
SET_BY_REQUESTER = {"draft", "requested", "cancelled", "entered-in-error"}
SET_BY_TARGET = set(STATUSES) - {"draft", "requested", "entered-in-error"}

actors = st.sampled_from(sorted(ACTORS))
knowing = st.sampled_from(["right", "right", "right", "stale", "nothing"])
somewhere = st.sampled_from([PANTRY, CRADLE])


@dataclass
class Known:
    """What the model knows of one referral."""

    owner: str | None
    offered: bool
    status: str = "requested"
    version: int = 1
    seq: int = 1
    revoked: bool = False
    ever: set[str] = field(default_factory=set)
    former: set[str] = field(default_factory=set)

    def side(self, actor: str) -> str | int:
        """Tell on which side an actor stands, or with which status it is turned away."""
        organization = ACTORS[actor]
        if organization is None:
            return "requester"
        if organization == self.owner and organization not in self.former:
            return "target"
        in_pool = self.offered and self.owner is None and self.status == "requested" and not self.revoked
        return 403 if in_pool or organization in self.former else 404


class Machine(RuleBasedStateMachine):
    """Two sides and a bystander do things to referrals, a worker tells of them, and either may be gone at any time."""

    world: DeliveringWorld
    referrals = Bundle("referrals")

    @initialize()
    def begin(self) -> None:
        self.known: dict[str, Known] = {}
        self.answers: dict[str, tuple[Any, bytes]] = {}
        self.asking: dict[str, Asking] = {name: self.world.asking(name) for name in ACTORS}
        self.clock = Clock()

    @rule(target=referrals, to=st.sampled_from([PANTRY, CRADLE, None]), keyed=st.booleans())
    def create(self, to: str | None, keyed: bool) -> Any:
        where = {"service_id": SERVICES[to]} if to else {"need": "food", "place": "21215"}
        body = {"patient": PATIENT, "allow_duplicate": True, **where}
        key = f"key-{len(self.answers)}" if keyed else None
        answer = self.asking["hospital"].post("/referrals", body, key=key)
        assert answer.status_code == 201, answer.text
        id = str((answer.json or {})["id"])
        self.known[id] = Known(owner=to, offered=to is None, ever={to} if to else set())
        if key:
            self.answers[key] = (body, answer.data)
        return id

    @rule()
    def retry(self) -> None:
        for key, (body, said) in self.answers.items():
            again = self.asking["hospital"].post("/referrals", body, key=key)
            assert (again.status_code, again.data) == (201, said)
            other = self.asking["hospital"].post("/referrals", body | {"note": "else"}, key=key)
            assert other.status_code == 422

    @rule(id=referrals, actor=actors, to=st.sampled_from(STATUSES), knows=knowing)
    def move(self, id: str, actor: str, to: str, knows: str) -> None:
        known = self.known[id]
        side = known.side(actor)
        answer = self.asking[actor].post(
            f"/referrals/{id}/transitions", well_said(to), if_match=self._version(known, knows)
        )
        if isinstance(side, int):
            expected = side
        elif to not in (SET_BY_REQUESTER if side == "requester" else SET_BY_TARGET):
            expected = 403
        else:
            expected = self._of_version(knows)
            if expected == 200 and to not in legal_moves(known.status, (side,)):  # type: ignore[arg-type]
                expected = 409
        assert answer.status_code == expected, answer.text
        if expected == 200:
            known.status = to
            known.version, known.seq = known.version + 1, known.seq + 1
            if to == "rejected" and known.owner:
                known.former.add(known.owner)

    @rule(id=referrals, actor=actors)
    def say(self, id: str, actor: str) -> None:
        known = self.known[id]
        side = known.side(actor)
        answer = self.asking[actor].post(f"/referrals/{id}/messages", {"text": "hello"})
        heard = known.owner is not None and known.status != "rejected" and not known.revoked
        expected = side if isinstance(side, int) else 200 if heard else 409
        assert answer.status_code == expected, answer.text
        known.seq += expected == 200

    @rule(id=referrals, actor=st.sampled_from(["pantry", "cradle"]))
    def claim(self, id: str, actor: str) -> None:
        known, organization = self.known[id], ACTORS[actor]
        answer = self.asking[actor].post(f"/referrals/{id}/claim", {})
        waiting = known.owner is None and known.status == "requested" and not known.revoked
        expected = 404 if not known.offered and known.side(actor) != "target" else 200 if waiting else 409
        assert answer.status_code == expected, answer.text
        if expected == 200:
            known.owner, known.status = organization, "accepted"
            known.ever.add(str(organization))
            known.version, known.seq = known.version + 1, known.seq + 1

    @rule(id=referrals, to=somewhere, knows=knowing)
    def reassign(self, id: str, to: str, knows: str) -> None:
        known = self.known[id]
        answer = self.asking["hospital"].post(
            f"/referrals/{id}/reassign", {"service_id": SERVICES[to]}, if_match=self._version(known, knows)
        )
        expected = self._of_version(knows)
        if expected == 200 and (known.status != "requested" or known.revoked):
            expected = 409
        assert answer.status_code == expected, answer.text
        if expected == 200:
            if known.owner:
                known.former.add(known.owner)
            known.former.discard(to)
            known.owner = to
            known.ever.add(to)
            known.version, known.seq = known.version + 1, known.seq + 1

    @rule(id=referrals)
    def revoke(self, id: str) -> None:
        known = self.known[id]
        answer = self.asking["hospital"].delete(f"/referrals/{id}/consent")
        assert answer.status_code == (409 if known.revoked else 200), answer.text
        if not known.revoked:
            known.revoked = True
            known.version, known.seq = known.version + 1, known.seq + 1

    @rule(id=referrals)
    def crash(self, id: str) -> None:
        """Write a whole move, be gone before it is committed, and begin anew with the files as they were then."""
        known = self.known[id]
        to = next(iter(legal_moves(known.status, ("requester",))), None)
        if to is None:
            return
        said = well_said(to)
        transition = Transition(to, Reason("other", "gone") if "reason" in said else None)
        with self.world.database.write() as session:
            grants = grants_of("hospital")
            move(session, self.world.keyring, grants, id, transition, if_match=known.version, now=NOW)
            type(self).world = restarted(self.world)
            session.rollback()
        for name, asking in self.asking.items():
            self.asking[name] = Asking(self.world.app.test_client(), asking.token)

    @rule()
    def work(self) -> None:
        """Let a worker do what there is to do; everybody has then heard what they are to hear."""
        before = len(self.world.receivers.received)
        for job in JOBS:
            do_job(job, Work(self.world.settings, self.world.database, self.world.keyring, self.clock()), "machine")
        postman = self._postman()
        postman.deliver_all()
        postman.close()
        with self.world.database.read() as session:
            assert set(session.scalars(select(Delivery.state).distinct())) <= {"delivered", "cancelled"}
            for find in (find_wrong_deliveries, find_overtaken, find_stuck):
                assert [breach.what for breach in find(session, self.world.keyring, self.clock())] == []
        for id, known in self.known.items():
            assert self._heard("/hospital", id) == list(range(1, known.seq + 1))
        for received in self.world.receivers.received[before:]:
            self._may_hear(received)

    @rule(when=st.sampled_from(["after claim", "after send"]))
    def worker_dies(self, when: str) -> None:
        """Let a worker be gone with what it had claimed, or had sent; later, its lease is over."""
        postman = self._postman()
        postman.turn() if when == "after send" else self._claim_only(postman)
        while postman.lanes.in_flight:
            postman.wait(1)
        postman.threads.shutdown()
        self.clock.forward(seconds=31)

    def _postman(self) -> Postman:
        return Postman(self.world.database, self.world.keyring, self.world.settings, permitted, clock=self.clock)

    def _claim_only(self, postman: Postman) -> None:
        with self.world.database.write() as session:
            room = postman.lanes.give(due_targets(session, now=self.clock()), at=0.0)
            claim_due(
                session, self.world.keyring, permitted, room,
                worker=postman.name, public_url="https://help.example.org", now=self.clock(),
            )  # fmt: skip
            session.commit()

    def _heard(self, path: str, id: str) -> list[int]:
        """List the events of a referral that came to a path, in the order in which each came first."""
        came = self.world.receivers.at(path)
        return list(dict.fromkeys(one.key[1] for one in came if one.key[0] == id))

    def _may_hear(self, received: Received) -> None:
        known = self.known[received.key[0]]
        organization = ACTORS[received.path.removeprefix("/")]
        assert organization is None or organization in known.ever or known.offered, received
        if organization is not None and known.revoked:
            assert received.json["type"] in TOLD_THOUGH_WITHHELD, received
        assert set(received.json["data"]) == {"referral_id", "version", "seq"}
        assert not [word for word in PERSON if word.encode() in received.body]

    @rule(actor=actors)
    def list_all(self, actor: str) -> None:
        """Page through all that somebody may list: no other's is among it, and nothing of whom they may not see."""
        found, cursor = {}, ""
        while True:
            page = self.asking[actor].get(f"/referrals?per_page=100{cursor}").json or {}
            found |= {each["id"]: each for each in page["contents"]}
            if "next" not in page:
                break
            cursor = f"&cursor={page['next']}"
        listed = {id for id in found if id in self.known}
        assert listed <= {id for id, known in self.known.items() if known.side(actor) != 404}
        if actor == "hospital":
            assert listed == set(self.known)
        for id in listed:
            if self.known[id].side(actor) not in ("requester", "target"):
                assert not [word for word in PERSON if word in str(found[id])]

    @rule(id=referrals, actor=actors)
    def look(self, id: str, actor: str) -> None:
        known = self.known[id]
        side = known.side(actor)
        answer = self.asking[actor].get(f"/referrals/{id}")
        assert answer.status_code == (404 if side == 404 else 200)
        sees = side == "requester" or (
            side == "target"
            and not known.revoked
            and known.status in ("accepted", "in-progress", "on-hold", "completed", "failed")
        )
        if answer.status_code == 200:
            assert ("patient" in (answer.json or {})) is sees

    @invariant()
    def the_database_agrees(self) -> None:
        if not hasattr(self, "known"):
            return
        with self.world.database.read() as session:
            kept = {row.id: row for row in session.scalars(select(Referral))}
            assert set(kept) == set(self.known)
            for id, known in self.known.items():
                row = kept[id]
                found = (row.status, row.version, row.seq, row.owner_id)
                assert found == (known.status, known.version, known.seq, known.owner)
            assert [breach.what for breach in check_referrals(session)] == []
            assert session.scalar(select(func.count()).select_from(Replay)) == len(self.answers)
            acts = Audit.action.in_(("C", "U")), Audit.object_kind == "referral", Audit.object_ids.in_(self.known)
            audited = select(Audit.object_ids, func.count()).where(*acts).group_by(Audit.object_ids)
            assert dict(session.execute(audited).all()) == {id: known.seq for id, known in self.known.items()}
            assert [breach.what for breach in find_untold(session, self.world.keyring, NOW)] == []

    def teardown(self) -> None:
        with self.world.database.write() as session:
            for table in (
                Replay, ReferralKey, ReferralOffer, ReferralParty, ReferralConsent, ReferralEvent, Delivery, Referral,
            ):  # fmt: skip
                session.execute(delete(table))
            session.commit()

    def _version(self, known: Known, knows: str) -> int | None:
        return {"right": known.version, "stale": known.version + 1, "nothing": None}[knows]

    def _of_version(self, knows: str) -> int:
        return {"right": 200, "stale": 412, "nothing": 428}[knows]


def well_said(to: str) -> dict[str, Any]:
    body: dict[str, Any] = {"status": to}
    if to in NEEDS_REASON:
        body["reason"] = {"code": "other", "text": "because"}
    if to == "completed":
        body["outcome"] = {"service_given": True, "need_met": "yes", "date": "2026-04-02"}
    return body


def restarted(world: DeliveringWorld) -> DeliveringWorld:
    """Begin anew with the files as they are at this moment, as if every process had been killed."""
    folder = Path(mkdtemp(dir=world.path.parent.parent))
    for name in (world.path.name, f"{world.path.name}-wal"):
        shutil.copy(world.path.with_name(name), folder)
    world.close()
    shutil.rmtree(world.path.parent)
    return DeliveringWorld(folder / world.path.name, world.receivers, world.letterbox, "")


@pytest.fixture(scope="module")
def machine() -> Iterator[type[Machine]]:
    with TemporaryDirectory() as folder, receiving() as receivers:
        path = Path(folder) / "first" / "machine.db"
        make_world(path)
        world = Machine.world = DeliveringWorld(path, receivers, Letterbox(), "")
        with world.database.write() as session:
            session.merge(ServiceNeed(service_id=CRADLE_SERVICE, need="food-pantry", certainty="given"))
            session.commit()
        for name in ACTORS:
            world.asking(name).post("/webhooks", {"url": receivers.url(f"/{name}")})
        with world.database.write() as session:
            session.execute(update(Endpoint).values(created_at=NOW, enabled_at=NOW))
            session.commit()
        yield Machine
        Machine.world.close()


def trying(examples: int, steps: int) -> settings:
    return settings(
        max_examples=examples,
        stateful_step_count=steps,
        deadline=None,
        database=None,
        suppress_health_check=list(HealthCheck),
        phases=[Phase.generate, Phase.shrink],
        derandomize=examples < 100,
    )


def test_whatever_happens_in_whatever_order_the_database_agrees_with_the_model(machine: type[Machine]) -> None:
    run_state_machine_as_test(machine, settings=trying(12, 20))


@pytest.mark.faults
def test_whatever_happens_the_database_agrees_over_many_runs(machine: type[Machine]) -> None:
    run_state_machine_as_test(machine, settings=trying(150, 40))
