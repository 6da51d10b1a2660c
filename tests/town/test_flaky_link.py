"""Somebody on a phone where the network comes and goes: what was done offline is sent later, again and again.

A queue of a hundred acts is replayed over a link that loses three answers in ten, in its order and from its end. Each
act is done once, and what can no longer be done as it was meant is told as a conflict.
"""

import http.client
from collections import Counter
from dataclasses import dataclass
from typing import Any

import pytest

from tests.referrals.world import PANTRY, PATIENT, named, referral_to
from tests.town.flaky_link import FlakyLink
from tests.town.town import Answer, Client, Town

DONE = {"service_given": True, "need_met": "yes", "date": "2026-04-02"}


@dataclass(frozen=True)
class Act:
    """Something that was done offline: what the phone will ask, under which key, and which version it knew."""

    key: str
    path: str
    body: dict[str, Any]
    version: int | None = None


def acts_on(id: str) -> list[Act]:
    """Take a referral, say something, help, and tell what came of it."""
    moves = f"/referrals/{id}/transitions"
    return [
        Act(f"accept-{id}", moves, {"status": "accepted"}, 1),
        Act(f"say-{id}", f"/referrals/{id}/messages", {"text": "I am at the door"}),
        Act(f"help-{id}", moves, {"status": "in-progress"}, 2),
        Act(f"end-{id}", moves, {"status": "completed", "outcome": DONE}, 3),
    ]


def replay(link: FlakyLink, worker: Client, queue: list[Act]) -> dict[str, Answer]:
    """Send each act until it has an answer; get the answers."""
    answers = {}
    for act in queue:
        headers = worker.bearer() | {"Idempotency_Key": act.key}
        if act.version is not None:
            headers["If_Match"] = f'"{act.version}"'
        while act.key not in answers:
            try:
                answer = worker.town.ask("POST", act.path, act.body, port=link.port, **headers)
            except (OSError, http.client.HTTPException):
                continue
            assert answer.status < 500, answer
            answers[act.key] = answer
    return answers


def refer(hospital: Client, count: int) -> list[str]:
    body = referral_to(patient=PATIENT, consent=named(PANTRY), allow_duplicate=True)
    return [hospital.post("/referrals", body)["id"] for _ in range(count)]


def history_of(client: Client, id: str) -> list[str]:
    return [event["type"].removeprefix("referral.") for event in client.get(f"/referrals/{id}/events")["events"]]


def statuses(answers: dict[str, Answer]) -> Counter[int]:
    return Counter(answer.status for answer in answers.values())


def test_a_hundred_acts_sent_in_order_over_a_link_that_loses_answers_are_each_done_once(town: Town) -> None:
    hospital, worker = town.client("hospital"), town.client("pantry")
    ids = refer(hospital, 25)
    queue = [act for id in ids for act in acts_on(id)]
    with FlakyLink(town.port, loses=0.3).open() as link:
        answers = replay(link, worker, queue)
        assert link.lost.total() - link.lost["none"] >= 20, link.lost
        # The phone was switched off before it noted what had been answered: all of it once more.
        again = replay(link, worker, queue)
    assert statuses(answers) == statuses(again) == {200: 100}
    assert {key: answer.json for key, answer in again.items()} == {key: a.json for key, a in answers.items()}
    assert all(answer.headers["Idempotent-Replayed"] == "true" for answer in again.values())
    for id in ids:
        assert history_of(hospital, id) == ["requested", "accepted", "message", "in-progress", "completed"]
    code, told = town.verify()
    assert code == 0, told


@pytest.mark.faults
def test_a_hundred_acts_sent_from_the_last_to_the_first_are_done_once_or_told_as_conflicts(town: Town) -> None:
    hospital, worker = town.client("hospital"), town.client("pantry")
    ids = refer(hospital, 25)
    queue = [act for id in ids for act in acts_on(id)]
    with FlakyLink(town.port, loses=0.3).open() as link:
        backwards = replay(link, worker, queue[::-1])
        assert statuses(backwards) == {200: 50, 412: 50}
        for key, answer in backwards.items():
            assert answer.status == (412 if key.startswith(("help-", "end-")) else 200), key
        for id in ids:
            assert history_of(hospital, id) == ["requested", "message", "accepted"]
        # A refusal is not kept under its key: what was refused is done when its turn has come, and nothing else twice.
        forwards = replay(link, worker, queue)
    assert statuses(forwards) == {200: 100}
    for id in ids:
        assert history_of(hospital, id) == ["requested", "message", "accepted", "in-progress", "completed"]
    code, told = town.verify()
    assert code == 0, told
