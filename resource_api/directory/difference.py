"""WHAT A STEWARD CHANGED: the object that was sent, held against the one that is served.

Only what differs is written. So whatever is served can be sent back as it is and nothing changes: neither what is
withheld from it, nor the street that was struck out of a text.
"""

from collections.abc import Collection
from dataclasses import dataclass, field
from typing import Any, Literal

from sqlalchemy import select
from sqlalchemy.orm import Session

from resource_api.directory.graph import OWNERS, table
from resource_api.directory.load.identify import is_uuid
from resource_api.directory.load.shape import columns
from resource_api.directory.nesting import READ_ONLY, REFERENCES, SHOWN, Reference, children_of
from resource_api.directory.read_field import given_needs, members_of, read_field, required_columns
from resource_api.directory.write_row import JSON, write_row
from resource_api.errors import BadInput

Owner = tuple[str, str]
_MISSING = object()
# What a row says by where it stands.
_TAKEN_FROM_PLACE = READ_ONLY | {"link_entity"}


@dataclass(slots=True)
class Change:
    """One row to make, change or take away. `values` are its columns; `said` what history tells, by member.

    `owner` is the noun and id of what the row hangs on; `path` where it stands in what was sent.
    """

    kind: Literal["create", "update", "remove"]
    noun: str
    id: str
    path: str
    owner: Owner | None = None
    values: dict[str, Any] = field(default_factory=dict)
    said: dict[str, tuple[Any, Any]] = field(default_factory=dict)


def find_changes(
    session: Session, noun: str, record_id: str, served: JSON | None, sent: JSON, *, only: Collection[str] | None = None
) -> list[Change]:
    """Find what differs between a record as it is served, or None for a new one, and as it was sent.

    With `only`, these members alone may differ, and of the others nothing is taken away. Rows come after what they
    hang on. Raises BadInput, which names the member by its path.
    """
    comparison = _Comparison(session)
    comparison.compare(noun, record_id, served, sent, None, "", only)
    return comparison.changes


