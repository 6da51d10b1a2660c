"""WHICH ROWS ARE ONE: the same record met several times becomes one row, with every owner it was met under.

Nested JSON repeats a phone under its service, its location and its contact, and an organization inside each of its
services. In a table the same id twice is a mistake: the first row stands.
"""

from resource_api.directory.graph import OWNERS
from resource_api.directory.load.identify import derive_id
from resource_api.directory.load.report import Report
from resource_api.directory.load.row import Draft


def merge_copies(drafts: list[Draft], report: Report, *, source: str) -> list[Draft]:
    """Merge the drafts of one batch that have the same noun and id, in the input's order."""
    merged: dict[tuple[str, str], Draft] = {}
    for draft in sorted(drafts, key=lambda d: d.order):
        first = merged.setdefault((draft.noun, draft.id), draft)
        if first is draft:
            continue
        if first.in_passing and not draft.in_passing:
            # The record itself comes after a copy in passing: what it says counts.
            draft.order = first.order
            draft.fields = first.fields | draft.fields
            merged[draft.noun, draft.id] = draft
            continue
        for copy in _join(first, draft, report, source):
            merged.setdefault((copy.noun, copy.id), copy)
    return list(merged.values())


def _join(first: Draft, again: Draft, report: Report, source: str) -> list[Draft]:
    owners = OWNERS.get(first.noun, ())
    differing = [
        name
        for name, value in again.fields.items()
        if name not in owners and first.fields.get(name, value) != value and value is not None
    ]
    if differing and not again.in_passing:
        reason = f"the id is taken by another {first.noun}: {again.original_id or again.id}"
        hint = f"an id of its own; the first is in {first.file}, line {first.line}"
        report.add(again.problem(differing[0], reason, hint, refused=True))
        return []
    for name, value in again.fields.items():
        first.fields.setdefault(name, value)
    second = {name for name in owners if first.fields.get(name) != again.fields.get(name, first.fields.get(name))}
    if not second:
        return []
    # One row has one place for each kind of owner; a second service that shares a phone gets a copy of it.
    report.mended[f"a {first.noun} shared by several owners copied for each"] += 1
    owner = "|".join(f"{again.fields[name]}" for name in sorted(second))
    fields = {n: v for n, v in again.fields.items() if n not in owners or n in second}
    own_id = derive_id(source, first.noun, f"{first.id}|{owner}")
    return [Draft(first.noun, own_id, first.original_id or first.id, fields, again.file, again.line, again.order)]
