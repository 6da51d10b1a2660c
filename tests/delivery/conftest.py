"""A small world that things happen in: participants, their clients and endpoints, and a postman to tell them."""

import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from resource_api.access.policy import Caller, Grants, default_scopes
from resource_api.access.tables import Client, Participant
from resource_api.database import Database
from resource_api.delivery.endpoint import register_endpoint
from resource_api.delivery.outbox import Happened, tell
from resource_api.delivery.sign import Signing, SigningKey
from resource_api.delivery.tables import Delivery, Endpoint
from resource_api.postman import Postman
from resource_api.privacy.keyring import Keyring
from resource_api.settings import Settings
from tests.databases import Kind, drop_database, url_of
from tests.delivery.receivers import Clock, Receivers, receiving

NOW = datetime(2026, 11, 1, 12, tzinfo=UTC)


@pytest.fixture
def keyring() -> Keyring:
    return Keyring("s" * 40, {"k1": b"k" * 32})


@pytest.fixture
def database(database_kind: Kind, tmp_path: Path) -> Iterator[Database]:
    path = database_kind.new(tmp_path / "delivery")
    database = Database(url_of(path))
    yield database
    database.close()
    drop_database(path)


@pytest.fixture
def receivers() -> Iterator[Receivers]:
    with receiving() as receivers:
        yield receivers


@dataclass
class World:
    """Everything that a test of delivery needs at hand."""

    database: Database
    keyring: Keyring
    settings: Settings
    path: Path
    clock: Clock = field(default_factory=Clock)
    forbidden: dict[tuple[str, str], str] = field(default_factory=dict)

    def permitted(self, _session: Session, referral_id: str, participant_id: str, _type: str) -> str | None:
        return self.forbidden.get((referral_id, participant_id))

    def participant(self, name: str = "Harbor Pantry") -> Grants:
        """Add an organization with a recipient's client; get what that client may do."""
        organization, client = str(uuid.uuid4()), str(uuid.uuid4())
        with self.database.write() as session:
            session.add(Participant(id=organization, name=name, created_at=NOW))
            session.flush()
            session.add(
                Client(
                    id=client,
                    name=name,
                    participant_id=organization,
                    role="referral_recipient",
                    scope="",
                    created_at=NOW,
                )
            )
            session.commit()
        caller = Caller(client, organization, "referral_recipient", default_scopes("referral_recipient"))
        return Grants(caller, "webhooks.manage", as_recipient=True)

    def endpoint(
        self, grants: Grants, url: str, *, types: tuple[str, ...] = ("*",), signing: Signing = "v1", test: bool = False
    ) -> tuple[Endpoint, SigningKey]:
        with self.database.write() as session:
            made = register_endpoint(
                session, self.keyring, grants, url=url, types=types, signing=signing, test=test, now=NOW
            )
            session.commit()
        return made

    def endpoint_of(self, grants: Grants) -> str:
        with self.database.read() as session:
            return session.scalars(select(Endpoint.id).where(Endpoint.client_id == grants.caller.client_id)).one()

    def happen(
        self, grants: Grants, referral_id: str, seqs: range | tuple[int, ...], type: str = "referral.accepted"
    ) -> int:
        """Let things happen to a referral of an organization."""
        told = 0
        with self.database.write() as session:
            for seq in seqs:
                happened = Happened(type, referral_id, seq, seq, self.clock(), test=False)
                told += tell(session, happened, [str(grants.organization_id)], now=self.clock())
            session.commit()
        return told

    def postman(self) -> Postman:
        return Postman(self.database, self.keyring, self.settings, self.permitted, clock=self.clock)

    def deliver(self) -> None:
        postman = self.postman()
        postman.deliver_all()
        postman.close()

    def deliveries(self) -> list[Delivery]:
        with self.database.read() as session:
            return list(session.scalars(select(Delivery).order_by(Delivery.created_at, Delivery.seq, Delivery.target)))


@pytest.fixture
def world(database: Database, keyring: Keyring, receivers: Receivers, tmp_path: Path) -> World:
    settings = Settings(
        database_url=database.url.render_as_string(hide_password=False),
        public_url="https://help.example.org",
        egress_allow=(f"127.0.0.1:{receivers.port}",),
    )
    (path,) = {*tmp_path.glob("delivery.db"), *tmp_path.glob("delivery.pg")}
    return World(database, keyring, settings, path)
