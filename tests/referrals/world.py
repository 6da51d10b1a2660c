"""Two hospitals that send, and the three organizations of the small directory, which are sent to; all with tokens."""

import json
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy.orm import Session
from werkzeug.test import TestResponse

from resource_api import create_app
from resource_api.access.client import NewClient, add_client
from resource_api.access.participant import add_participant
from resource_api.access.policy import Action, Caller, Grants, Role, decide, default_scopes
from resource_api.access.token import issue
from resource_api.api.context import Wiring
from resource_api.database import Database
from resource_api.privacy.keyring import Keyring, load_keyring
from resource_api.settings import Settings
from resource_api.wiring import attach_index
from tests.api.small_directory import id_of, write_small_directory
from tests.databases import make_tables, url_of

NOW = datetime(2026, 4, 1, 12, tzinfo=UTC)
SECRET = "for tests only, and long enough to be taken for one"
DATA_KEYS = "k1:" + "A" * 43 + "="

PANTRY, CRADLE, QUIET = (id_of(name) for name in ("Harbor Pantry", "Cradle Room", "Quiet House"))
PANTRY_SERVICE, CRADLE_SERVICE, QUIET_SERVICE = (
    id_of(f"{name}/service") for name in ("Harbor Pantry", "Cradle Room", "Quiet House")
)
HOSPITAL, CLINIC = id_of("General Hospital"), id_of("Other Clinic")
MEMBERS: dict[str, tuple[str, str, Role]] = {
    "hospital": (HOSPITAL, "General Hospital", "referral_source"),
    "clinic": (CLINIC, "Other Clinic", "referral_source"),
    "pantry": (PANTRY, "Harbor Pantry", "referral_recipient"),
    "cradle": (CRADLE, "Cradle Room", "referral_recipient"),
    "quiet": (QUIET, "Quiet House", "referral_recipient"),
}
PATIENT: dict[str, Any] = {
    "name": {"given": "Zaharakis", "family": "Quillfeather"},
    "birth_date": "1994-02-03",
    "phone": "410-555-0177",
    "email": "zq@quillfeather.example",
    "language": "es",
    "identifiers": [{"system": "urn:mrn:general", "value": "MRN-700177"}],
    "contact_safety": {"call": False, "text": True, "never_say": "why we call, Umberfield"},
}


def settings_of(path: Path) -> Settings:
    return Settings(
        database_url=url_of(path),
        secret_key=SECRET,
        data_keys=DATA_KEYS,
        instance=path.parent,
        log_level="ERROR",
    )


def make_world(path: Path) -> None:
    """Write the small directory, and who takes part, into a new database."""
    database = Database(url_of(path))
    make_tables(database)
    attach_index(database)
    with database.write() as session:
        write_small_directory(session)
        session.commit()
    with database.write() as session:
        keyring = load_keyring(settings_of(path))
        for id, name, role in MEMBERS.values():
            add_participant(session, name, now=NOW, id=id)
            add_client(session, keyring, NewClient(name, role, id), now=NOW)
        session.commit()
    database.close()


def grants_of(name: str, action: Action = "referrals.act", *, test: bool = False) -> Grants:
    """Make what the policy says to a member's client, without a token."""
    organization, _, role = MEMBERS[name]
    return decide(Caller(f"client of {name}", organization, role, default_scopes(role), test=test), action)


@dataclass(frozen=True)
class Asking:
    """One client with its token, asking over HTTP."""

    http: FlaskClient
    token: str

    def get(self, path: str, **more: Any) -> TestResponse:
        return self._ask("GET", path, **more)

    def post(self, path: str, body: Any, **more: Any) -> TestResponse:
        return self._ask("POST", path, json=body, **more)

    def patch(self, path: str, body: Any, **more: Any) -> TestResponse:
        return self._ask("PATCH", path, json=body, **more)

    def delete(self, path: str, **more: Any) -> TestResponse:
        return self._ask("DELETE", path, **more)

    def refer(self, service: str = PANTRY_SERVICE, **more: Any) -> dict[str, Any]:
        """Refer the patient, and get what was answered."""
        answer = self.post("/referrals", referral_to(service, **more))
        assert answer.status_code == 201, answer.text
        return dict(answer.json or {})

    def move(self, id: str, status: str, version: int, **more: Any) -> TestResponse:
        return self.post(f"/referrals/{id}/transitions", {"status": status, **more}, if_match=version)

    def feed(self, *, least: int = 1) -> list[dict[str, Any]]:
        """Read the feed, when it has so many events: it waits for what others write on the same server."""
        until = time.monotonic() + 20
        while len(events := (self.get("/events").json or {})["events"]) < least and time.monotonic() < until:
            time.sleep(0.05)
        return list(events)

    def _ask(
        self, method: str, path: str, *, json: Any = None, if_match: int | None = None, key: str | None = None
    ) -> TestResponse:
        headers = {"Authorization": f"Bearer {self.token}"}
        if if_match is not None:
            headers["If-Match"] = f'"{if_match}"'
        if key is not None:
            headers["Idempotency-Key"] = key
        return self.http.open(path, method=method, json=json, headers=headers)


class World:
    """An application over a database of its own, and everybody who may ask it."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.settings = settings_of(path)
        self.app: Flask = create_app(self.settings)
        self.wiring: Wiring = self.app.extensions["resource_api"]
        self.keyring: Keyring = self.wiring.keyring
        self.database: Database = self.wiring.database

    def asking(self, name: str, **client: Any) -> Asking:
        """Get a token for a member, and ask with it."""
        organization, _, role = MEMBERS[name]
        with self.database.write() as session:
            token = new_token(session, self.keyring, organization, client.pop("role", role), **client)
            session.commit()
        return Asking(self.app.test_client(), token)

    def close(self) -> None:
        self.database.close()


def new_token(session: Session, keyring: Keyring, organization: str | None, role: Role, *, test: bool = False) -> str:
    now = datetime.now(UTC)
    client, _ = add_client(session, keyring, NewClient("in a test", role, organization, test=test), now=now)
    return issue(session, keyring, client, client.scope, now).token


def referral_to(service: str = PANTRY_SERVICE, **more: Any) -> dict[str, Any]:
    return {"service_id": service, "patient": PATIENT} | more


def named(*organizations: str) -> dict[str, Any]:
    """A consent that names organizations."""
    return {"recipients": list(organizations), "evidence": "signed paper, Corbenic shelf"}


def written(value: Any) -> str:
    return json.dumps(value)
