"""HOW ELASTICSEARCH KEEPS UP: changes are pulled from the log, built from current documents, and sent with versions.

A service's version is that of its documents, which only grows; the mirror takes nothing older than what it has. So a
change may be sent twice, or by two at once. What Elasticsearch cannot take now stays in the log; what it will not take
at all is set aside with the reason, and the others go on.

Nothing here holds a transaction while it waits for the network: read, send and settle are three steps, and a door
(`indexer.py`) takes them.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson
from sqlalchemy import delete, insert, select
from sqlalchemy.orm import Session

from resource_api.among import among
from resource_api.database import Base, fetch
from resource_api.directory.document import Document
from resource_api.errors import IndexLost
from resource_api.search.elasticsearch_index import Cluster
from resource_api.search.elasticsearch_mapping import write_document
from resource_api.search.follow import BATCH
from resource_api.search.row import COLUMNS
from resource_api.search.tables import MirrorChange, MirrorFault

# What is both a row's, to judge by, and a text, to find by, is taken as the text.
_TEXTS = ("title", "labels", "body", "tags")
_NAMES = (*(name for name in COLUMNS if name not in _TEXTS), *_TEXTS)
_INDEXED = (
    f"SELECT {', '.join(f't.{name}' if name in _TEXTS else f'r.{name}' for name in _NAMES)} "  # noqa: S608
    "FROM search_row r JOIN search_text t ON t.id = r.id WHERE r.service_id IN :ids"
)
_FAULTS = Base.metadata.tables[MirrorFault.__tablename__]
MOST_SAID = 500
_LATER = frozenset({403, 408, 429})


@dataclass(frozen=True, slots=True)
class Operation:
    """What the mirror is to have of a service: a document in a version, or nothing."""

    service_id: str
    version: int | None
    body: bytes | None


@dataclass(frozen=True, slots=True)
class Batch:
    """Some changes of the log, and what they come to."""

    change_ids: dict[str, list[int]]
    operations: list[Operation]


@dataclass(frozen=True, slots=True)
class Sent:
    """How sending went: what is settled, what will never be taken and why, and what to send again."""

    done: frozenset[str]
    refused: dict[str, str]
    again: frozenset[str]


def read_batch(session: Session) -> Batch:
    """Read the next changes of the log, and the documents as they are now."""
    rows = session.execute(select(MirrorChange.id, MirrorChange.service_id).order_by(MirrorChange.id).limit(BATCH))
    changes: dict[str, list[int]] = {}
    for id_, service in rows:
        changes.setdefault(service, []).append(id_)
    return Batch(changes, read_operations(session, list(changes)))


def read_operations(session: Session, service_ids: list[str]) -> list[Operation]:
    """Build what the mirror is to have of these services: the documents of those offered, nothing of the others."""
    stated = select(Document.id, Document.kind, Document.version, Document.etag).where(
        among(Document.id, service_ids), Document.kind.in_(("service", "card"))
    )
    versions: dict[str, int] = {}
    etags: dict[str, dict[str, str]] = {}
    for id_, kind, version, etag in session.execute(stated):
        versions[id_] = versions.get(id_, 0) + version
        etags.setdefault(id_, {})[kind] = etag
    # A service is in the database's index just where it is offered, as it is in this very transaction.
    rows = (dict(zip(_NAMES, row, strict=True)) for row in fetch(session, _INDEXED, service_ids))
    bodies = {
        row["service_id"]: orjson.dumps(write_document(row, join_etags(**etags[row["service_id"]]))) for row in rows
    }
    return [Operation(id_, versions.get(id_), bodies.get(id_)) for id_ in service_ids]


def join_etags(service: str, card: str) -> str:
    """Join the ETags of the two documents that a service is indexed from."""
    return f"{service}.{card}"


def send(cluster: Cluster, aliases: Sequence[str], operations: Collection[Operation]) -> Sent:
    """Send operations to the indexes of these aliases.

    Raises IndexAway where nothing was answered, IndexLost where an alias leads nowhere.
    """
    lines = [line for alias in aliases for operation in operations for line in _write_lines(alias, operation)]
    if not lines:
        return Sent(frozenset(), {}, frozenset())
    body = b"\n".join(lines) + b"\n"
    answer = cluster.call("POST", "/_bulk", body, content="application/x-ndjson", require_alias="true")
    return _read_answer(answer["items"])


def _write_lines(alias: str, operation: Operation) -> Iterable[bytes]:
    head: dict[str, Any] = {"_index": alias, "_id": operation.service_id}
    if operation.version is not None:
        head |= {"version": operation.version, "version_type": "external_gte"}
    if operation.body is None:
        return (orjson.dumps({"delete": head}),)
    return orjson.dumps({"index": head}), operation.body


def _read_answer(items: Iterable[dict[str, dict[str, Any]]]) -> Sent:
    done: set[str] = set()
    again: set[str] = set()
    refused: dict[str, str] = {}
    for item in items:
        ((kind, told),) = item.items()
        service, status, error = told["_id"], told["status"], told.get("error")
        # What it has already is newer, or as new.
        if error is None or status == 409:
            done.add(service)
        elif status in _LATER or status >= 500:
            again.add(service)
        elif status == 404:
            raise IndexLost(f"There is no index to {kind} in")
        else:
            refused[service] = f"{error.get('type')}: {error.get('reason')}"[:MOST_SAID]
    for service in again:
        refused.pop(service, None)
    return Sent(frozenset(done - again - refused.keys()), refused, frozenset(again))


def settle(session: Session, batch: Batch, sent: Sent, *, now: datetime) -> None:
    """Take the changes that were handled out of the log, exactly these, and note what was refused."""
    ids = [id_ for service, each in batch.change_ids.items() if service not in sent.again for id_ in each]
    for start in range(0, len(ids), BATCH):
        session.execute(delete(MirrorChange).where(MirrorChange.id.in_(ids[start : start + BATCH])))
    note_faults(session, batch.operations, sent, now=now)


def note_faults(session: Session, operations: Iterable[Operation], sent: Sent, *, now: datetime) -> None:
    """Note which services were refused and why, and that those that were taken are at fault no longer."""
    known = set(session.scalars(select(MirrorFault.service_id)))
    mended = (sent.done | sent.refused.keys()) & known
    if mended:
        session.execute(delete(MirrorFault).where(MirrorFault.service_id.in_(mended)))
    faults = [
        {"service_id": o.service_id, "version": o.version or 0, "reason": sent.refused[o.service_id], "at": now}
        for o in operations
        if o.service_id in sent.refused
    ]
    if faults:
        session.execute(insert(_FAULTS), faults)