class _Comparison:
    def __init__(self, session: Session) -> None:
        self.session = session
        self.changes: list[Change] = []

    def compare(
        self,
        noun: str,
        row_id: str,
        served: JSON | None,
        sent: JSON,
        owner: Owner | None,
        path: str,
        only: Collection[str] | None = None,
    ) -> None:
        before: JSON = served or {}
        change = Change("update" if served is not None else "create", noun, row_id, path, owner)
        self._refuse_strangers(noun, before, sent, owner, path, only)
        for column in columns(noun):
            members = members_of(noun, column.name)
            if column.kind == "link" or column.name in _TAKEN_FROM_PLACE or not _may_differ(members, only):
                continue
            if column.kind == "flag" and column.name not in sent:
                continue  # what is confidential is not opened by leaving a word out
            was, now = ({m: each.get(m) for m in members} for each in (before, sent))
            if was == now or (
                column.name == "needs" and not _needs_differ(was["needs"], now["needs"], _at(path, "needs"))
            ):
                continue
            change.values[column.name] = read_field(noun, column, sent, path)
            change.said |= {m: (was[m], now[m]) for m in members if was[m] != now[m]}
        if served is None:
            self._complete(change, sent)
        for reference in REFERENCES.get(noun, ()):
            if _may_differ((reference.column,), only):
                self._refer(change, reference, served, sent)
        if change.values or served is None:
            self.changes.append(change)
        for key, child in children_of(noun):
            if _may_differ((key,), only):
                self._compare_list(change, key, child, before.get(key, []), sent.get(key))

    def _compare_list(self, parent: Change, key: str, child: str, served: list[JSON], sent: Any) -> None:
        at = _at(parent.path, key)
        sent = [] if sent is None else sent
        if not isinstance(sent, list) or not all(isinstance(each, dict) for each in sent):
            raise BadInput("is not a list of objects", field=at)
        was = {each["id"]: each for each in served}
        kept: dict[str, JSON] = {}
        for i, each in enumerate(sent):
            row_id = _read_id(each.get("id"), was, f"{at}[{i}].id")
            if row_id in kept:
                raise BadInput(f"the id is there twice: {row_id}", field=f"{at}[{i}].id", hint="an id of its own")
            kept[row_id] = each
        owner = (parent.noun, parent.id)
        said_by_parent = Change("update", parent.noun, parent.id, parent.path, parent.owner)
        for row_id in was.keys() - kept.keys():
            self.changes.append(Change("remove", child, row_id, at, owner))
        moved = [*kept] != [row_id for row_id in was if row_id in kept]
        for i, (row_id, each) in enumerate(kept.items()):
            before = len(self.changes)
            self.compare(child, row_id, was.get(row_id), each, owner, f"{at}[{i}]")
            if moved:
                mine = next((c for c in self.changes[before:] if (c.noun, c.id) == (child, row_id)), None)
                if mine is None:
                    self.changes.append(mine := Change("update", child, row_id, f"{at}[{i}]", owner))
                mine.values["position"] = i
        gone = [each for row_id, each in was.items() if row_id not in kept]
        new = [each for row_id, each in kept.items() if row_id not in was]
        if parent.kind == "update" and (gone or new):
            said_by_parent.said[key] = (gone or None, new or None)
            self.changes.append(said_by_parent)

    def _refer(self, change: Change, reference: Reference, served: JSON | None, sent: JSON) -> None:
        """Read a link to another record, which may be said by its id, by what it shows, or by both."""
        column, shown_as = reference.column, reference.shown_as
        was, now = (_said(each, reference, change.path) for each in (served or {}, sent))
        at = _at(change.path, column)
        shown = sent.get(shown_as) if shown_as else None
        if served is not None and shown_as and shown is not None and shown == served.get(shown_as):
            shown = None  # sent back as it was shown
            now = sent.get(column, was)
        elif served is not None and shown is not None and sent.get(column) == served.get(column):
            now = shown.get("id")
        elif shown is not None and sent.get(column) not in (None, shown.get("id")):
            raise BadInput(f"contradicts `{shown_as}`", field=at, hint="say it once")
        now = now.lower() if isinstance(now, str) else now
        if served is not None and reference.fixed and now is None:
            now = was
        if now != was:
            if served is not None and reference.fixed:
                raise BadInput("is for good", field=at, hint=f"make another {change.noun.replace('_', ' ')} there")
            change.values[column] = now
            change.said[column] = (was, now)
        if now is not None and (now != was or shown is not None):
            self._check_target(change, reference, str(now), shown)

    def _check_target(self, change: Change, reference: Reference, target_id: str, shown: JSON | None) -> None:
        target = table(reference.noun)
        row = self.session.execute(select(target).where(target.c.id == target_id)).mappings().one_or_none()
        where = _at(change.path, reference.shown_as if shown is not None and reference.shown_as else reference.column)
        if row is None and reference.noun == "unit" and shown is not None:
            self.compare("unit", _read_id(target_id, (), f"{where}.id"), None, shown, None, where)
            return
        if row is None or row["deleted_at"] is not None:
            raise BadInput(f"there is no such {reference.noun.replace('_', ' ')}: {target_id[:100]}", field=where)
        own = write_row(reference.noun, dict(row))
        for name, value in (shown or {}).items():
            if own.get(name, _MISSING) != value:
                hint = "give its `id` alone; it is written at its own URL"
                raise BadInput("shows another record, and otherwise than it is", field=f"{where}.{name}", hint=hint)

    def _complete(self, change: Change, sent: JSON) -> None:
        """Give a new row what it cannot do without, and its link to what it hangs on."""
        for column in required_columns(change.noun):
            if column.name not in change.values and column.name not in _TAKEN_FROM_PLACE:
                change.values[column.name] = read_field(change.noun, column, sent, change.path)
        for reference in REFERENCES.get(change.noun, ()):
            needed = next(c for c in columns(change.noun) if c.name == reference.column).required
            if needed and _said(sent, reference, change.path) is None:
                raise BadInput(f"lacks its {reference.noun}", field=_at(change.path, reference.column))
        if change.owner is None:
            return
        noun, owner_id = change.owner
        if change.noun == "attribute":
            change.values |= {"link_id": owner_id, "link_entity": noun}
        else:
            change.values[f"{noun}_id"] = owner_id

    def _refuse_strangers(
        self, noun: str, before: JSON, sent: JSON, owner: Owner | None, path: str, only: Collection[str] | None
    ) -> None:
        """Refuse what is no member of the noun, and what only shows another record unless it does so rightly."""
        own = {m for c in columns(noun) for m in members_of(noun, c.name)}
        lists = {key for key, _ in children_of(noun)}
        shown = {r.shown_as for r in REFERENCES.get(noun, ())}
        for key, value in sent.items():
            at = _at(path, key)
            if value is None or key == "id" or before.get(key, _MISSING) == value:
                continue
            if key in READ_ONLY or key in SHOWN.get(noun, ()):
                hint = "leave it out, or send it as it is served"
                raise BadInput("is read-only here", field=at, hint=hint)
            if key not in own | lists | shown:
                raise BadInput("is not known here", field=at, hint=f"members of a {noun.replace('_', ' ')}")
            if not _may_differ((key,), only) and (key in own or key in lists):
                raise BadInput("is not written here", field=at, hint=_ELSEWHERE)
            self._check_owner(noun, key, value, owner, at)

    def _check_owner(self, noun: str, key: str, value: Any, owner: Owner | None, at: str) -> None:
        if noun == "attribute" and key in ("link_id", "link_entity"):
            rightly = owner is not None and value in owner
        elif key in OWNERS.get(noun, ()) and owner is not None:
            rightly = owner == (key.removesuffix("_id"), value)
        else:
            return
        if not rightly:
            raise BadInput("is not what it stands in", field=at, hint="leave it out")


_ELSEWHERE = "where a confidential location is, its owner writes at /locations/{id}/confidential-address"


def _may_differ(members: Collection[str], only: Collection[str] | None) -> bool:
    return only is None or any(member in only for member in members)


def _said(found: JSON, reference: Reference, path: str) -> str | None:
    """Get the id that an object says of what it links to."""
    said = found.get(reference.column)
    if reference.shown_as is not None:
        shown = found.get(reference.shown_as)
        if shown is not None and not isinstance(shown, dict):
            raise BadInput("is not an object", field=_at(path, reference.shown_as))
        said = (shown or {}).get("id") if said is None else said
    if said is not None and not isinstance(said, str):
        raise BadInput("is no id", field=_at(path, reference.column), hint="a UUID")
    return said


def _needs_differ(was: Any, now: Any, at: str) -> bool:
    for link in now or ():
        if isinstance(link, dict) and link.get("certainty") != "given" and link not in (was or ()):
            hint = "leave it out: it is inferred from the text; or say that it is `given`"
            raise BadInput("is not what is inferred", field=at, hint=hint)
    return given_needs(was or [], at) != given_needs(now or [], at)


def _read_id(found: Any, known: Collection[str], at: str) -> str:
    """Read the id of a row: one that is there, or a UUID."""
    if isinstance(found, str) and (found in known or is_uuid(found)):
        return found if found in known else found.lower()
    raise BadInput("is no UUID", field=at, hint="HSDS gives every object one; choose it yourself")


def _at(path: str, name: str) -> str:
    return f"{path}.{name}" if path else name
