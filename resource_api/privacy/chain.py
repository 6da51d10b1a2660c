"""WHETHER THE AUDIT IS WHOLE: a sealer chains its rows in the order of their commits; who doubts it walks the chain.

A link's hash is keyed, and covers its number, its row and the hash before it: without SECRET_KEY no row that was sealed
can be altered, moved or taken out unseen. That the end was cut off is seen from a checkpoint that reaches further, a
signed statement of how long the chain was; `privacy.checkpoint` keeps copies of these outside the database.
"""

import hashlib
import hmac
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import Row, exists, func, insert, select, text
from sqlalchemy.orm import Session

from resource_api.errors import Breach
from resource_api.privacy.checkpoint import Checkpoint
from resource_api.privacy.keyring import Keyring
from resource_api.privacy.tables import Audit, AuditCheckpoint, AuditLink

START = bytes(32)
MOST_UNSEALED = timedelta(minutes=1)
_AT_A_TIME = 1_000
# On PostgreSQL a transaction may commit a row after others with higher ids were sealed: that far back it is found.
_LOOKBACK = 10_000
_COLUMNS = tuple(Audit.__table__.columns)


def seal(session: Session, keyring: Keyring, *, now: datetime, limit: int = _AT_A_TIME) -> int:
    """Link rows that are in no chain yet, `limit` at most, and count them.

    Two sealers at once would give out the same number, so the second one's transaction fails as a whole.
    """
    seq, before = head(session)
    last_id = session.scalar(select(func.max(AuditLink.audit_id))) or 0
    unsealed = select(*_COLUMNS).where(Audit.id > last_id - _LOOKBACK, ~_is_sealed()).order_by(Audit.id).limit(limit)
    links = []
    for row in session.execute(unsealed):
        seq += 1
        before = _hash(keyring, seq, row, before)
        links.append({"seq": seq, "audit_id": row.id, "hash": before})
    if links:
        session.execute(insert(AuditLink), links)
    return len(links)


def checkpoint(session: Session, keyring: Keyring, *, now: datetime) -> Checkpoint | None:
    """Sign how long the chain is and how it ends; None where that is signed already."""
    seq, ends = head(session)
    if seq == (session.scalar(select(func.max(AuditCheckpoint.seq))) or 0):
        return None
    made = Checkpoint.sign(keyring, seq, now, ends)
    session.execute(insert(AuditCheckpoint), {"seq": seq, "at": now, "hash": ends, "signature": made.signature})
    return made


def head(session: Session) -> tuple[int, bytes]:
    """Get the number and the hash of the chain's last link."""
    row = session.execute(select(AuditLink.seq, AuditLink.hash).order_by(AuditLink.seq.desc()).limit(1)).first()
    return (row.seq, row.hash) if row is not None else (0, START)


def verify_chain(session: Session, keyring: Keyring, now: datetime) -> Iterator[Breach]:
    """Walk the chain, its checkpoints and what is not sealed yet; yields what was altered, moved or taken away."""
    yield from _verify_links(session, keyring)
    yield from verify_checkpoints(session, keyring, _kept_here(session))
    overdue = select(func.count(), func.min(Audit.id)).where(Audit.at < now - MOST_UNSEALED, ~_is_sealed())
    count, first = session.execute(overdue).one()
    if count:
        yield Breach(f"{count} audit rows, from {first} on, are unsealed for over a minute: is the worker running?")
    if session.get_bind().dialect.name == "sqlite":
        yield from _verify_ids_on_sqlite(session)


def verify_checkpoints(session: Session, keyring: Keyring, checkpoints: Iterator[Checkpoint]) -> Iterator[Breach]:
    """Compare signed checkpoints, kept here or elsewhere, with the chain."""
    length, _ = head(session)
    for made in checkpoints:
        if not made.is_signed_by(keyring):
            yield Breach(f"the audit checkpoint at link {made.seq} is not signed by this instance's key")
        elif made.seq > length:
            yield Breach(
                f"the audit was cut off: it has {length} links, and had {made.seq} on {made.at:%Y-%m-%d %H:%M}"
            )
        elif session.scalar(select(AuditLink.hash).where(AuditLink.seq == made.seq)) != made.hash:
            yield Breach(f"the audit up to link {made.seq} is not the one that was signed on {made.at:%Y-%m-%d %H:%M}")


def _verify_ids_on_sqlite(session: Session) -> Iterator[Breach]:
    """Look for rows that were deleted before they were sealed: SQLite, unlike PostgreSQL, leaves out no number."""
    given = session.scalar(text("SELECT coalesce(max(seq), 0) FROM sqlite_sequence WHERE name = 'audit'")) or 0
    count = session.scalar(select(func.count()).select_from(Audit)) or 0
    if count != given:
        yield Breach(f"{given} audit rows were written, and {count} are there")


def _verify_links(session: Session, keyring: Keyring) -> Iterator[Breach]:
    seq, before = 0, START
    while links := _read_links(session, after=seq):
        for row in links:
            if row.seq != seq + 1:
                yield Breach(f"audit links {seq + 1} to {row.seq - 1} were taken out")
            if row.id is None:
                yield Breach(f"the audit row {row.audit_id}, of link {row.seq}, was deleted")
            elif not hmac.compare_digest(_hash(keyring, row.seq, row, before), row.hash):
                yield Breach(f"the audit row {row.audit_id}, of link {row.seq}, was altered, or put where it was not")
            seq, before = row.seq, row.hash


def _read_links(session: Session, *, after: int) -> list[Row[Any]]:
    links = select(AuditLink.seq, AuditLink.audit_id, AuditLink.hash, *_COLUMNS).where(AuditLink.seq > after)
    joined = links.join(Audit, Audit.id == AuditLink.audit_id, isouter=True)
    return list(session.execute(joined.order_by(AuditLink.seq).limit(_AT_A_TIME)))


def _kept_here(session: Session) -> Iterator[Checkpoint]:
    rows = select(AuditCheckpoint.seq, AuditCheckpoint.at, AuditCheckpoint.hash, AuditCheckpoint.signature)
    for seq, at, ends, signature in session.execute(rows.order_by(AuditCheckpoint.seq)):
        yield Checkpoint(seq, at, ends, signature)


def _is_sealed() -> Any:
    return exists().where(AuditLink.audit_id == Audit.id)


def _hash(keyring: Keyring, seq: int, row: Row[Any], before: bytes) -> bytes:
    """Hash a link: each part with its length before it, so that none can run into the next."""
    values = [str(seq), *(_write_value(getattr(row, column.key)) for column in _COLUMNS)]
    parts = (b"\x00" if value is None else b"\x01" + value.encode() for value in values)
    whole = before + b"".join(len(part).to_bytes(4, "big") + part for part in parts)
    return hmac.new(keyring.derive("audit-chain"), whole, hashlib.sha256).digest()


def _write_value(value: object) -> str | None:
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat(timespec="microseconds")
    return None if value is None else str(value)
