"""Webhooks, deliveries and addresses, of a caller and of others, for the table of routes."""

from datetime import UTC, datetime
from uuid import uuid4

from flask import Flask
from sqlalchemy import insert
from sqlalchemy.orm import Session

from resource_api.access.policy import Action, Caller, Grants, default_scopes
from resource_api.delivery.address import register_address
from resource_api.delivery.endpoint import register_endpoint
from resource_api.delivery.outbox import TEST_CALL, pending
from resource_api.delivery.tables import Delivery
from tests.access.enrol import Enrolled, enrol, in_database, wiring_of


def grants_of(caller: Enrolled, action: Action) -> Grants:
    who = Caller(caller.client_id, caller.organization_id, caller.role, default_scopes(caller.role))
    return Grants(who, action)


def make_webhook(app: Flask, caller: Enrolled, word: str = "") -> str:
    def make(session: Session) -> str:
        endpoint, _ = register_endpoint(
            session,
            wiring_of(app).keyring,
            grants_of(caller, "webhooks.manage"),
            url=f"https://example.org/{word}{uuid4()}",
            types=("*",),
            signing="v1",
            test=False,
            now=datetime.now(UTC),
        )
        return endpoint.id

    return str(in_database(app, make))


def make_delivery(app: Flask, caller: Enrolled) -> str:
    """Make a dead delivery to a webhook of a client."""
    row = pending(f"endpoint:{make_webhook(app, caller)}", TEST_CALL, now=datetime.now(UTC), state="dead", reason="x")
    in_database(app, lambda session: session.execute(insert(Delivery), [row]))
    return str(row["id"])


def make_address(app: Flask, caller: Enrolled, word: str = "") -> str:
    def make(session: Session) -> str:
        grants, email = grants_of(caller, "addresses.manage"), f"{word}{uuid4()}@example.org"
        keyring, now = wiring_of(app).keyring, datetime.now(UTC)
        return register_address(session, keyring, grants, email=email, language="en", now=now).id

    return str(in_database(app, make))


def others_of(app: Flask, caller: Enrolled) -> dict[str, Enrolled]:
    """Enrol those whose records a client may not know of: its own organization's other client, and another's."""
    return {
        "same organization": enrol(app, caller.role, caller.organization_id),
        "other": enrol(app, caller.role),
    }
