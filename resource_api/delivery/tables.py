"""WHO IS TOLD, AND WHAT IS STILL TO BE TOLD."""

from datetime import datetime

from sqlalchemy import ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

import resource_api.access.tables  # noqa: F401 - which its keys lead to
from resource_api.database import Base


class Endpoint(Base):
    """A URL that a client wants events sent to.

    `types` are event types separated by spaces, `*` for all. Secrets are sealed; the one before is signed with too
    until `previous_until`, so that a receiver can change over. `enabled_at`: since when again,
    where it was disabled for a while.
    """

    __tablename__ = "endpoint"

    id: Mapped[str] = mapped_column(primary_key=True)
    client_id: Mapped[str] = mapped_column(ForeignKey("client.id"), index=True)
    participant_id: Mapped[str | None] = mapped_column(ForeignKey("participant.id"), index=True)
    url: Mapped[str]
    types: Mapped[str]
    signing: Mapped[str]
    secret: Mapped[bytes]
    previous_secret: Mapped[bytes | None]
    previous_until: Mapped[datetime | None]
    test: Mapped[bool] = mapped_column(default=False)
    created_at: Mapped[datetime]
    enabled_at: Mapped[datetime | None]
    disabled_at: Mapped[datetime | None]
    disabled_reason: Mapped[str | None]


class ReferralAddress(Base):
    """An e-mail address at which an organization without a system takes referrals, once its holder has confirmed it."""

    __tablename__ = "referral_address"
    __table_args__ = (UniqueConstraint("participant_id", "email"),)

    id: Mapped[str] = mapped_column(primary_key=True)
    participant_id: Mapped[str] = mapped_column(ForeignKey("participant.id"), index=True)
    email: Mapped[str]
    language: Mapped[str] = mapped_column(default="en")
    # Of the link by which its holder confirms it; the token itself is derived, never stored.
    token_hash: Mapped[str] = mapped_column(unique=True)
    created_at: Mapped[datetime]
    confirmed_at: Mapped[datetime | None]
    removed_at: Mapped[datetime | None]


class Delivery(Base):
    """One thing to be told to one endpoint or address.

    `state`: pending, delivered, dead (given up, may be replayed), parked (its endpoint is disabled), cancelled (no
    longer permitted). `replayed_at`: somebody asked for it once more, so it may come after later ones. `id` is the
    `webhook-id` of every attempt. A referral's deliveries to one target go in the order of `seq`; those of no referral
    (a test call, a confirmation, a code) have none.
    """

    __tablename__ = "delivery"
    __table_args__ = (
        Index("ix_delivery_state_target_next_at", "state", "target", "next_at"),
        # Also how the earlier ones of a referral are found.
        UniqueConstraint("target", "referral_id", "seq", "type"),
    )

    id: Mapped[str] = mapped_column(primary_key=True)
    # "endpoint:<id>" or "address:<id>": what order is kept for, and what its deliveries are found by.
    target: Mapped[str]
    endpoint_id: Mapped[str | None] = mapped_column(ForeignKey("endpoint.id"))
    address_id: Mapped[str | None] = mapped_column(ForeignKey("referral_address.id"))
    type: Mapped[str]
    referral_id: Mapped[str | None]
    seq: Mapped[int | None]
    version: Mapped[int | None]
    # What else a message needs, never PHI: JSON.
    detail: Mapped[str | None]
    created_at: Mapped[datetime]
    happened_at: Mapped[datetime]
    state: Mapped[str]
    reason: Mapped[str | None]
    attempts: Mapped[int] = mapped_column(default=0)
    next_at: Mapped[datetime]
    leased_by: Mapped[str | None]
    leased_until: Mapped[datetime | None]
    last_status: Mapped[int | None]
    delivered_at: Mapped[datetime | None]
    replayed_at: Mapped[datetime | None]


class ReplyLink(Base):
    """A link by which the holder of an address may answer one referral; its token is derived, never stored."""

    __tablename__ = "reply_link"

    id: Mapped[str] = mapped_column(primary_key=True)
    token_hash: Mapped[str] = mapped_column(unique=True)
    referral_id: Mapped[str] = mapped_column(index=True)
    address_id: Mapped[str] = mapped_column(ForeignKey("referral_address.id"), index=True)
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    revoked_at: Mapped[datetime | None]
    # The code last sent: hashed, ten minutes, five tries; and until when a right one opens the referral.
    code_hash: Mapped[str | None]
    code_expires_at: Mapped[datetime | None]
    code_tries: Mapped[int] = mapped_column(default=0)


class Job(Base):
    """A job of the workers: whose turn it is until when, and when it was last done."""

    __tablename__ = "job"

    name: Mapped[str] = mapped_column(primary_key=True)
    leased_by: Mapped[str | None]
    leased_until: Mapped[datetime | None]
    done_at: Mapped[datetime | None]
