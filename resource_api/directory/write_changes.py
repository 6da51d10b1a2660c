"""HOW A STEWARD'S CHANGES ARE WRITTEN: rows made, changed and taken away, and what history tells of it.

History is HSDS's metadata: one row for each member that changed, on the row that it is of; what was added to a list or
taken from it, on the record that has the list. Of a confidential location it tells nothing.
"""

from collections.abc import Collection, Iterable
from datetime import datetime
from typing import Any
from uuid import uuid4

import orjson
from sqlalchemy import func, insert, select, update
from sqlalchemy.orm import Session

from resource_api.access.policy import Grants
from resource_api.among import among
from resource_api.directory.difference import Change
from resource_api.directory.editable import may_write
from resource_api.directory.graph import OWNERS, in_batches, table
from resource_api.directory.nesting import children_of
from resource_api.errors import BadInput, NotAllowed

Rows = dict[str, set[str]]


def write_changes(session: Session, grants: Grants, changes: Iterable[Change], *, now: datetime) -> Rows:
    """Write changes in their order; gives back, by noun, the rows that hang on other records as well.

    Raises NotAllowed where such a row hangs on what the caller may not write, BadInput where an id is taken.
    """
    shared: Rows = {}
    for change in changes:
        if change.kind != "create" and change.noun in OWNERS and len(_owners(session, change)) > 1:
            if not may_write(session, grants, change.noun, change.id):
                detail = f"The {change.noun} at `{change.path}` belongs to another organization's record as well"
                raise NotAllowed(detail, hint="ask an administrator")
            shared.setdefault(change.noun, set()).add(change.id)
        if change.kind == "create":
            _create(session, grants, change)
        elif change.kind == "remove":
            _remove(session, change, now=now)
        elif change.values:
            rows = table(change.noun)
            session.execute(update(rows).where(rows.c.id == change.id).values(change.values))
    return shared


def write_history(session: Session, grants: Grants, changes: Iterable[Change], *, now: datetime) -> None:
    """Tell in the history of each row what of it changed, and by whom."""
    who = name_of_editor(session, grants)
    metadata = table("metadata")
    for change in changes:
        said = change.said if change.kind == "update" else {}
        if change.kind == "create" and change.owner is None and change.noun != "unit":
            said = {"id": (None, change.id)}
        if not said:
            continue
        last = select(func.max(metadata.c.position)).where(metadata.c.resource_id == change.id)
        position = session.scalar(last)
        for n, (name, (before, after)) in enumerate(
            sorted(said.items()), start=0 if position is None else position + 1
        ):
            row = {
                "id": str(uuid4()),
                "position": n,
                "resource_id": change.id,
                "resource_type": change.noun,
                "last_action_date": now.date().isoformat(),
                "last_action_type": change.kind,
                "field_name": name,
                "previous_value": _write_value(before),
                "replacement_value": _write_value(after),
                "updated_by": who,
            }
            session.execute(insert(metadata).values(row))


def name_of_editor(session: Session, grants: Grants) -> str:
    """Name the organization on whose behalf somebody writes."""
    if grants.organization_id is None:
        return "An administrator"
    rows = table("organization")
    name = session.scalar(select(rows.c.name).where(rows.c.id == grants.organization_id))
    return name or grants.organization_id


def delete_rows(session: Session, noun: str, ids: Collection[str], *, now: datetime) -> None:
    """Mark rows as deleted, and all that hangs on them."""
    rows = table(noun)
    for some in in_batches(ids):
        session.execute(update(rows).where(among(rows.c.id, some), rows.c.deleted_at.is_(None)).values(deleted_at=now))
    for said_of, link in (("metadata", "resource_id"), ("attribute", "link_id")):
        hanging = _linked(session, said_of, link, ids)
        if hanging and said_of != noun:
            delete_rows(session, said_of, hanging, now=now)
    for _, child in children_of(noun):
        if child == "attribute":
            continue
        link = f"{noun}_id"
        alone = {i for i in _linked(session, child, link, ids) if len(_links_of(session, child, i)) == 1}
        if alone:
            delete_rows(session, child, alone, now=now)


def _create(session: Session, grants: Grants, change: Change) -> None:
    rows = table(change.noun)
    old = session.execute(select(rows).where(rows.c.id == change.id)).mappings().one_or_none()
    values: dict[str, Any] = {
        column.name: None for column in rows.columns if column.name not in ("id", "position", "source_id")
    }
    if "confidential" in values:
        values["confidential"] = False
    values |= change.values
    if old is None:
        session.execute(insert(rows).values({"id": change.id, "position": 0, "source_id": None} | values))
        return
    # An id that was deleted can be used again by whoever had it, for the same place.
    same_place = change.owner is None or old.get(f"{change.owner[0]}_id", old.get("link_id")) == change.owner[1]
    if old["deleted_at"] is None or not same_place:
        raise BadInput(f"the id is taken: {change.id}", field=_id_of(change), hint="an id of its own")
    if change.owner is None and not may_write(session, grants, change.noun, change.id):
        raise NotAllowed(f"The id belonged to another organization's {change.noun.replace('_', ' ')}")
    session.execute(update(rows).where(rows.c.id == change.id).values({"source_id": None} | values))


def _remove(session: Session, change: Change, *, now: datetime) -> None:
    if change.owner is not None and len(_owners(session, change)) > 1:
        rows = table(change.noun)
        session.execute(update(rows).where(rows.c.id == change.id).values({f"{change.owner[0]}_id": None}))
        return
    if change.noun == "program":
        services = _linked(session, "service", "program_id", [change.id])
        if services:
            hint = "take the program out of its services first"
            raise BadInput(
                f"services belong to the program: {', '.join(sorted(services)[:3])}", field=change.path, hint=hint
            )
    delete_rows(session, change.noun, [change.id], now=now)


def _owners(session: Session, change: Change) -> list[str]:
    return _links_of(session, change.noun, change.id)


def _links_of(session: Session, noun: str, row_id: str) -> list[str]:
    rows = table(noun)
    names = OWNERS.get(noun, ())
    if not names:
        return []
    found = session.execute(select(*(rows.c[name] for name in names)).where(rows.c.id == row_id)).one_or_none()
    return [owner for owner in found or () if owner is not None]


def _linked(session: Session, noun: str, link: str, ids: Collection[str]) -> set[str]:
    rows = table(noun)
    found: set[str] = set()
    for some in in_batches(ids):
        found.update(session.scalars(select(rows.c.id).where(among(rows.c[link], some), rows.c.deleted_at.is_(None))))
    return found


def _id_of(change: Change) -> str:
    return f"{change.path}.id" if change.path else "id"


def _write_value(value: Any) -> str:
    if value is None:
        return ""
    return value if isinstance(value, str) else orjson.dumps(value).decode()
