"""The whole loop as it is lived: a server, a worker, a mail server, a receiver, and only HTTP between them."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from standardwebhooks import Webhook

from tests.delivery.letterbox import code_in, link_in
from tests.referrals.conftest import made_world  # noqa: F401 - the world that each town is made of
from tests.referrals.world import (
    CRADLE,
    CRADLE_SERVICE,
    PANTRY,
    PANTRY_SERVICE,
    PATIENT,
    named,
    referral_to,
)
from tests.town.town import Client, Town, living, wait_for

ADDRESS = "referrals@cradle.example"
DONE = {"service_given": True, "need_met": "yes", "date": "2026-04-02", "note": "Two weeks of groceries"}
FULL = {"code": "no-capacity", "text": "Until after Umberfield"}
SECRETS = ("Quillfeather", "MRN-700177", "555-0177", "groceries", "Monday", "Umberfield", "Corbenic")


@pytest.fixture
def town(made_world: Path, tmp_path: Path) -> Iterator[Town]:  # noqa: F811
    with living(made_world, tmp_path) as town:
        yield town
        sent = b"".join(one.body for one in town.receivers.received)
        sent += "".join(letter.as_string() for letter in town.letterbox.letters).encode()
        assert not [word for word in SECRETS if word.encode() in sent]
        code, told = town.verify()
        assert code == 0, told
    said = town.log.read_text("utf-8")
    assert '"level":"error"' not in said
    assert not [word for word in SECRETS if word in said]


def listening(town: Town, name: str) -> tuple[Client, str]:
    """Enrol a client that is told of everything; get it and its webhook's secret."""
    client = town.client(name)
    return client, client.post("/webhooks", {"url": town.receivers.url(f"/{name}")})["secret"]


def test_somebody_is_referred_and_helped(town: Town) -> None:
    (hospital, secret), (pantry, _) = listening(town, "hospital"), listening(town, "pantry")
    id = hospital.post("/referrals", referral_to(PANTRY_SERVICE, consent=named(PANTRY)))["id"]
    wait_for(lambda: town.heard("/pantry", id) == ["requested"])
    assert pantry.get(f"/referrals/{id}")["patient"] == PATIENT
    pantry.post(f"/referrals/{id}/transitions", {"status": "accepted"}, version=1)
    pantry.post(f"/referrals/{id}/messages", {"text": "Can she come on Monday?"})
    pantry.post(f"/referrals/{id}/transitions", {"status": "in-progress"}, version=2)
    pantry.post(f"/referrals/{id}/transitions", {"status": "completed", "outcome": DONE}, version=3)
    steps = ["requested", "accepted", "message", "in-progress", "completed"]
    wait_for(lambda: town.heard("/hospital", id) == steps)
    wait_for(lambda: town.heard("/pantry", id) == steps)
    for received in town.receivers.at("/hospital"):
        Webhook(secret).verify(received.body, received.headers)
    found = hospital.get(f"/referrals/{id}")
    assert (found["status"], found["outcome"]) == ("completed", DONE)
    history = hospital.get(f"/referrals/{id}/events")["events"]
    assert [event["type"].removeprefix("referral.") for event in history] == steps
    fed = wait_for(lambda: len(events := hospital.get("/events")["events"]) >= 5 and events)
    assert [event["seq"] for event in fed if event["referral_id"] == id] == [1, 2, 3, 4, 5]


def test_who_is_turned_away_is_referred_elsewhere_and_helped(town: Town) -> None:
    (hospital, _), (pantry, _), (cradle, _) = (listening(town, name) for name in ("hospital", "pantry", "cradle"))
    id = hospital.post("/referrals", referral_to(PANTRY_SERVICE, consent=named(PANTRY)))["id"]
    pantry.post(f"/referrals/{id}/transitions", {"status": "rejected", "reason": FULL}, version=1)
    wait_for(lambda: town.heard("/hospital", id) == ["requested", "rejected"])
    assert hospital.get(f"/referrals/{id}")["reason"] == FULL
    again = hospital.post(f"/referrals/{id}/re-refer", {"service_id": CRADLE_SERVICE, "consent": named(CRADLE)})["id"]
    wait_for(lambda: town.heard("/cradle", again) == ["requested"])
    assert cradle.get(f"/referrals/{again}")["patient"] == PATIENT
    for version, move in enumerate(moves_to_the_end(), start=1):
        cradle.post(f"/referrals/{again}/transitions", move, version=version)
    wait_for(lambda: town.heard("/hospital", again) == ["requested", "accepted", "in-progress", "completed"])
    found = hospital.get(f"/referrals/{again}")
    assert (found["outcome"], found["replaces_id"]) == (DONE, id)
    assert pantry.ask("GET", f"/referrals/{again}").status == 404
    assert town.heard("/pantry", again) == []


def test_who_has_only_mail_answers_by_its_link(town: Town) -> None:
    hospital, _ = listening(town, "hospital")
    confirm_by_letter(town)
    id = hospital.post("/referrals", referral_to(CRADLE_SERVICE, consent=named(CRADLE)))["id"]
    path = link_in(letter_about(town, "/reply/")).removeprefix(town.url)
    shown = town.ask("GET", path)
    assert (shown.status, shown.json["sender"]) == (200, "General Hospital")
    assert shown.headers["Cache-Control"] == "no-store"
    assert shown.headers["Referrer-Policy"] == "no-referrer"
    assert "Quillfeather" not in str(shown.json)
    assert town.ask("POST", f"{path}/transitions", {"code": "000000", "status": "accepted"}).status in (401, 403, 422)
    assert town.ask("POST", f"{path}/code").status == 202
    code = code_in(letter_about(town, "This code opens"))
    assert town.ask("POST", f"{path}/referral", {"code": code}).json["patient"]["name"] == PATIENT["name"]
    for move in moves_to_the_end():
        answer = town.ask("POST", f"{path}/transitions", {"code": code, **move})
        assert answer.status == 200, answer
    wait_for(lambda: town.heard("/hospital", id) == ["requested", "accepted", "in-progress", "completed"])
    assert hospital.get(f"/referrals/{id}")["outcome"] == DONE
    said = town.log.read_text("utf-8")
    assert re.search(r'"route":"/reply/[<{]', said), "a route with a token is logged by its template"
    assert path.rpartition("/")[2] not in said


def moves_to_the_end() -> list[dict[str, Any]]:
    return [{"status": "accepted"}, {"status": "in-progress"}, {"status": "completed", "outcome": DONE}]


def confirm_by_letter(town: Town) -> None:
    town.client("cradle").post("/referral-addresses", {"email": ADDRESS})
    link = link_in(letter_about(town, "/referral-addresses/confirm/"))
    assert town.ask("POST", link.removeprefix(town.url)).json == {"organization": "Cradle Room", "confirmed": True}


def letter_about(town: Town, words: str) -> str:
    return str(wait_for(lambda: next((t for t in town.letterbox.texts(ADDRESS) if words in t), None)))
