"""WHICH COLUMNS ARE SEALED, by which key and for which place; rotation and `resource-api verify` walk this list.

Columns are named, not imported: the rooms that own them know this one, and not the other way about.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnClause, ColumnElement, LargeBinary, Row, Select, column, select, table, tuple_
from sqlalchemy.orm import Session

AT_A_TIME = 500


@dataclass(frozen=True, slots=True)
class SealedColumn:
    """A column of sealed values.

    `keys` is what orders its table; `row` names the row as the value's place does; `record` is the column that names
    the referral whose own key seals it, None where one of DATA_KEYS does.
    """

    table: str
    column: str
    keys: tuple[str, ...] = ("id",)
    row: Callable[[Row[Any]], str] = lambda found: str(found.id)
    record: str | None = None

    @property
    def value(self) -> ColumnClause[bytes]:
        """Get the column in a query."""
        return column(self.column, LargeBinary)

    def read(self, session: Session, *where: ColumnElement[bool], lock: bool = False) -> Iterator[Sequence[Row[Any]]]:
        """Read the rows that have a value, in batches, each from after the last one's keys."""
        named = dict.fromkeys((*self.keys, *((self.record,) if self.record else ())))
        columns: list[ColumnClause[Any]] = [column(name) for name in named]
        wanted: Select[Any] = select(*columns, self.value.label("value")).select_from(
            table(self.table, *columns, self.value)
        )
        order = tuple_(*(column(name) for name in self.keys))
        wanted = wanted.where(self.value.is_not(None), *where).order_by(*order).limit(AT_A_TIME)
        after: tuple[Any, ...] | None = None
        while True:
            page = wanted if after is None else wanted.where(order > after)
            rows = session.execute(page.with_for_update() if lock else page).all()
            if rows:
                yield rows
            if len(rows) < AT_A_TIME:
                return
            after = tuple(getattr(rows[-1], name) for name in self.keys)


def _referral(found: Row[Any]) -> str:
    return str(found.referral_id)


def _event(found: Row[Any]) -> str:
    return f"{found.referral_id}/{found.seq}"


BY_DATA_KEYS = (
    SealedColumn("referral", "data_key"),
    SealedColumn("endpoint", "secret"),
    SealedColumn("endpoint", "previous_secret"),
    SealedColumn("broken_glass", "reason"),
)
BY_RECORD_KEYS = (
    *(
        SealedColumn("referral", name, record="id")
        for name in ("patient", "identifiers", "place", "note", "reason_text", "outcome_note", "appointment")
    ),
    SealedColumn(
        "referral_event",
        "detail",
        ("referral_id", "seq"),
        lambda found: f"{found.referral_id}/{found.seq}",
        "referral_id",
    ),
    SealedColumn("referral_consent", "evidence", ("referral_id",), lambda found: str(found.referral_id), "referral_id"),
    SealedColumn(
        "replay", "body", ("client_id", "route", "key_hash"), lambda found: str(found.referral_id), "referral_id"
    ),
)
# What else is kept as bytes, and is no secret: hashes, signatures, and blind indexes.
PLAIN_BYTES = frozenset(
    {
        "audit_link.hash",
        "audit_checkpoint.hash",
        "audit_checkpoint.signature",
        "referral_event.hash",
        "referral_key.blind",
    }
)
