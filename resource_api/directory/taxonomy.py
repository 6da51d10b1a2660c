"""WHAT IT IS CALLED ELSEWHERE: taxonomies, their terms, and the attributes that tie a term to a record.

Fields: https://docs.openreferral.org/en/latest/hsds/schema_reference.html
"""

from sqlalchemy import ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from resource_api.database import Base
from resource_api.directory.record import Record


class Taxonomy(Record, Base):
    """An HSDS taxonomy."""

    __tablename__ = "taxonomy"

    name: Mapped[str]
    description: Mapped[str]
    uri: Mapped[str | None]
    version: Mapped[str | None]


class TaxonomyTerm(Record, Base):
    """An HSDS taxonomy_term."""

    __tablename__ = "taxonomy_term"

    code: Mapped[str | None]
    name: Mapped[str]
    description: Mapped[str]
    parent_id: Mapped[str | None] = mapped_column(index=True)
    taxonomy: Mapped[str | None]
    language: Mapped[str | None]
    taxonomy_id: Mapped[str | None] = mapped_column(ForeignKey("taxonomy.id"), index=True)
    term_uri: Mapped[str | None]


class Attribute(Record, Base):
    """An HSDS attribute."""

    __tablename__ = "attribute"

    link_id: Mapped[str] = mapped_column(index=True)
    taxonomy_term_id: Mapped[str | None] = mapped_column(ForeignKey("taxonomy_term.id"), index=True)
    link_type: Mapped[str | None]
    link_entity: Mapped[str]
    value: Mapped[str | None]
    label: Mapped[str | None]
