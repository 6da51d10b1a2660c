"""WHERE THE AUDIT IS KEPT: rows that are only ever added, and the chain that a sealer puts around them.

The chain stands in a table of its own, so that an audit row never changes: triggers refuse it.
"""

from datetime import datetime

from sqlalchemy import ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from resource_api.database import COUNT, Base


class Audit(Base):
    """One look at what is secret, one write, one refusal, one token, one disclosure.

    `action` is C, R, U, D or E as in FHIR's AuditEvent; `object_ids` the ids, separated by spaces. Never a name, a
    value or a free text: the audit itself is no secret.
    """

    __tablename__ = "audit"
    __table_args__ = ({"sqlite_autoincrement": True},)

    id: Mapped[int] = mapped_column(COUNT, primary_key=True)
    at: Mapped[datetime] = mapped_column(index=True)
    action: Mapped[str]
    what: Mapped[str]
    outcome: Mapped[str]
    organization_id: Mapped[str | None] = mapped_column(index=True)
    client_id: Mapped[str | None]
    token_id: Mapped[str | None]
    request_id: Mapped[str | None] = mapped_column(index=True)
    object_kind: Mapped[str | None]
    object_ids: Mapped[str]
    reason: Mapped[str | None]


class AuditLink(Base):
    """The place of one audit row in the chain: its hash covers the row and the hash before it."""

    __tablename__ = "audit_link"

    seq: Mapped[int] = mapped_column(COUNT, primary_key=True, autoincrement=False)
    audit_id: Mapped[int] = mapped_column(COUNT, ForeignKey("audit.id"), unique=True)
    hash: Mapped[bytes]


class AuditCheckpoint(Base):
    """A signed statement of how long the chain was, and where it ended."""

    __tablename__ = "audit_checkpoint"

    seq: Mapped[int] = mapped_column(COUNT, primary_key=True, autoincrement=False)
    at: Mapped[datetime]
    hash: Mapped[bytes]
    signature: Mapped[bytes]


_TABLES = ("audit", "audit_link", "audit_checkpoint")
ONLY_ADDED_TO = {
    "sqlite": tuple(
        f"CREATE TRIGGER {table}_{when.lower()} BEFORE {when} ON {table} "
        f"BEGIN SELECT RAISE(ABORT, 'the audit is only ever added to'); END"
        for table in _TABLES
        for when in ("UPDATE", "DELETE")
    ),
    "postgresql": (
        "CREATE FUNCTION audit_is_only_added_to() RETURNS trigger LANGUAGE plpgsql AS "
        "$$ BEGIN RAISE EXCEPTION 'the audit is only ever added to'; END $$",
        *(
            f"CREATE TRIGGER {table}_{when.lower()} BEFORE {when} ON {table} "
            "FOR EACH STATEMENT EXECUTE FUNCTION audit_is_only_added_to()"
            for table in _TABLES
            for when in ("UPDATE", "DELETE", "TRUNCATE")
        ),
    ),
}
