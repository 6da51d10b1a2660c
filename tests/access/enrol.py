"""Clients for tests: an organization and a client of it, enrolled as an operator would."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import count
from typing import Any

from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy.orm import Session
from werkzeug.test import TestResponse

from resource_api.access.client import NewClient, add_client
from resource_api.access.participant import add_participant
from resource_api.access.policy import WITHOUT_ORGANIZATION, Role
from resource_api.api.context import Wiring

_addresses = count(1)


@dataclass(frozen=True, slots=True)
class Enrolled:
    client_id: str
    secret: str
    organization_id: str | None
    role: Role


def wiring_of(app: Flask) -> Wiring:
    wiring: Wiring = app.extensions["resource_api"]
    return wiring


def enrol(app: Flask, role: Role = "referral_source", organization_id: str | None = None, **more: Any) -> Enrolled:
    """Enrol a client: of the organization given, else of one of its own."""
    wiring, now = wiring_of(app), datetime.now(UTC)
    with wiring.database.write() as session:
        if organization_id is None and role not in WITHOUT_ORGANIZATION:
            organization_id = add_participant(session, f"Organization of a {role}", now=now)
        if role == "reader":
            more.setdefault("origins", ("https://pages.example.org",))
        new = NewClient(f"a {role}", role, organization_id, **more)
        client, secret = add_client(session, wiring.keyring, new, now=now)
        session.commit()
    return Enrolled(client.id, secret or "", organization_id, role)


def ask_token(client: FlaskClient, form: dict[str, Any], **more: Any) -> TestResponse:
    """Ask for a token, each time from another address: how often one address may fail is tested elsewhere."""
    return client.post(
        "/oauth/token", data={"grant_type": "client_credentials"} | form, environ_overrides=new_address(), **more
    )


def new_address() -> dict[str, str]:
    """Ask from an address that nobody has asked from."""
    n = next(_addresses)
    return {"REMOTE_ADDR": f"10.{n >> 16 & 255}.{n >> 8 & 255}.{n & 255}"}


def get_token(client: FlaskClient, enrolled: Enrolled, **form: str) -> str:
    answer = ask_token(client, form, auth=(enrolled.client_id, enrolled.secret))
    assert answer.status_code == 200, answer.json
    token: str = answer.json["access_token"]
    return token


def bearer(client: FlaskClient, enrolled: Enrolled) -> dict[str, str]:
    """The header of a request by an enrolled client."""
    return {"Authorization": f"Bearer {get_token(client, enrolled)}"}


def in_database(app: Flask, change: Callable[[Session], Any]) -> Any:
    """Do something in a database, and commit it."""
    with wiring_of(app).database.write() as session:
        done = change(session)
        session.commit()
    return done
