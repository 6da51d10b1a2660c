"""WHO OFFERS HELP: organizations and what belongs to one (programs, identifiers, funding, links).

Fields: https://docs.openreferral.org/en/latest/hsds/schema_reference.html
"""

from sqlalchemy import ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from resource_api.database import Base
from resource_api.directory.record import Record


class Organization(Record, Base):
    """An HSDS organization."""

    __tablename__ = "organization"

    name: Mapped[str]
    alternate_name: Mapped[str | None]
    description: Mapped[str]
    email: Mapped[str | None]
    website: Mapped[str | None]
    tax_status: Mapped[str | None]
    tax_id: Mapped[str | None]
    year_incorporated: Mapped[float | None]
    legal_status: Mapped[str | None]
    logo: Mapped[str | None]
    uri: Mapped[str | None]
    parent_organization_id: Mapped[str | None] = mapped_column(index=True)


class OrganizationIdentifier(Record, Base):
    """An HSDS organization_identifier."""

    __tablename__ = "organization_identifier"

    organization_id: Mapped[str] = mapped_column(ForeignKey("organization.id"), index=True)
    identifier_scheme: Mapped[str | None]
    identifier_type: Mapped[str]
    identifier: Mapped[str]


class Program(Record, Base):
    """An HSDS program."""

    __tablename__ = "program"

    organization_id: Mapped[str | None] = mapped_column(ForeignKey("organization.id"), index=True)
    name: Mapped[str]
    alternate_name: Mapped[str | None]
    description: Mapped[str]


class Funding(Record, Base):
    """An HSDS funding."""

    __tablename__ = "funding"

    organization_id: Mapped[str | None] = mapped_column(ForeignKey("organization.id"), index=True)
    service_id: Mapped[str | None] = mapped_column(ForeignKey("service.id"), index=True)
    source: Mapped[str | None]


class Url(Record, Base):
    """An HSDS url."""

    __tablename__ = "url"

    label: Mapped[str | None]
    url: Mapped[str]
    organization_id: Mapped[str | None] = mapped_column(ForeignKey("organization.id"), index=True)
    service_id: Mapped[str | None] = mapped_column(ForeignKey("service.id"), index=True)
