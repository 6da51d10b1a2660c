"""WHO TAKES PART: organizations, their clients, and what these have proved."""

from datetime import datetime

from sqlalchemy import ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from resource_api.database import Base


class Participant(Base):
    """An organization that takes part in referrals: one of the directory (the same id), or one never published."""

    __tablename__ = "participant"

    id: Mapped[str] = mapped_column(primary_key=True)
    name: Mapped[str]
    created_at: Mapped[datetime]
    # Days after its end that a referral of this organization is kept readable; None: for good.
    retention_days: Mapped[int | None]


class Client(Base):
    """A system or an app that calls the API for a participant, in one role.

    `test`: it is for trying things out; test referrals reach only such clients' endpoints. `origins`: the only web
    origins that a reader's publishable key is for.
    """

    __tablename__ = "client"

    id: Mapped[str] = mapped_column(primary_key=True)
    name: Mapped[str]
    participant_id: Mapped[str | None] = mapped_column(ForeignKey("participant.id"), index=True)
    role: Mapped[str]
    scope: Mapped[str]
    origins: Mapped[str] = mapped_column(default="")
    jwks: Mapped[str | None]
    jwks_url: Mapped[str | None]
    test: Mapped[bool] = mapped_column(default=False)
    created_at: Mapped[datetime]
    revoked_at: Mapped[datetime | None]


class ClientSecret(Base):
    """A secret of a client, hashed; a client has two at most that are live."""

    __tablename__ = "client_secret"

    id: Mapped[int] = mapped_column(primary_key=True)
    client_id: Mapped[str] = mapped_column(ForeignKey("client.id"), index=True)
    hash: Mapped[str]
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime | None]


class AccessToken(Base):
    """An opaque token, by its hash; `id` is what logs and audits may say of it."""

    __tablename__ = "access_token"

    hash: Mapped[str] = mapped_column(primary_key=True)
    id: Mapped[str] = mapped_column(unique=True)
    client_id: Mapped[str] = mapped_column(ForeignKey("client.id"), index=True)
    scope: Mapped[str]
    issued_at: Mapped[datetime]
    expires_at: Mapped[datetime] = mapped_column(index=True)


class SeenAssertion(Base):
    """The `jti` of an assertion that was used: once, for all workers."""

    __tablename__ = "seen_assertion"

    client_id: Mapped[str] = mapped_column(primary_key=True)
    jti_hash: Mapped[str] = mapped_column(primary_key=True)
    expires_at: Mapped[datetime] = mapped_column(index=True)


class FetchedKeys(Base):
    """The JWKS last fetched from a client's URL; `body` None where that failed.

    `asked_at`: when somebody last took the turn to ask; later than `fetched_at` while no answer has come.
    """

    __tablename__ = "fetched_keys"

    client_id: Mapped[str] = mapped_column(ForeignKey("client.id"), primary_key=True)
    body: Mapped[str | None]
    asked_at: Mapped[datetime]
    fetched_at: Mapped[datetime]
    fresh_until: Mapped[datetime]


class BrokenGlass(Base):
    """An administrator's emergency access to what is secret: for a reason, for a while."""

    __tablename__ = "broken_glass"

    id: Mapped[str] = mapped_column(primary_key=True)
    client_id: Mapped[str] = mapped_column(ForeignKey("client.id"), index=True)
    # Sealed by the keyring: people write names into reasons.
    reason: Mapped[bytes]
    since: Mapped[datetime]
    until: Mapped[datetime]


class Rate(Base):
    """How often something was done in one window of time, counted for all workers."""

    __tablename__ = "rate"

    name: Mapped[str] = mapped_column(primary_key=True)
    window: Mapped[int] = mapped_column(primary_key=True)
    count: Mapped[int]
    expires_at: Mapped[datetime] = mapped_column(index=True)
