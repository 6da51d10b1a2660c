"""WHAT IS KEPT OF A REFERRAL: plain codes and organizations, sealed people and words, and all that happened.

Columns that hold bytes are sealed with the referral's own data key (`privacy.keyring.RecordKey`), as JSON or text.
"""

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from resource_api.database import COUNT, Base

# SQLite keeps such a table in its primary key: one page less for each row that a writer adds.
_IN_ITS_INDEX = {"sqlite_with_rowid": False}


_WAITS_FOR_AN_ANSWER = "status = 'requested' AND reminded_at IS NULL AND respond_by IS NOT NULL"


def _where(condition: str) -> dict[str, Any]:
    # PostgreSQL's dialect is named nowhere: to check what is said of it, SQLAlchemy would load it at every start.
    return {"sqlite_where": text(condition)}


class Referral(Base):
    """Who was sent where; a projection of its events.

    `version` is the ETag and moves when the referral's own fields do; `seq` counts every event, without gaps. An
    unowned referral is in the pool: any eligible organization may claim it. `data_key` None: it was shredded.
    """

    __tablename__ = "referral"
    __table_args__ = (
        Index("ix_referral_requester_id_updated_at_id", "requester_id", "updated_at", "id"),
        Index("ix_referral_owner_id_updated_at_id", "owner_id", "updated_at", "id"),
        # Partial where few rows are ever looked for: an index costs every writer a page.
        Index("ix_referral_due", "respond_by", **_where(_WAITS_FOR_AN_ANSWER)),
        Index("ix_referral_ended", "requester_id", "closed_at", **_where("closed_at IS NOT NULL")),
    )

    id: Mapped[str] = mapped_column(primary_key=True)
    status: Mapped[str]
    version: Mapped[int]
    seq: Mapped[int]
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]
    closed_at: Mapped[datetime | None]

    requester_id: Mapped[str]
    requester_client_id: Mapped[str]
    owner_id: Mapped[str | None]
    service_id: Mapped[str | None]
    service_at_location_id: Mapped[str | None]
    # The need asked for where no service was named, and where: the first three digits of the ZIP alone are plain.
    need: Mapped[str | None]
    zip3: Mapped[str | None]
    age_band: Mapped[str | None]
    language: Mapped[str | None]
    needs: Mapped[str] = mapped_column(default="")
    codes: Mapped[str] = mapped_column(default="")
    sensitive: Mapped[bool] = mapped_column(default=False)
    priority: Mapped[str]
    respond_by: Mapped[datetime | None]
    reminded_at: Mapped[datetime | None]
    test: Mapped[bool] = mapped_column(default=False)

    reason_code: Mapped[str | None]
    service_given: Mapped[bool | None]
    need_met: Mapped[str | None]
    outcome_date: Mapped[str | None]

    parent_id: Mapped[str | None] = mapped_column(ForeignKey("referral.id"))
    replaces_id: Mapped[str | None] = mapped_column(ForeignKey("referral.id"))

    data_key: Mapped[bytes | None]
    patient: Mapped[bytes | None]
    identifiers: Mapped[bytes | None]
    place: Mapped[bytes | None]
    note: Mapped[bytes | None]
    reason_text: Mapped[bytes | None]
    outcome_note: Mapped[bytes | None]
    appointment: Mapped[bytes | None]


class ReferralEvent(Base):
    """One thing that happened to a referral; nothing is ever changed or taken back here.

    Only shredding empties `detail`, of which `hash` therefore covers the digest.
    `id` orders all events; `transaction` the database's own number of the writing transaction where it has one
    (PostgreSQL), so that a feed can wait for those that are still open. `hash` covers the event and the one before it.
    """

    __tablename__ = "referral_event"
    __table_args__ = (UniqueConstraint("referral_id", "seq"), {"sqlite_autoincrement": True})

    id: Mapped[int] = mapped_column(COUNT, primary_key=True)
    transaction: Mapped[int] = mapped_column(BigInteger)
    referral_id: Mapped[str] = mapped_column(ForeignKey("referral.id"))
    seq: Mapped[int]
    version: Mapped[int]
    type: Mapped[str]
    status: Mapped[str]
    at: Mapped[datetime]
    organization_id: Mapped[str | None]
    client_id: Mapped[str | None]
    owner_id: Mapped[str | None]
    reason_code: Mapped[str | None]
    detail: Mapped[bytes | None]
    detail_digest: Mapped[str | None]
    hash: Mapped[bytes]


class ReferralParty(Base):
    """An organization that a referral was ever addressed to, or was claimed by, and until when it was.

    `until` None: it still is. A former party keeps seeing that the referral exists and what it did itself, no more.
    """

    __tablename__ = "referral_party"
    __table_args__ = (_IN_ITS_INDEX,)

    referral_id: Mapped[str] = mapped_column(ForeignKey("referral.id"), primary_key=True)
    organization_id: Mapped[str] = mapped_column(primary_key=True)
    since: Mapped[datetime]
    until: Mapped[datetime | None]


class ReferralOffer(Base):
    """A service that answers the need of an unowned referral and reaches its place; its organization may claim it."""

    __tablename__ = "referral_offer"

    referral_id: Mapped[str] = mapped_column(ForeignKey("referral.id"), primary_key=True)
    service_id: Mapped[str] = mapped_column(primary_key=True)
    organization_id: Mapped[str] = mapped_column(index=True)


class ReferralConsent(Base):
    """What the person agreed to: what may be told (`scope`), to whom, for what, until when."""

    __tablename__ = "referral_consent"

    referral_id: Mapped[str] = mapped_column(ForeignKey("referral.id"), primary_key=True)
    scope: Mapped[str]
    recipients: Mapped[str]
    purpose: Mapped[str]
    until: Mapped[datetime | None]
    evidence: Mapped[bytes | None]
    given_at: Mapped[datetime]
    revoked_at: Mapped[datetime | None]


class ReferralKey(Base):
    """A blind index entry: by it an organization that may see a referral finds it again.

    `blind` is another one for each organization and field, so that it is all that needs an index; and it comes at
    random, each in a page of its own, so that the index is narrow and the rest stands where it was added.
    """

    __tablename__ = "referral_key"

    id: Mapped[int] = mapped_column(COUNT, primary_key=True)
    organization_id: Mapped[str]
    field: Mapped[str]
    blind: Mapped[bytes] = mapped_column(index=True)
    referral_id: Mapped[str] = mapped_column(ForeignKey("referral.id"), index=True)


class Replay(Base):
    """What was answered under an Idempotency-Key, sealed with the referral's key; kept 72 hours."""

    __tablename__ = "replay"

    client_id: Mapped[str] = mapped_column(primary_key=True)
    route: Mapped[str] = mapped_column(primary_key=True)
    key_hash: Mapped[str] = mapped_column(primary_key=True)
    fingerprint: Mapped[str]
    status: Mapped[int]
    headers: Mapped[str]
    body: Mapped[bytes]
    referral_id: Mapped[str] = mapped_column(ForeignKey("referral.id"))
    created_at: Mapped[datetime] = mapped_column(index=True)
