"""HOW A DATA KEY IS CHANGED: every value that another key sealed is sealed anew by the one that writes.

It goes on while others read and write. Whoever stops it, even in the middle, starts it again: what was done is done,
and every value opens at every moment, under the old key or the new.
"""

from collections.abc import Iterator
from typing import Any

from sqlalchemy import ColumnElement, Row, Select, String, column, func, select, table, update
from sqlalchemy.orm import Session

from resource_api.errors import Unreadable
from resource_api.privacy.keyring import Keyring
from resource_api.privacy.sealed import BY_DATA_KEYS, SealedColumn


def reseal(session: Session, keyring: Keyring) -> Iterator[int]:
    """Seal anew what another key sealed; yields the count so far after each batch, for the door to commit.

    Raises Unreadable at its end where a value could not be opened: it is left as it is.
    """
    done = unreadable = 0
    for sealed in BY_DATA_KEYS:
        for rows in sealed.read(session, _is_under_another_key(sealed, keyring), lock=True):
            for row in rows:
                if _reseal(session, keyring, sealed, row):
                    done += 1
                else:
                    unreadable += 1
            yield done
    if unreadable:
        raise Unreadable(
            f"{unreadable} values cannot be opened by any key here", hint="`resource-api verify` lists them"
        )


def count_to_reseal(session: Session, keyring: Keyring) -> int:
    """Count the values that another key sealed."""
    total = 0
    for sealed in BY_DATA_KEYS:
        counted: Select[int] = select(func.count()).select_from(table(sealed.table, sealed.value))
        total += session.scalar(counted.where(_is_under_another_key(sealed, keyring))) or 0
    return total


def _is_under_another_key(sealed: SealedColumn, keyring: Keyring) -> ColumnElement[bool]:
    mark = keyring.mark(keyring.current)
    return func.substr(sealed.value, 1, len(mark)) != mark


def _reseal(session: Session, keyring: Keyring, sealed: SealedColumn, row: Row[Any]) -> bool:
    place = {"table": sealed.table, "column": sealed.column, "row": sealed.row(row)}
    try:
        plain = keyring.open(row.value, **place)
    except Unreadable:
        return False
    keys = [column(name, String) for name in sealed.keys]
    session.execute(
        update(table(sealed.table, *keys, sealed.value))
        .where(*(key == getattr(row, key.name) for key in keys), sealed.value == row.value)
        .values({sealed.column: keyring.seal(plain, **place)})
    )
    return True
