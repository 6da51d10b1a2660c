"""HOW AN INDEX KEEPS UP: it drains the directory's log of changes, building from current documents.

`directory` knows no index. Embedded, this runs inside the writer's transaction, so a search never sees a service
before or after its document does.
"""

from collections.abc import Iterator

import orjson
from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from resource_api.among import among
from resource_api.directory.document import Change, Document
from resource_api.prepared import Prepared
from resource_api.search.document import SearchDocument, search_document
from resource_api.search.index import SearchIndex
from resource_api.search.place import learn_towns

BATCH = 500

# What somebody could be sent to; the rest stay in the directory, and out of the answers.
OFFERED = ("active",)


# Every writer asks, and nearly always there are none.
_CHANGES = Prepared(select(Change.id, Change.service_id).order_by(Change.id).limit(BATCH))


def follow(session: Session, index: SearchIndex) -> int:
    """Bring the index up to every logged change; get the number of services brought up."""
    followed = 0
    while changes := _CHANGES.run(session, {}):
        services = list(dict.fromkeys(service for _, service in changes))
        put_services(session, index, services)
        session.execute(delete(Change).where(among(Change.id, [id for id, _ in changes])))
        followed += len(services)
    return followed


def count_services(session: Session) -> int:
    """Count the services that a rebuild goes through, the deleted ones too."""
    return session.scalar(select(func.count()).select_from(Document).where(Document.kind == "service")) or 0


def rebuild(session: Session, index: SearchIndex) -> Iterator[int]:
    """Put every service into the index again; yields the number done after each batch, for the door to commit."""
    done, last = 0, ""
    while services := list(
        session.scalars(
            select(Document.id).where(Document.kind == "service", Document.id > last).order_by(Document.id).limit(BATCH)
        )
    ):
        put_services(session, index, services)
        done, last = done + len(services), services[-1]
        yield done


def put_services(session: Session, index: SearchIndex, service_ids: list[str]) -> None:
    """Store the current documents of these services, and forget those that are gone or not offered."""
    documents = list(read_documents(session, service_ids))
    live = {document.service_id for document in documents}
    index.remove(session, [service for service in service_ids if service not in live])
    index.put(session, documents)
    learn_towns(session, {town for document in documents for town in document.towns})


def read_documents(session: Session, service_ids: list[str]) -> Iterator[SearchDocument]:
    """Build the search documents of those of these services that are offered."""
    rows = session.execute(
        select(Document.kind, Document.id, Document.body, Document.modified_at).where(
            among(Document.id, service_ids),
            Document.kind.in_(("service", "card")),
            Document.deleted_at.is_(None),
        )
    ).all()
    cards = {row.id: row.body for row in rows if row.kind == "card"}
    for row in rows:
        if row.kind != "service" or row.id not in cards:
            continue
        body = orjson.loads(row.body)
        if body["status"] in OFFERED:
            yield search_document(body, orjson.loads(cards[row.id]), updated_at=row.modified_at.timestamp())
