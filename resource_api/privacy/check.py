"""WHETHER EVERY SECRET CAN BE READ: the sealed columns, value by value, for `resource-api verify`."""

from collections.abc import Iterator
from contextlib import suppress
from datetime import datetime

from sqlalchemy import LargeBinary, String, column, select, table
from sqlalchemy.orm import Session

from resource_api.errors import Breach, Unreadable
from resource_api.privacy.keyring import Keyring, RecordKey
from resource_api.privacy.sealed import BY_DATA_KEYS, BY_RECORD_KEYS, SealedColumn

MOST_NAMED = 20
# A row, and why its value cannot be opened.
_Found = tuple[str, str]


def find_unreadable(session: Session, keyring: Keyring, now: datetime) -> Iterator[Breach]:
    """Open every sealed value; a shredded record's values must be gone with its key."""
    for sealed in BY_DATA_KEYS:
        yield from _name_some(sealed, _unreadable_by_data_keys(session, keyring, sealed))
    for sealed in BY_RECORD_KEYS:
        yield from _name_some(sealed, _unreadable_by_record_keys(session, keyring, sealed))


def key_ids_in(session: Session, keyring: Keyring) -> set[str]:
    """Name the data keys that anything is sealed by."""
    found = set()
    for sealed in BY_DATA_KEYS:
        for rows in sealed.read(session):
            for row in rows:
                with suppress(Unreadable):
                    found.add(keyring.key_id(row.value))
    return found


def _unreadable_by_data_keys(session: Session, keyring: Keyring, sealed: SealedColumn) -> Iterator[_Found]:
    for rows in sealed.read(session):
        for row in rows:
            try:
                keyring.open(row.value, table=sealed.table, column=sealed.column, row=sealed.row(row))
            except Unreadable as error:
                yield sealed.row(row), error.message


def _unreadable_by_record_keys(session: Session, keyring: Keyring, sealed: SealedColumn) -> Iterator[_Found]:
    assert sealed.record is not None  # noqa: S101 - what BY_RECORD_KEYS lists has one
    for rows in sealed.read(session):
        keys = _record_keys(session, keyring, {getattr(row, sealed.record) for row in rows})
        for row in rows:
            key = keys.get(getattr(row, sealed.record))
            if key is None:
                yield sealed.row(row), "its record's key was shredded, or cannot be opened"
                continue
            try:
                key.open(row.value, table=sealed.table, column=sealed.column, row=sealed.row(row))
            except Unreadable as error:
                yield sealed.row(row), error.message


def _record_keys(session: Session, keyring: Keyring, ids: set[str]) -> dict[str, RecordKey]:
    id, stored = column("id", String), column("data_key", LargeBinary)
    wanted = select(id, stored).select_from(table("referral", id, stored)).where(id.in_(ids), stored.is_not(None))
    keys = {}
    for record_id, sealed in session.execute(wanted):
        try:
            keys[record_id] = keyring.open_record_key(sealed, table="referral", row=record_id)
        except Unreadable:
            continue  # told once, as the record's own key
    return keys


def _name_some(sealed: SealedColumn, unreadable: Iterator[_Found]) -> Iterator[Breach]:
    """Name the first rows of a column and count the others: a lost key must not fill the screen."""
    more = 0
    for number, (row, why) in enumerate(unreadable):
        if number < MOST_NAMED:
            yield Breach(f"{sealed.table}.{sealed.column} of {row} cannot be opened: {why}")
        else:
            more += 1
    if more:
        yield Breach(f"{sealed.table}.{sealed.column}: {more} more cannot be opened")
