"""WHEN IT IS OPEN: schedules, as RRULE parts.

Fields: https://docs.openreferral.org/en/latest/hsds/schema_reference.html
"""

from sqlalchemy import CheckConstraint, ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from resource_api.database import Base
from resource_api.directory.record import Record


class Schedule(Record, Base):
    """An HSDS schedule."""

    __tablename__ = "schedule"
    __table_args__ = (
        CheckConstraint("freq in ('WEEKLY', 'MONTHLY')", name="freq"),
        CheckConstraint("wkst in ('MO', 'TU', 'WE', 'TH', 'FR', 'SA', 'SU')", name="wkst"),
    )

    service_id: Mapped[str | None] = mapped_column(ForeignKey("service.id"), index=True)
    location_id: Mapped[str | None] = mapped_column(ForeignKey("location.id"), index=True)
    service_at_location_id: Mapped[str | None] = mapped_column(ForeignKey("service_at_location.id"), index=True)
    valid_from: Mapped[str | None]
    valid_to: Mapped[str | None]
    dtstart: Mapped[str | None]
    timezone: Mapped[str | None]
    until: Mapped[str | None]
    count: Mapped[float | None]
    wkst: Mapped[str | None]
    freq: Mapped[str | None]
    interval: Mapped[float | None]
    byday: Mapped[str | None]
    byweekno: Mapped[str | None]
    bymonthday: Mapped[str | None]
    byyearday: Mapped[str | None]
    description: Mapped[str | None]
    opens_at: Mapped[str | None]
    closes_at: Mapped[str | None]
    schedule_link: Mapped[str | None]
    attending_type: Mapped[str | None]
    notes: Mapped[str | None]
