"""WHICH RECORD WAS ASKED FOR by its id, as it is served in full."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal

from sqlalchemy import select
from sqlalchemy.orm import Session

from resource_api.directory.document import Document
from resource_api.errors import Gone, NotFound

Kind = Literal["organization", "service", "service_at_location", "taxonomy", "taxonomy_term"]


@dataclass(frozen=True, slots=True)
class StoredRecord:
    """One record as it is served in full; of a location it is not known when it last changed."""

    json: bytes
    etag: str
    modified_at: datetime | None


def get_record(session: Session, kind: Kind, record_id: str) -> StoredRecord:
    """Get one record in full.

    Raises NotFound where there never was one, Gone where it was deleted.
    """
    row = session.execute(
        select(Document.body, Document.etag, Document.modified_at, Document.deleted_at).where(
            Document.kind == kind, Document.id == record_id
        )
    ).one_or_none()
    noun = kind.replace("_", " ")
    if row is None:
        raise NotFound(f"No {noun} has the id {record_id[:100]}")
    if row.deleted_at is not None:
        raise Gone(f"The {noun} {record_id} was deleted at {write_time(row.deleted_at)}")
    return StoredRecord(row.body, row.etag, row.modified_at)


def write_time(moment: datetime) -> str:
    """Write a moment as RFC 3339 in UTC, to the microsecond."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
