"""WHERE IT IS: locations, their addresses and accessibility.

Fields: https://docs.openreferral.org/en/latest/hsds/schema_reference.html
"""

from sqlalchemy import CheckConstraint, ForeignKey, false
from sqlalchemy.orm import Mapped, mapped_column

from resource_api.database import Base
from resource_api.directory.record import Record


class Location(Record, Base):
    """An HSDS location."""

    __tablename__ = "location"
    __table_args__ = (
        CheckConstraint("location_type in ('physical', 'postal', 'virtual')", name="location_type"),
        CheckConstraint("latitude between -90 and 90 and longitude between -180 and 180", name="coordinates"),
    )

    location_type: Mapped[str]
    url: Mapped[str | None]
    organization_id: Mapped[str | None] = mapped_column(ForeignKey("organization.id"), index=True)
    name: Mapped[str | None]
    alternate_name: Mapped[str | None]
    description: Mapped[str | None]
    transportation: Mapped[str | None]
    latitude: Mapped[float | None]
    longitude: Mapped[float | None]
    external_identifier: Mapped[str | None]
    external_identifier_type: Mapped[str | None]
    confidential: Mapped[bool] = mapped_column(default=False, server_default=false())


class Address(Record, Base):
    """An HSDS address."""

    __tablename__ = "address"
    __table_args__ = (CheckConstraint("address_type in ('physical', 'postal', 'virtual')", name="address_type"),)

    location_id: Mapped[str | None] = mapped_column(ForeignKey("location.id"), index=True)
    attention: Mapped[str | None]
    address_1: Mapped[str]
    address_2: Mapped[str | None]
    city: Mapped[str]
    region: Mapped[str | None]
    state_province: Mapped[str]
    postal_code: Mapped[str]
    country: Mapped[str]
    address_type: Mapped[str]


class Accessibility(Record, Base):
    """An HSDS accessibility."""

    __tablename__ = "accessibility"

    location_id: Mapped[str | None] = mapped_column(ForeignKey("location.id"), index=True)
    description: Mapped[str | None]
    details: Mapped[str | None]
    url: Mapped[str | None]
