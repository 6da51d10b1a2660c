"""WHAT IS OFFERED WHERE: the link of a service to a location.

Fields: https://docs.openreferral.org/en/latest/hsds/schema_reference.html
"""

from sqlalchemy import ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from resource_api.database import Base
from resource_api.directory.record import Record


class ServiceAtLocation(Record, Base):
    """An HSDS service_at_location."""

    __tablename__ = "service_at_location"

    service_id: Mapped[str] = mapped_column(ForeignKey("service.id"), index=True)
    location_id: Mapped[str] = mapped_column(ForeignKey("location.id"), index=True)
    description: Mapped[str | None]
