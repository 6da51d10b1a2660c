"""WHAT HAPPENED: every event of a referral, numbered and hash-chained, and the feed of all that a caller may know of.

The feed serves only what no open transaction can still precede. SQLite's writers go one after another, so an event's
id is its place; PostgreSQL hands out ids before it commits, so there the place is (transaction, id), and what is not
older than every open transaction waits.
"""

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, ColumnElement, Text, bindparam, cast, func, insert, literal, select, tuple_, update
from sqlalchemy.orm import Session

from resource_api.access.policy import Grants
from resource_api.database import Base, is_sqlite
from resource_api.errors import BadQuery
from resource_api.prepared import Prepared
from resource_api.privacy.keyring import RecordKey
from resource_api.referrals.seal import seal_json
from resource_api.referrals.tables import Referral, ReferralEvent
from resource_api.referrals.visible import may_know_event

SYSTEM_CLIENT = "system"
_EVENT = Base.metadata.tables[ReferralEvent.__tablename__]
_BEFORE = Prepared(
    select(_EVENT.c.hash).where(_EVENT.c.referral_id == bindparam("referral"), _EVENT.c.seq == bindparam("number"))
)
_ADD = Prepared(insert(_EVENT))
_NEXT_TRANSACTION = cast(cast(func.pg_snapshot_xmax(func.pg_current_snapshot()), Text), BigInteger)
_CURSOR = re.compile(r"([0-9]{1,18})-([0-9]{1,18})")
_HASHED = (
    "referral_id", "seq", "version", "type", "status", "at", "organization_id", "client_id", "owner_id", "reason_code",
    "detail_digest",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Feed:
    """Some events in their order, and the cursor after the last of them."""

    events: Sequence[Any]
    after: str


def append_event(
    session: Session,
    key: RecordKey | None,
    referral: Referral,
    type: str,
    *,
    by: Grants | None,
    now: datetime,
    changes: bool,
    detail: dict[str, Any] | None = None,
    reason_code: str | None = None,
) -> None:
    """Number one thing that happened and add it; `changes`: the referral's own fields did, so its version moves.

    `by` None: the clock did it. The referral's row must be locked.
    """
    ((before,),) = _BEFORE.run(session, {"referral": referral.id, "number": referral.seq})
    referral.seq += 1
    referral.version += changes
    referral.updated_at = now
    event = {
        **_who(by),
        "referral_id": referral.id,
        "seq": referral.seq,
        "version": referral.version,
        "type": type,
        "status": referral.status,
        "at": now,
        "owner_id": referral.owner_id,
        "reason_code": reason_code,
        "detail": None,
        "detail_digest": None,
    }
    if key is not None and detail:
        row = f"{referral.id}/{referral.seq}"
        event["detail"] = seal_json(key, detail, table=_EVENT.name, column="detail", row=row)
        event["detail_digest"] = digest_detail(event["detail"])
    event["hash"] = hash_event(event, before)
    session.flush()  # the referral stands before its events
    add_event(session, event)


def first_event(referral: dict[str, Any], type: str, *, by: Grants, now: datetime) -> dict[str, Any]:
    """Make the event by which a referral, given as its row, begins."""
    event = {
        **_who(by),
        "referral_id": referral["id"],
        "seq": 1,
        "version": 1,
        "type": type,
        "status": referral["status"],
        "at": now,
        "owner_id": referral["owner_id"],
        "reason_code": None,
        "detail": None,
        "detail_digest": None,
    }
    return event | {"hash": hash_event(event, b"")}


def add_event(session: Session, event: dict[str, Any]) -> None:
    """Add an event's row."""
    # PostgreSQL numbers its transactions, and fills in the number.
    _ADD.run(session, event | {"transaction": 0} if is_sqlite(session) else event)


def _who(by: Grants | None) -> dict[str, Any]:
    if by is None:
        return {"organization_id": None, "client_id": SYSTEM_CLIENT}
    return {"organization_id": by.organization_id, "client_id": by.caller.client_id}


def hash_event(event: dict[str, Any], before: bytes) -> bytes:
    """Hash an event and the hash before it: what was said is covered by its digest, so it holds after shredding."""
    digest = hashlib.sha256(before)
    for name in _HASHED:
        value = event[name]
        text = b"-" if value is None else f"={value.isoformat() if name == 'at' else value}".encode()
        digest.update(len(text).to_bytes(4, "big") + text)
    return digest.digest()


def digest_detail(sealed: bytes | None) -> str | None:
    """Digest what was said, as it is kept: sealed."""
    return hashlib.sha256(sealed).hexdigest() if sealed is not None else None


def read_history(session: Session, grants: Grants, referral: Referral) -> list[Any]:
    """List the events of a referral that the caller may know of."""
    chosen = (
        select(_EVENT)
        .join(Referral, Referral.id == _EVENT.c.referral_id)
        .where(_EVENT.c.referral_id == referral.id, may_know_event(grants))
        .order_by(_EVENT.c.seq)
    )
    return list(session.connection().execute(chosen))


def read_feed(session: Session, grants: Grants, *, after: str | None, limit: int) -> Feed:
    """List the events after a cursor that the caller may know of. Raises BadQuery where that is no cursor of ours."""
    # In an SQLite file one writes after another: events are numbered in the order in which they were committed.
    place = (_EVENT.c.id,) if is_sqlite(session) else (_EVENT.c.transaction, _EVENT.c.id)
    start = _read_cursor(after)
    if start[0] and not is_sqlite(session) and start[0] >= session.scalars(select(_NEXT_TRANSACTION)).one():
        start = (0, start[1])  # of the server that the database was on before
    chosen = (
        select(*(_EVENT.c[name] for name in ("transaction", "id", "referral_id", "seq", "version", "type", "at")))
        .join(Referral, Referral.id == _EVENT.c.referral_id)
        .where(tuple_(*place) > tuple_(*map(literal, start[-len(place) :])), may_know_event(grants), *_settled(session))
        .order_by(*place)
        .limit(limit)
    )
    if grants.caller.test:
        chosen = chosen.where(Referral.test)
    events = session.connection().execute(chosen).all()
    if events:
        start = (events[-1].transaction, events[-1].id)
    return Feed(events, f"{start[0]}-{start[1]}")


def adopt_events(session: Session) -> int:
    """Let the events of a database that was restored on another server precede all that happen there; count them.

    PostgreSQL numbers transactions by server, and by those of another the feed would wait for numbers to come.
    """
    if is_sqlite(session):
        return 0
    if session.scalar(select(_EVENT.c.id).where(_EVENT.c.transaction >= _NEXT_TRANSACTION).limit(1)) is None:
        return 0
    adopted = session.execute(update(_EVENT).values(transaction=0))
    return int(getattr(adopted, "rowcount", 0))


def _settled(session: Session) -> tuple[ColumnElement[bool], ...]:
    if is_sqlite(session):
        return ()
    oldest_open = cast(cast(func.pg_snapshot_xmin(func.pg_current_snapshot()), Text), BigInteger)
    return (_EVENT.c.transaction < oldest_open,)


def _read_cursor(text: str | None) -> tuple[int, int]:
    if text is None:
        return (0, 0)
    read = _CURSOR.fullmatch(text)
    if read is None:
        raise BadQuery("This is no cursor of ours", field="after", hint="what `after` of the last answer said")
    return int(read[1]), int(read[2])
