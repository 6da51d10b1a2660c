"""What generated requests are about: a small directory with all that can hang on it, and clients of every role."""

import sqlite3
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from flask import Flask
from sqlalchemy import select
from sqlalchemy.orm import Session

from resource_api import create_app
from resource_api.access.glass import break_glass
from resource_api.access.policy import ROLES, Action, Caller, Role, decide, default_scopes
from resource_api.access.tables import Client
from resource_api.access.token import TOKEN_SECONDS, issue
from resource_api.delivery.address import confirm_address, confirm_token
from resource_api.delivery.reply import derive_code, link_for, send_code
from resource_api.delivery.tables import ReferralAddress, ReplyLink
from resource_api.errors import NotAllowed
from tests.access.delivery_records import grants_of, make_address, make_delivery, make_webhook
from tests.access.directory_records import make_correction
from tests.access.enrol import Enrolled, enrol, in_database, new_address, wiring_of
from tests.api.small_directory import id_of
from tests.referrals.world import (
    CRADLE_SERVICE,
    HOSPITAL,
    PANTRY,
    PANTRY_SERVICE,
    Asking,
    World,
    make_world,
    settings_of,
)

ORGANIZATIONS: dict[Role, str | None] = {
    "referral_source": HOSPITAL,
    "coordinator": HOSPITAL,
    "referral_recipient": PANTRY,
    "steward": PANTRY,
    "auditor": None,
    "admin": None,
}
LONG_AGO = datetime(2000, 1, 1, tzinfo=UTC)
NOUNS: dict[str, list[str]] = {
    "organizations": [id_of(name) for name in ("Harbor Pantry", "Cradle Room", "Quiet House")],
    "services": [id_of(f"{name}/service") for name in ("Harbor Pantry", "Cradle Room", "Quiet House")],
    "service_at_locations": [id_of(f"{name}/site") for name in ("Harbor Pantry", "Cradle Room", "Quiet House")],
    "locations": [id_of(f"{name}/location") for name in ("Harbor Pantry", "Cradle Room", "Quiet House")],
    "taxonomies": [id_of("taxonomy")],
    "taxonomy_terms": [id_of("Food pantry"), id_of("Diapers")],
}


@dataclass
class Asked:
    """An application over a database that each operation finds as it was made."""

    app: Flask
    path: Path
    clients: dict[Role, Enrolled] = field(default_factory=dict)
    # By the first part of a path: what stands there; and of webhooks and deliveries, each client's own.
    ids: dict[str, list[str]] = field(default_factory=dict)
    own: dict[tuple[str, Role], list[str]] = field(default_factory=dict)
    tokens: dict[Role, str] = field(default_factory=dict)
    until: datetime = LONG_AGO
    link: str = ""
    code: str = ""

    @property
    def made(self) -> Path:
        return self.path.with_name("made.db")

    def begin(self) -> None:
        """Make the database as it was."""
        with closing(sqlite3.connect(self.made)) as made, closing(sqlite3.connect(self.path)) as found:
            made.backup(found)
        self.renew()

    def renew(self) -> None:
        """Give every client a new token, and the holder of the link a new code."""
        now, keyring = datetime.now(UTC), wiring_of(self.app).keyring

        def change(session: Session) -> None:
            for role, client in self.clients.items():
                row = session.get_one(Client, client.client_id)
                self.tokens[role] = issue(session, keyring, row, row.scope, now).token
            break_glass(
                session, keyring, grants_of(self.clients["admin"], "glass.break"), "In an emergency", 30, now=now
            )
            link = session.scalars(select(ReplyLink)).one()
            send_code(session, keyring, link, now=now)
            self.code = derive_code(keyring, link)

        in_database(self.app, change)
        self.until = now + timedelta(seconds=TOKEN_SECONDS / 2)

    def token(self, role: Role) -> str:
        if datetime.now(UTC) > self.until:
            self.renew()
        return self.tokens[role]

    def ids_for(self, noun: str, role: Role | None) -> list[str]:
        return (self.own.get((noun, role)) if role else None) or self.ids.get(noun, [])


def roles_for(action: Action) -> list[Role]:
    """List the roles that may do this; an administrator has broken the glass."""
    return [role for role in ROLES if role in ORGANIZATIONS and _may(role, action)]


