"""Clients say where they are told, hear of each step, and send again what did not arrive."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import update
from standardwebhooks import Webhook
from werkzeug.test import TestResponse

from resource_api.delivery.tables import Delivery
from tests.api.delivering import DeliveringWorld, delivering
from tests.databases import copy_database, drop_database
from tests.delivery.receivers import answer
from tests.referrals.conftest import made_world  # noqa: F401 - the world that each one here is copied from
from tests.referrals.world import PANTRY, PANTRY_SERVICE, Asking, named


@pytest.fixture
def world(made_world: Path, tmp_path: Path) -> Iterator[DeliveringWorld]:  # noqa: F811
    path = copy_database(made_world, tmp_path / "world")
    with delivering(path) as world:
        yield world
    drop_database(path)


@pytest.fixture
def hospital(world: DeliveringWorld) -> Asking:
    return world.asking("hospital")


@pytest.fixture
def pantry(world: DeliveringWorld) -> Asking:
    return world.asking("pantry")


def register(asking: Asking, url: str, **more: Any) -> dict[str, Any]:
    made = asking.post("/webhooks", {"url": url, **more})
    assert made.status_code == 201, made.text
    return dict(made.json or {})


def deliveries(asking: Asking, **query: str) -> list[dict[str, Any]]:
    answered = asking.get("/webhook-deliveries?" + "&".join(f"{k}={v}" for k, v in query.items()))
    assert answered.status_code == 200, answered.text
    return list((answered.json or {})["deliveries"])


def told(world: DeliveringWorld, path: str) -> list[tuple[str, int]]:
    return [(one.json["type"].removeprefix("referral."), one.json["data"]["seq"]) for one in world.receivers.at(path)]


def test_both_sides_hear_of_each_step_in_order(
    world: DeliveringWorld, hospital: Asking, pantry: Asking, capfd: pytest.CaptureFixture[str]
) -> None:
    secret = register(hospital, world.receivers.url("/hospital"))["secret"]
    register(pantry, world.receivers.url("/pantry"), types=["referral.requested", "referral.message"])
    id = hospital.refer(consent=named(PANTRY))["id"]
    world.work()
    pantry.move(id, "accepted", 1)
    pantry.post(f"/referrals/{id}/messages", {"text": "Can she come on Monday?"})
    world.work()
    assert told(world, "/hospital") == [("requested", 1), ("accepted", 2), ("message", 3)]
    assert told(world, "/pantry") == [("requested", 1), ("message", 3)]
    for received in world.receivers.at("/hospital"):
        assert Webhook(secret).verify(received.body, received.headers)["data"]["referral_id"] == id
        assert b"Quillfeather" not in received.body
    assert [d["state"] for d in deliveries(hospital)] == ["delivered"] * 3
    assert "Quillfeather" not in capfd.readouterr().out


def test_a_webhook_is_shown_listed_rotated_tested_and_removed(world: DeliveringWorld, hospital: Asking) -> None:
    made = register(hospital, world.receivers.url("/hook"), types=["referral.accepted"], signing="v1a")
    assert made["public_key"].startswith("whpk_")
    assert "secret" not in made
    shown = hospital.get(f"/webhooks/{made['id']}")
    assert shown.headers["Cache-Control"] == "no-store"
    assert shown.json == {key: value for key, value in made.items() if key != "public_key"}
    assert (hospital.get("/webhooks").json or {})["webhooks"] == [shown.json]
    rotated = hospital.post(f"/webhooks/{made['id']}/rotate", None).json or {}
    assert rotated["public_key"] != made["public_key"]
    called = hospital.post(f"/webhooks/{made['id']}/test", None)
    assert called.status_code == 202
    world.work()
    [received] = world.receivers.at("/hook")
    assert received.id == (called.json or {})["delivery_id"]
    assert (received.json["type"], received.json["data"]) == ("endpoint.test", {})
    assert len(received.headers["webhook-signature"].split()) == 2
    assert hospital.delete(f"/webhooks/{made['id']}").status_code == 204
    assert hospital.get(f"/webhooks/{made['id']}").status_code == 404
    assert (hospital.get("/webhooks").json or {})["webhooks"] == []


@pytest.mark.parametrize(
    "url",
    [
        "http://example.org/hook",
        "https://127.0.0.1/hook",
        "https://169.254.169.254/latest",
        "https://user:pass@example.org/",
        "https://[::1]/",
        "ftp://example.org/",
        "https://localhost/",
        "https://0x7f000001/",
        "nonsense",
    ],
)
def test_a_url_that_leads_inside_or_nowhere_is_no_webhook(hospital: Asking, url: str) -> None:
    refused = hospital.post("/webhooks", {"url": url})
    assert refused.status_code == 422
    assert [error["field"] for error in (refused.json or {})["errors"]] == ["url"]


def test_a_client_has_twenty_webhooks_at_most(world: DeliveringWorld, hospital: Asking) -> None:
    for number in range(20):
        register(hospital, world.receivers.url(f"/{number}"))
    assert hospital.post("/webhooks", {"url": world.receivers.url("/more")}).status_code == 409


def test_one_clients_webhooks_are_no_others(world: DeliveringWorld, hospital: Asking, pantry: Asking) -> None:
    id = register(hospital, world.receivers.url("/hook"))["id"]
    hospital.post(f"/webhooks/{id}/test", None)
    [delivery] = deliveries(hospital)
    asked: list[TestResponse] = [
        pantry.get(f"/webhooks/{id}"),
        pantry.delete(f"/webhooks/{id}"),
        pantry.post(f"/webhooks/{id}/test", None),
        pantry.post(f"/webhooks/{id}/rotate", None),
        pantry.post(f"/webhooks/{id}/enable", None),
        pantry.post(f"/webhook-deliveries/{delivery['id']}/replay", None),
    ]
    assert [answer.status_code for answer in asked] == [404] * len(asked)
    assert deliveries(pantry) == []
    assert world.asking("hospital").get(f"/webhooks/{id}").status_code == 404, "nor those of the same organization's"


def test_dead_letters_are_listed_and_replayed_one_or_many(world: DeliveringWorld, hospital: Asking) -> None:
    id = register(hospital, world.receivers.url("/hook"))["id"]
    world.receivers.behaviours["/hook"] = answer(500)
    for _ in range(5):
        hospital.post(f"/webhooks/{id}/test", None)
    with world.database.write() as session:
        session.execute(update(Delivery).values(state="dead", reason="status-500", attempts=10))
        session.commit()
    world.receivers.behaviours["/hook"] = answer(200)
    dead = deliveries(hospital, state="dead")
    assert len(dead) == 5
    page = hospital.get("/webhook-deliveries?state=dead&limit=2").json or {}
    rest = hospital.get(f"/webhook-deliveries?state=dead&limit=200&cursor={page['next_cursor']}").json or {}
    assert page["deliveries"] + rest["deliveries"] == dead
    assert "next_cursor" not in rest
    assert hospital.post(f"/webhook-deliveries/{dead[0]['id']}/replay", None).status_code == 202
    assert hospital.post(f"/webhook-deliveries/{dead[0]['id']}/replay", None).status_code == 409, "it is pending now"
    none = hospital.post("/webhook-deliveries/replay", {"until": "2020-01-01T00:00:00Z"})
    assert none.json == {"replayed": 0, "more": False}
    others = hospital.post("/webhook-deliveries/replay", {"webhook_id": id, "since": "2020-01-01T00:00:00Z"})
    assert others.json == {"replayed": 4, "more": False}
    world.work()
    assert {one.id for one in world.receivers.at("/hook")} == {one["id"] for one in dead}
    assert {d["state"] for d in deliveries(hospital)} == {"delivered"}


def test_a_webhook_that_answered_410_says_so_and_is_taken_up_again(world: DeliveringWorld, hospital: Asking) -> None:
    id = register(hospital, world.receivers.url("/hook"))["id"]
    world.receivers.behaviours["/hook"] = answer(410)
    hospital.refer()
    world.work()
    assert (hospital.get(f"/webhooks/{id}").json or {})["disabled_reason"] == "gone"
    assert hospital.post(f"/webhooks/{id}/test", None).status_code == 409
    world.receivers.behaviours["/hook"] = answer(200)
    assert "disabled_at" not in (hospital.post(f"/webhooks/{id}/enable", None).json or {})
    world.work()
    assert [d["state"] for d in deliveries(hospital)] == ["delivered"]


def test_what_is_queued_when_a_consent_ends_is_not_told_but_that_it_ended_is(
    world: DeliveringWorld, hospital: Asking, pantry: Asking
) -> None:
    register(pantry, world.receivers.url("/pantry"))
    id = hospital.refer(PANTRY_SERVICE, consent=named(PANTRY))["id"]
    hospital.post(f"/referrals/{id}/messages", {"text": "She moved to Umberfield"})
    revoked = hospital.delete(f"/referrals/{id}/consent")
    assert revoked.status_code == 200, revoked.text
    world.work()
    assert [type for type, _ in told(world, "/pantry")] == ["consent-revoked"]
    states = {d["type"]: (d["state"], d.get("reason")) for d in deliveries(pantry)}
    assert states["referral.requested"] == states["referral.message"] == ("cancelled", "consent-over")
