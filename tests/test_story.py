"""The whole loop as it is lived: a server, a worker, a mail server, a receiver, and only HTTP between them."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.parse import urlencode
from urllib.request import Request, urlopen

import orjson
import pytest
from standardwebhooks import Webhook

from benchmarks.serving import free_port
from resource_api.access.client import NewClient, add_client
from resource_api.database import Database
from resource_api.privacy.keyring import load_keyring
from tests.delivery.letterbox import Letterbox, code_in, link_in, receiving_mail
from tests.delivery.receivers import Receivers, receiving
from tests.referrals.world import (
    CRADLE,
    CRADLE_SERVICE,
    DATA_KEYS,
    MEMBERS,
    PANTRY,
    PANTRY_SERVICE,
    PATIENT,
    SECRET,
    make_world,
    named,
    referral_to,
    settings_of,
)

ROOT = Path(__file__).parents[1]
ADDRESS = "referrals@cradle.example"
DONE = {"service_given": True, "need_met": "yes", "date": "2026-04-02", "note": "Two weeks of groceries"}


@dataclass(frozen=True)
class Answer:
    status: int
    headers: dict[str, str]
    json: Any


@dataclass
class Town:
    """Everything that runs."""

    url: str
    receivers: Receivers
    letterbox: Letterbox
    path: Path
    environment: dict[str, str]

    def ask(self, method: str, path: str, body: Any = None, **headers: str) -> Answer:
        data = None if body is None else orjson.dumps(body)
        headers = {"Content-Type": "application/json"} | headers
        request = Request(self.url + path, data, headers, method=method)
        try:
            with urlopen(request, timeout=20) as response:
                return Answer(response.status, dict(response.headers), orjson.loads(response.read() or b"null"))
        except HTTPError as error:
            with error:
                return Answer(error.code, dict(error.headers), orjson.loads(error.read() or b"null"))

    def client(self, name: str) -> "Client":
        """Enrol a client as an operator would, and get its token as the client would."""
        organization, _, role = MEMBERS[name]
        database = Database(f"sqlite:///{self.path}")
        with database.write() as session:
            keyring = load_keyring(settings_of(self.path))
            client, secret = add_client(session, keyring, NewClient(name, role, organization), now=datetime.now(UTC))
            session.commit()
        database.close()
        form = {"grant_type": "client_credentials", "client_id": client.id, "client_secret": secret or ""}
        request = Request(self.url + "/oauth/token", urlencode(form).encode())
        with urlopen(request, timeout=20) as response:
            return Client(self, orjson.loads(response.read())["access_token"])


@dataclass
class Client:
    town: Town
    token: str

    def get(self, path: str) -> Any:
        answer = self.town.ask("GET", path, Authorization=f"Bearer {self.token}")
        assert answer.status == 200, answer
        return answer.json

    def post(self, path: str, body: Any, *, version: int | None = None) -> Any:
        headers = {"Authorization": f"Bearer {self.token}"}
        if version is not None:
            headers["If-Match"] = f'"{version}"'
        answer = self.town.ask("POST", path, body, **headers)
        assert answer.status in (200, 201, 202), answer
        return answer.json


@pytest.fixture
def town(tmp_path: Path) -> Iterator[Town]:
    path, port = tmp_path / "town.db", free_port()
    make_world(path)
    with receiving() as receivers, receiving_mail() as (letterbox, smtp_url):
        environment = os.environ | {
            "DATABASE_URL": f"sqlite:///{path}",
            "INSTANCE_PATH": str(tmp_path),
            "SECRET_KEY": SECRET,
            "DATA_KEYS": DATA_KEYS,
            "EGRESS_ALLOW": f"127.0.0.1:{receivers.port}",
            "SMTP_URL": smtp_url,
            "PUBLIC_URL": f"http://127.0.0.1:{port}",
            "PYTHONPATH": str(ROOT),
        }
        command = [sys.executable, "-m", "resource_api.cli"]
        log = (tmp_path / "log").open("wb")
        running = [
            subprocess.Popen([*command, *arguments], cwd=ROOT, env=environment, stdout=log, stderr=log)
            for arguments in (["serve", "--port", str(port), "--workers", "2"], ["worker"])
        ]
        made = Town(f"http://127.0.0.1:{port}", receivers, letterbox, path, dict(environment))
        try:
            wait_for(lambda: is_up(made))
            yield made
        finally:
            for process in running:
                process.terminate()
            for process in running:
                process.wait(30)
            log.close()
    said = (tmp_path / "log").read_text("utf-8")
    assert '"level":"error"' not in said
    assert not [word for word in ("Quillfeather", "MRN-700177", "555-0177", "groceries") if word in said]


def is_up(town: Town) -> bool:
    try:
        return town.ask("GET", "/readyz").status == 200
    except OSError:
        return False


def wait_for(what: Any, seconds: float = 30.0) -> Any:
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        if found := what():
            return found
        time.sleep(0.05)
    raise TimeoutError("it did not come about")


def heard(town: Town, path: str, id: str) -> list[str]:
    """List what a receiver heard of a referral, each event once and in the order of its first coming."""
    bodies = [one.json for one in town.receivers.at(path)]
    about = [body for body in bodies if body["data"]["referral_id"] == id]
    told = {body["data"]["seq"]: body["type"].removeprefix("referral.") for body in about}
    return list(told.values())


def test_somebody_is_referred_and_helped(town: Town) -> None:
    hospital, pantry = town.client("hospital"), town.client("pantry")
    secret = hospital.post("/webhooks", {"url": town.receivers.url("/hospital")})["secret"]
    pantry.post("/webhooks", {"url": town.receivers.url("/pantry")})

    sent = hospital.post("/referrals", referral_to(PANTRY_SERVICE, consent=named(PANTRY)))
    id = sent["id"]
    wait_for(lambda: heard(town, "/pantry", id) == ["requested"])
    assert pantry.get(f"/referrals/{id}")["patient"] == PATIENT
    pantry.post(f"/referrals/{id}/transitions", {"status": "accepted"}, version=1)
    pantry.post(f"/referrals/{id}/messages", {"text": "Can she come on Monday?"})
    pantry.post(f"/referrals/{id}/transitions", {"status": "in-progress"}, version=2)
    pantry.post(f"/referrals/{id}/transitions", {"status": "completed", "outcome": DONE}, version=3)
    steps = ["requested", "accepted", "message", "in-progress", "completed"]
    wait_for(lambda: heard(town, "/hospital", id) == steps)
    wait_for(lambda: heard(town, "/pantry", id) == steps)
    for received in town.receivers.at("/hospital"):
        Webhook(secret).verify(received.body, received.headers)
    assert hospital.get(f"/referrals/{id}")["outcome"] == DONE

    # Once more, but the pantry has no room: it goes on to the cradle room, which has no system, and answers by e-mail.
    id = hospital.post("/referrals", referral_to(PANTRY_SERVICE, consent=named(PANTRY)))["id"]
    pantry.post(f"/referrals/{id}/transitions", {"status": "rejected", "reason": {"code": "no-capacity"}}, version=1)
    wait_for(lambda: heard(town, "/hospital", id) == ["requested", "rejected"])
    confirm_by_letter(town)
    next_id = hospital.post(f"/referrals/{id}/re-refer", {"service_id": CRADLE_SERVICE, "consent": named(CRADLE)})["id"]
    path = link_in(letter_about(town, "/reply/")).removeprefix(town.url)
    shown = town.ask("GET", path)
    assert (shown.status, shown.json["sender"]) == (200, "General Hospital")
    assert shown.headers["Cache-Control"] == "no-store"
    assert shown.headers["Referrer-Policy"] == "no-referrer"
    assert town.ask("POST", f"{path}/code").status == 202
    code = code_in(letter_about(town, "This code opens"))
    assert town.ask("POST", f"{path}/referral", {"code": code}).json["patient"]["name"] == PATIENT["name"]
    for move in ({"status": "accepted"}, {"status": "in-progress"}, {"status": "completed", "outcome": DONE}):
        answer = town.ask("POST", f"{path}/transitions", {"code": code, **move})
        assert answer.status == 200, answer
    wait_for(lambda: heard(town, "/hospital", next_id)[-1:] == ["completed"])
    assert hospital.get(f"/referrals/{next_id}")["outcome"] == DONE
    everything_sent = b"".join(one.body for one in town.receivers.received)
    everything_sent += "".join(letter.as_string() for letter in town.letterbox.letters).encode()
    assert not [word for word in (b"Quillfeather", b"MRN-700177", b"groceries", b"Monday") if word in everything_sent]
    verified = subprocess.run(
        [sys.executable, "-m", "resource_api.cli", "verify"],
        cwd=ROOT, env=town.environment, capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip
    assert verified.returncode == 0, verified.stdout + verified.stderr


def confirm_by_letter(town: Town) -> None:
    town.client("cradle").post("/referral-addresses", {"email": ADDRESS})
    link = link_in(letter_about(town, "/referral-addresses/confirm/"))
    assert town.ask("POST", link.removeprefix(town.url)).json == {"organization": "Cradle Room", "confirmed": True}


def letter_about(town: Town, words: str) -> str:
    return str(wait_for(lambda: next((t for t in town.letterbox.texts(ADDRESS) if words in t), None)))
