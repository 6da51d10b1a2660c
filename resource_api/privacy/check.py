"""WHETHER EVERY SECRET CAN BE READ: the sealed columns, value by value, for `resource-api verify`."""

from collections import Counter
from collections.abc import Iterator
from datetime import datetime

from sqlalchemy import LargeBinary, column, select, table
from sqlalchemy.orm import Session

from resource_api.errors import Breach, Unreadable
from resource_api.privacy.keyring import Keyring, RecordKey
from resource_api.privacy.sealed import BY_DATA_KEYS, BY_RECORD_KEYS, SealedColumn

MOST_NAMED = 20


def find_missing_keys(session: Session, keyring: Keyring, now: datetime) -> Iterator[Breach]:
    """Look for values whose key is not in DATA_KEYS."""
    for sealed in BY_DATA_KEYS:
        missing = Counter(
            key_id
            for rows in sealed.read(session)
            for row in rows
            if (key_id := _key_id(keyring, row.value)) is not None
        )
        for key_id, count in sorted(missing.items()):
            if key_id not in keyring.key_ids:
                yield Breach(
                    f"{sealed.table}.{sealed.column}: {count} values need the key {key_id!r}, which DATA_KEYS lacks"
                )


def find_unreadable(session: Session, keyring: Keyring, now: datetime) -> Iterator[Breach]:
    """Open every sealed value; a shredded record's values must be gone with its key."""
    for sealed in BY_DATA_KEYS:
        yield from _name_some(sealed, _unreadable_by_data_keys(session, keyring, sealed))
    for sealed in BY_RECORD_KEYS:
        yield from _name_some(sealed, _unreadable_by_record_keys(session, keyring, sealed))


def _unreadable_by_data_keys(session: Session, keyring: Keyring, sealed: SealedColumn) -> Iterator[str]:
    for rows in sealed.read(session):
        for row in rows:
            try:
                keyring.open(row.value, table=sealed.table, column=sealed.column, row=sealed.row(row))
            except Unreadable:
                yield sealed.row(row)


def _unreadable_by_record_keys(session: Session, keyring: Keyring, sealed: SealedColumn) -> Iterator[str]:
    assert sealed.record is not None  # noqa: S101 - what BY_RECORD_KEYS lists has one
    for rows in sealed.read(session):
        keys = _record_keys(session, keyring, {getattr(row, sealed.record) for row in rows})
        for row in rows:
            key = keys.get(getattr(row, sealed.record))
            try:
                if key is None:
                    raise Unreadable("its record has no key")
                key.open(row.value, table=sealed.table, column=sealed.column, row=sealed.row(row))
            except Unreadable:
                yield sealed.row(row)


def _record_keys(session: Session, keyring: Keyring, ids: set[str]) -> dict[str, RecordKey]:
    id, stored = column("id"), column("data_key", LargeBinary)
    wanted = select(id, stored).select_from(table("referral", id, stored)).where(id.in_(ids), stored.is_not(None))
    keys = {}
    for record_id, sealed in session.execute(wanted).tuples():
        try:
            keys[record_id] = keyring.open_record_key(sealed, table="referral", row=record_id)
        except Unreadable:
            continue  # told once, as the record's own key
    return keys


def _key_id(keyring: Keyring, value: bytes) -> str | None:
    try:
        return keyring.key_id(value)
    except Unreadable:
        return None


def _name_some(sealed: SealedColumn, rows: Iterator[str]) -> Iterator[Breach]:
    """Name the first rows of a column and count the others: a lost key must not fill the screen."""
    more = 0
    for number, row in enumerate(rows):
        if number < MOST_NAMED:
            yield Breach(
                f"{sealed.table}.{sealed.column} of {row} cannot be opened: altered, moved, or its key is lost"
            )
        else:
            more += 1
    if more:
        yield Breach(f"{sealed.table}.{sealed.column}: {more} more cannot be opened")
