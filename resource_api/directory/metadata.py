"""WHO CHANGED WHAT: the field history of records, and table descriptions.

Fields: https://docs.openreferral.org/en/latest/hsds/schema_reference.html
"""

from sqlalchemy.orm import Mapped, mapped_column

from resource_api.database import Base
from resource_api.directory.record import Record


class Metadata(Record, Base):
    """An HSDS metadata."""

    __tablename__ = "metadata"

    resource_id: Mapped[str] = mapped_column(index=True)
    resource_type: Mapped[str]
    last_action_date: Mapped[str]
    last_action_type: Mapped[str]
    field_name: Mapped[str]
    previous_value: Mapped[str]
    replacement_value: Mapped[str]
    updated_by: Mapped[str]


class MetaTableDescription(Record, Base):
    """An HSDS meta_table_description."""

    __tablename__ = "meta_table_description"

    name: Mapped[str | None]
    language: Mapped[str | None]
    character_set: Mapped[str | None]
