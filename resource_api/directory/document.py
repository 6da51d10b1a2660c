"""WHAT IS SERVED: the rendered JSON of each record, its version, and the log of what changed.

A document is written in the transaction that changed its rows, so a reader never sees one without the other.
`change` is append-only until a follower has taken it; the follower rebuilds from current rows, so order cannot hurt.
"""

from datetime import datetime

from sqlalchemy import Index
from sqlalchemy.orm import Mapped, mapped_column

from resource_api.database import COUNT, Base

# Who writes the directory writes it alone: a document is made of many rows, and of two who each saw only their own
# change the second would publish one without the first.
DIRECTORY = "directory"


class Document(Base):
    """The stored JSON of one record.

    `body` is the full, nested form; `brief` the form of HSDS lists (one-to-one fields only). A deleted record keeps
    its row as a tombstone, with both empty.
    """

    __tablename__ = "document"
    __table_args__ = (
        # Counting a kind and walking to a page read this index alone, never the documents.
        Index("ix_document_kind_deleted_at_id", "kind", "deleted_at", "id"),
        Index("ix_document_kind_modified_at_id", "kind", "modified_at", "id"),
        Index("ix_document_kind_organization_id", "kind", "organization_id"),
    )

    kind: Mapped[str] = mapped_column(primary_key=True)
    id: Mapped[str] = mapped_column(primary_key=True)
    organization_id: Mapped[str | None]
    body: Mapped[bytes]
    brief: Mapped[bytes]
    etag: Mapped[str]
    version: Mapped[int]
    modified_at: Mapped[datetime]
    deleted_at: Mapped[datetime | None]


class Change(Base):
    """A service whose searchable content may have changed, waiting for the index to follow."""

    __tablename__ = "change"
    __table_args__ = ({"sqlite_autoincrement": True},)

    id: Mapped[int] = mapped_column(COUNT, primary_key=True)
    service_id: Mapped[str]


class ServiceNeed(Base):
    """A need that a service answers, and how surely: `given`, from a taxonomy `term`, or from its `words`."""

    __tablename__ = "service_need"

    service_id: Mapped[str] = mapped_column(primary_key=True)
    need: Mapped[str] = mapped_column(primary_key=True)
    certainty: Mapped[str]
