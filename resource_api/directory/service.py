"""WHAT IS OFFERED: services and what belongs to one (areas, costs, documents, capacity).

Fields: https://docs.openreferral.org/en/latest/hsds/schema_reference.html
"""

from sqlalchemy import CheckConstraint, ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from resource_api.database import Base
from resource_api.directory.record import Record


class Service(Record, Base):
    """An HSDS service."""

    __tablename__ = "service"
    __table_args__ = (
        CheckConstraint("status in ('active', 'inactive', 'defunct', 'temporarily closed')", name="status"),
        CheckConstraint("accepts_referrals in ('yes', 'no')", name="accepts_referrals"),
        CheckConstraint(
            "capacity_status in ('capacity', 'no-capacity', 'waitlist', 'additional-assessment-required')",
            name="capacity_status",
        ),
        CheckConstraint("minimum_age_months >= 0 and maximum_age_months >= 0", name="age_months"),
    )

    organization_id: Mapped[str] = mapped_column(ForeignKey("organization.id"), index=True)
    program_id: Mapped[str | None] = mapped_column(ForeignKey("program.id"), index=True)
    name: Mapped[str]
    alternate_name: Mapped[str | None]
    description: Mapped[str | None]
    url: Mapped[str | None]
    email: Mapped[str | None]
    status: Mapped[str]
    interpretation_services: Mapped[str | None]
    application_process: Mapped[str | None]
    fees_description: Mapped[str | None]
    wait_time: Mapped[str | None]
    fees: Mapped[str | None]
    accreditations: Mapped[str | None]
    eligibility_description: Mapped[str | None]
    minimum_age: Mapped[float | None]
    maximum_age: Mapped[float | None]
    assured_date: Mapped[str | None]
    assurer_email: Mapped[str | None]
    licenses: Mapped[str | None]
    alert: Mapped[str | None]
    last_modified: Mapped[str | None]
    accepts_referrals: Mapped[str | None]
    capacity_status: Mapped[str | None]
    # When these two cease to hold; after that nothing is known of either.
    availability_until: Mapped[str | None] = mapped_column(index=True)
    availability_note: Mapped[str | None]
    minimum_age_months: Mapped[int | None]
    maximum_age_months: Mapped[int | None]
    life_stages: Mapped[str | None]
    needs: Mapped[str | None]


class ServiceArea(Record, Base):
    """An HSDS service_area."""

    __tablename__ = "service_area"

    service_id: Mapped[str | None] = mapped_column(ForeignKey("service.id"), index=True)
    service_at_location_id: Mapped[str | None] = mapped_column(ForeignKey("service_at_location.id"), index=True)
    name: Mapped[str | None]
    description: Mapped[str | None]
    extent: Mapped[str | None]
    extent_type: Mapped[str | None]
    uri: Mapped[str | None]


class RequiredDocument(Record, Base):
    """An HSDS required_document."""

    __tablename__ = "required_document"

    service_id: Mapped[str | None] = mapped_column(ForeignKey("service.id"), index=True)
    document: Mapped[str | None]
    uri: Mapped[str | None]


class CostOption(Record, Base):
    """An HSDS cost_option."""

    __tablename__ = "cost_option"

    service_id: Mapped[str] = mapped_column(ForeignKey("service.id"), index=True)
    valid_from: Mapped[str | None]
    valid_to: Mapped[str | None]
    option: Mapped[str | None]
    currency: Mapped[str | None]
    amount: Mapped[float | None]
    amount_description: Mapped[str | None]


class ServiceCapacity(Record, Base):
    """An HSDS service_capacity."""

    __tablename__ = "service_capacity"

    service_id: Mapped[str] = mapped_column(ForeignKey("service.id"), index=True)
    unit_id: Mapped[str] = mapped_column(ForeignKey("unit.id"), index=True)
    available: Mapped[float]
    maximum: Mapped[float | None]
    description: Mapped[str | None]
    updated: Mapped[str]


class Unit(Record, Base):
    """An HSDS unit."""

    __tablename__ = "unit"

    name: Mapped[str]
    scheme: Mapped[str | None]
    identifier: Mapped[str | None]
    uri: Mapped[str | None]
