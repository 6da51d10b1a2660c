"""WHICH ROWS ARE WRITTEN: those whose fingerprint differs from what the database has, and no other source's.

A fingerprint is a digest of everything a row says, as it was loaded. Equal means that nothing is to be done.
"""

import hashlib
from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

import orjson
from sqlalchemy import Row, bindparam, select, update
from sqlalchemy.orm import Session

from resource_api.among import among
from resource_api.directory.graph import in_batches, table
from resource_api.directory.load.report import Report, RowProblem
from resource_api.directory.load.row import Draft
from resource_api.directory.load.shape import columns, link_columns
from resource_api.prepared import write_many

Links = dict[str, Any]


@dataclass(slots=True)
class Written:
    """What one batch wrote: ids by noun, and every owner that a written row has now or had before."""

    new: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    changed: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    links: dict[str, list[Links]] = field(default_factory=lambda: defaultdict(list))

    @property
    def any(self) -> bool:
        """Tell whether anything was written."""
        return any(self.new.values()) or any(self.changed.values())

    def ids(self, noun: str) -> set[str]:
        """List the written ids of a noun."""
        return self.new[noun] | self.changed[noun]


def write_rows(session: Session, drafts: Sequence[Draft], report: Report, *, dry_run: bool) -> Written:
    """Write the drafts of a batch that differ from the database; their order is that of their links."""
    written = Written()
    by_noun: dict[str, list[Draft]] = {}
    for draft in drafts:
        by_noun.setdefault(draft.noun, []).append(draft)
    for noun, some in by_noun.items():
        _write_noun(session, noun, some, report, written, dry_run=dry_run)
    return written


def _write_noun(
    session: Session,
    noun: str,
    drafts: list[Draft],
    report: Report,
    written: Written,
    *,
    dry_run: bool,
) -> None:
    before = existing_rows(session, noun, [d.id for d in drafts])
    names = [column.name for column in columns(noun)]
    links = link_columns(noun)
    new: list[dict[str, Any]] = []
    changed: list[dict[str, Any]] = []
    partly: list[Draft] = []
    count = report.counts[noun]
    for draft in drafts:
        old = before.get(draft.id)
        if old is not None and old.source_id != draft.source_id:
            report.add(_taken(draft))
            continue
        if old is not None and draft.in_passing:
            partly.append(draft)
            continue
        fields = draft.fields
        values = [fields.get(name) for name in names]
        fingerprint = _fingerprint(draft, values)
        if old is not None and old.fingerprint == fingerprint and old.deleted_at is None:
            count.same += 1
            continue
        row = dict(zip(names, values, strict=True)) | draft.kept
        if noun == "location":
            row["confidential"] = bool(row["confidential"])
        row |= {
            "source_id": draft.source_id,
            "original_id": draft.original_id,
            "fingerprint": fingerprint,
            "position": draft.position,
            "deleted_at": None,
        }
        if "hangs_on" in draft.private:
            linked = fields.get("link_id") or fields["resource_id"]
            written.links[noun].append({f"{draft.private['hangs_on']}_id": linked})
        else:
            written.links[noun].append({link: row[link] for link in links if row[link] is not None})
        if old is None:
            row["id"] = draft.id
            new.append(row)
            written.new[noun].add(draft.id)
        else:
            row["of_id"] = draft.id
            changed.append(row)
            written.changed[noun].add(draft.id)
            if "hangs_on" not in draft.private:
                written.links[noun].append(_old_links(old, links))
    if partly:
        changed_partly = _merge_in_passing(session, noun, partly, report, written, dry_run=dry_run)
        count.changed += changed_partly
        count.same += len(partly) - changed_partly
    count.new += len(new)
    count.changed += len(changed)
    if dry_run:
        return
    target = table(noun)
    write_many(session, target, new)
    if changed:
        values_now: dict[str, Any] = {name: bindparam(name) for name in changed[0] if name != "of_id"}
        session.execute(update(target).where(target.c.id == bindparam("of_id")).values(values_now), changed)


def existing_rows(session: Session, noun: str, ids: Collection[str]) -> dict[str, Row[Any]]:
    """Read what the database has under these ids: source, fingerprint, deletion and links."""
    target = table(noun)
    wanted = (target.c.id, target.c.source_id, target.c.fingerprint, target.c.deleted_at)
    statement = select(*wanted, *(target.c[name] for name in link_columns(noun)))
    found: dict[str, Row[Any]] = {}
    for some in in_batches(set(ids)):
        for row in session.execute(statement.where(among(target.c.id, some))):
            found[row.id] = row
    return found


def _merge_in_passing(
    session: Session, noun: str, drafts: Iterable[Draft], report: Report, written: Written, *, dry_run: bool
) -> int:
    """Update what copies met in passing say differently; what they do not say stays as it is."""
    target = table(noun)
    count = 0
    for draft in drafts:
        said = {
            name: value
            for name, value in draft.fields.items()
            if value != "" and name not in draft.assumed | draft.kept.keys()
        }
        old = session.execute(select(target).where(target.c.id == draft.id)).mappings().one()
        differing = {name: value for name, value in said.items() if old[name] != value}
        if not differing and old["deleted_at"] is None:
            continue
        count += 1
        links = link_columns(noun)
        written.changed[noun].add(draft.id)
        written.links[noun] += [
            {name: old[name] for name in links if old[name]},
            {name: said[name] for name in links if said.get(name)},
        ]
        if not dry_run:
            # Without a fingerprint, the record itself will be compared anew when it comes.
            now = differing | {"fingerprint": None, "deleted_at": None}
            session.execute(update(target).where(target.c.id == draft.id).values(now))
    return count


def _fingerprint(draft: Draft, values: list[Any]) -> str:
    said = orjson.dumps((values, draft.position, draft.original_id))
    return hashlib.blake2b(said, digest_size=12).hexdigest()


def _old_links(old: Row[Any], links: tuple[str, ...]) -> Links:
    row = old._mapping
    return {link: row[link] for link in links if row[link] is not None}


def _taken(draft: Draft) -> RowProblem:
    reason = f"the id belongs to a record of another source: {draft.original_id or draft.id}"
    return draft.problem("id", reason, "an id of its own, or load it under the source it came from", refused=True)
