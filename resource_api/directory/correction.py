"""WHAT SOMEBODY SAYS IS WRONG, or still right: corrections to a service, waiting for its steward."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from sqlalchemy import ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from resource_api.database import Base

Kind = Literal["wrong", "closed", "still-correct"]
Decision = Literal["accepted", "declined", "still-correct"]
KINDS: tuple[Kind, ...] = ("wrong", "closed", "still-correct")
DECISIONS: tuple[Decision, ...] = ("accepted", "declined", "still-correct")
# What a suggestion can name: a text of the service itself,
TEXTS = (
    "name", "alternate_name", "description", "url", "email", "interpretation_services", "application_process",
    "fees_description", "wait_time", "accreditations", "eligibility_description", "licenses", "alert",
)  # fmt: skip
# ... or one of its lists, of which a steward has to make sense.
FIELDS = (*TEXTS, "phones", "schedules", "languages", "service_areas", "service_at_locations")


class Correction(Base):
    """What somebody says of a service; `state` is `open` until it is decided."""

    __tablename__ = "correction"
    __table_args__ = (Index("ix_correction_service_id_state", "service_id", "state"),)

    id: Mapped[str] = mapped_column(primary_key=True)
    service_id: Mapped[str] = mapped_column(ForeignKey("service.id"))
    kind: Mapped[str]
    field: Mapped[str | None]
    value: Mapped[str | None]
    note: Mapped[str | None]
    created_at: Mapped[datetime] = mapped_column(index=True)
    state: Mapped[str]
    decided_at: Mapped[datetime | None]
    decided_by: Mapped[str | None]
    reason: Mapped[str | None]


@dataclass(frozen=True, slots=True)
class NewCorrection:
    """What somebody says: that a service is closed, still right, or wrong: `value` is what `field` should say."""

    kind: Kind
    field: str | None = None
    value: str | None = None
    note: str | None = None


@dataclass(frozen=True, slots=True)
class Ruling:
    """What a steward makes of a correction; with `apply`, an accepted one is written into the record."""

    decision: Decision
    reason: str | None = None
    apply: bool = True
