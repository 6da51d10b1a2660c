"""DOES THE INDEX TELL THE TRUTH: what it holds compared with the stored documents, both ways."""

from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from resource_api.directory.document import Document
from resource_api.search.follow import BATCH, put_services, read_documents
from resource_api.search.index import SearchIndex


@dataclass(frozen=True, slots=True)
class Difference:
    """Services that the index lacks, those it has of an older time, and those that it should not have."""

    missing: tuple[str, ...]
    stale: tuple[str, ...]
    orphaned: tuple[str, ...]

    @property
    def services(self) -> list[str]:
        """List every service that differs."""
        return [*self.missing, *self.stale, *self.orphaned]


def compare_index(session: Session, index: SearchIndex) -> Difference:
    """Compare the index with the documents; the index is at fault wherever they differ."""
    indexed = dict(index.stored_services(session))
    missing: list[str] = []
    stale: list[str] = []
    last = ""
    live = select(Document.id).where(Document.kind == "service", Document.deleted_at.is_(None)).order_by(Document.id)
    while ids := list(session.scalars(live.where(Document.id > last).limit(BATCH))):
        for document in read_documents(session, ids):
            held = indexed.pop(document.service_id, None)
            if held is None:
                missing.append(document.service_id)
            elif held != document.updated_at:
                stale.append(document.service_id)
        last = ids[-1]
    return Difference(tuple(missing), tuple(stale), tuple(sorted(indexed)))


def repair_index(session: Session, index: SearchIndex, difference: Difference) -> None:
    """Make the index agree with the documents where they differ."""
    services = difference.services
    for start in range(0, len(services), BATCH):
        put_services(session, index, services[start : start + BATCH])