def _may(role: Role, action: Action) -> bool:
    caller = Caller("c", ORGANIZATIONS[role], role, frozenset(default_scopes(role)), glass_broken=role == "admin")
    try:
        decide(caller, action)
    except NotAllowed:
        return False
    return True


def describe(folder: Path) -> Asked:
    """Make an application that can be described, and as yet has no database."""
    app = create_app(settings_of(folder / "asked.db"))
    answer = app.wsgi_app

    def from_somewhere_new(environ: Any, start: Any) -> Any:
        # How often one address may ask, or fail, is tested elsewhere.
        return answer(environ | new_address(), start)

    app.wsgi_app = from_somewhere_new  # type: ignore[method-assign]
    return Asked(app, folder / "asked.db")


def fill(asked: Asked) -> None:
    """Make the database, with at least one of everything."""
    make_world(asked.path)
    app = asked.app
    asked.clients = {role: enrol(app, role, organization) for role, organization in ORGANIZATIONS.items()}
    asked.ids = dict(NOUNS)
    for role in roles_for("webhooks.manage"):
        client = asked.clients[role]
        asked.own["webhooks", role] = [make_webhook(app, client) for _ in range(2)]
        asked.own["webhook-deliveries", role] = [make_delivery(app, client) for _ in range(2)]
    recipient = asked.clients["referral_recipient"]
    asked.ids["referral-addresses"] = [make_address(app, recipient) for _ in range(2)]
    asked.ids["corrections"] = [make_correction(app, PANTRY_SERVICE) for _ in range(2)]
    asked.ids["referrals"] = referrals = _refer(asked)
    requested, accepted, _, cancelled, *_, offered = referrals
    # Where an act is possible.
    asked.ids |= {f"referrals/{act}": [requested] for act in ("reassign", "split", "transitions", "messages")}
    asked.ids |= {"referrals/claim": [offered], "referrals/appointments": [accepted], "referrals/re-refer": [cancelled]}
    in_database(app, lambda session: _link(asked, session))
    with closing(sqlite3.connect(asked.path)) as found, closing(sqlite3.connect(asked.made)) as made:
        found.backup(made)


def _refer(asked: Asked) -> list[str]:
    world = World(asked.path)
    hospital, pantry = world.asking("hospital"), world.asking("pantry")
    outcome = {"service_given": True, "need_met": "yes", "date": "2026-04-01"}
    requested = hospital.refer(allow_duplicate=True)["id"]
    accepted = _accepted(hospital, pantry)
    completed = _accepted(hospital, pantry)
    pantry.move(completed, "completed", 2, outcome=outcome)
    cancelled = hospital.refer(allow_duplicate=True)["id"]
    hospital.move(cancelled, "cancelled", 1, reason={"code": "no-longer-needed"})
    revoked = _accepted(hospital, pantry)
    hospital.delete(f"/referrals/{revoked}/consent")
    given_away = hospital.refer(allow_duplicate=True)["id"]
    hospital.post(f"/referrals/{given_away}/reassign", {"service_id": CRADLE_SERVICE}, if_match=1)
    pool = {"need": "food-pantry", "place": "21215", "patient": {"name": {"given": "A", "family": "B"}}}
    offered = (hospital.post("/referrals", pool).json or {})["id"]
    world.close()
    return [requested, accepted, completed, cancelled, revoked, given_away, offered]


def _accepted(hospital: Asking, pantry: Asking) -> str:
    id: str = hospital.refer(allow_duplicate=True)["id"]
    assert pantry.move(id, "accepted", 1).status_code == 200
    return id


def _link(asked: Asked, session: Session) -> None:
    """Confirm one address, and send it a link; the other waits to be confirmed."""
    now, keyring = datetime.now(UTC), wiring_of(asked.app).keyring
    first, second = (session.get_one(ReferralAddress, id) for id in asked.ids["referral-addresses"])
    confirm_address(session, keyring, confirm_token(keyring, first), now=now)
    _, asked.link = link_for(session, keyring, asked.ids["referrals"][0], first.id, now=now)
    asked.ids["reply"] = [asked.link]
    asked.ids["referral-addresses/confirm"] = [confirm_token(keyring, second)]


def headers_of(asked: Asked, role: Role) -> Mapping[str, str]:
    return {"Authorization": f"Bearer {asked.token(role)}"}
