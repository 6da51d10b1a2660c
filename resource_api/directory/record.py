"""WHAT EVERY HSDS ROW CARRIES: an id, where it came from, and when it left."""

from datetime import datetime

from sqlalchemy import ForeignKey, text
from sqlalchemy.orm import Mapped, mapped_column

from resource_api.database import Base


class Source(Base):
    """A publisher whose records were loaded under one name."""

    __tablename__ = "source"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(unique=True)
    title: Mapped[str | None]
    licence: Mapped[str | None]
    url: Mapped[str | None]
    published_at: Mapped[str | None]
    loaded_at: Mapped[datetime | None]


class Record:
    """What our tables add to HSDS's own fields.

    `original_id` is the publisher's id where it was not a UUID. `fingerprint` is a digest of the row as it was
    loaded: an equal one means that nothing is to be written. `position` is its place in the publisher's file:
    the order of an organization's phones is meant, and ids do not keep it.
    """

    id: Mapped[str] = mapped_column(primary_key=True)
    source_id: Mapped[int | None] = mapped_column(ForeignKey("source.id"))
    original_id: Mapped[str | None]
    fingerprint: Mapped[str | None]
    position: Mapped[int] = mapped_column(default=0, server_default=text("0"))
    deleted_at: Mapped[datetime | None]
