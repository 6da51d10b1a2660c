"""WHERE ROWS WAIT until every file has been read: a temporary SQLite file, so that memory does not grow with the input.

There each row is put with the organization that it must be loaded with: the last, in the input's order, of all that
it links to. Whatever a row links to is then loaded before it or with it, even where two organizations share a
location, and a batch is whole organizations.
"""

import os
import sqlite3
import tempfile
from collections.abc import Collection, Iterable, Iterator
from pathlib import Path
from types import TracebackType

import orjson

from resource_api.directory.graph import NOUNS, SHARED
from resource_api.directory.load.row import Draft
from resource_api.directory.load.shape import RANK

ROWS_PER_BATCH = 2_000
ALONE = 1 << 62  # the group of rows that belong to no organization; group 0 is what all share

Cursor = tuple[int, int, str]
START: Cursor = (-1, -1, "")

_LINKS = (
    "organization_id",
    "program_id",
    "service_id",
    "service_at_location_id",
    "location_id",
    "contact_id",
    "phone_id",
    "any_id",
)
_LINKED_NOUN = {link: link[: -len("_id")] for link in _LINKS[:-1]}
_COLUMNS = ("noun", "id", "file", "line", "passing", "payload", *_LINKS)
_INSERT = f"insert into staged ({', '.join(_COLUMNS)}) values ({', '.join('?' * len(_COLUMNS))})"  # noqa: S608 - our own names


class Staging:
    """A temporary database of everything the input holds; leave the `with` and it is gone."""

    def __init__(self, folder: Path | None = None) -> None:
        handle, path = tempfile.mkstemp(prefix="load-", suffix=".staging", dir=folder)
        os.close(handle)
        self.path = Path(path)
        self.db = sqlite3.connect(path, isolation_level=None)
        for pragma in ("journal_mode=off", "synchronous=off", "cache_size=-16384", "temp_store=file"):
            self.db.execute(f"pragma {pragma}")
        self.db.execute(f"create table staged (n integer primary key, {', '.join(c for c in _COLUMNS)})")
        self.db.execute("create table landed (noun, id, primary key (noun, id)) without rowid")
        self.files: list[str] = []
        self.total = 0

    def __enter__(self) -> "Staging":
        """Enter the `with`."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Remove the file."""
        self.db.close()
        self.path.unlink(missing_ok=True)

    def fill(self, drafts: Iterable[Draft]) -> Iterator[int]:
        """Take in every row, yielding how many there are so far, now and then."""
        file_numbers: dict[str, int] = {}
        waiting: list[tuple[object, ...]] = []
        self.db.execute("begin")
        for draft in drafts:
            number = file_numbers.setdefault(draft.file, len(file_numbers))
            waiting.append(_staged(draft, number))
            if len(waiting) == 1000:
                self.db.executemany(_INSERT, waiting)
                self.total += len(waiting)
                waiting.clear()
                yield self.total
        self.db.executemany(_INSERT, waiting)
        self.total += len(waiting)
        self.files = list(file_numbers)
        self.db.execute("create index staged_id on staged (noun, id)")
        self._place()
        self.db.execute("commit")
        yield self.total

    def batches(self, after: Cursor) -> Iterator[tuple[list[Draft], Cursor]]:
        """Yield batches of whole organizations, each with the cursor to continue after it."""
        rows = self.db.execute(
            "select p.g, p.noun, p.id, s.n, s.file, s.line, s.passing, s.payload from place p"
            " join staged s on s.noun = p.noun and s.id = p.id"
            " where (p.g, p.noun, p.id) > (?, ?, ?) order by p.g, p.noun, p.id",
            after,
        )
        batch: list[Draft] = []
        last: Cursor = after
        for g, noun, row_id, n, file, line, passing, payload in rows:
            here = (g, noun, row_id)
            # What all share, and what belongs to nobody, may be cut between any two records.
            whole = here != last if g in (0, ALONE) else g != last[0]
            if batch and whole and len(batch) >= ROWS_PER_BATCH:
                yield batch, last
                batch = []
            original, fields = orjson.loads(payload)
            batch.append(Draft(NOUNS[noun], row_id, original, fields, self.files[file], line, n, bool(passing)))
            last = here
        if batch:
            yield batch, last

    def holds(self, noun: str, ids: Collection[str]) -> set[str]:
        """Tell which of these ids the input has, or had a row split into."""
        return self._which("staged", noun, ids) | self._which("landed", noun, ids)

    def land(self, noun: str, ids: Iterable[str]) -> None:
        """Remember rows that landed, or would have in a dry run."""
        rank = RANK[noun]
        self.db.executemany("insert or ignore into landed values (?, ?)", [(rank, i) for i in ids])

    def landed(self, noun: str, ids: Collection[str]) -> set[str]:
        """Tell which of these have landed, or would have."""
        return self._which("landed", noun, ids)

    def count_after(self, cursor: Cursor) -> int:
        """Count the rows that are still to be loaded after a cursor."""
        [count] = self.db.execute(
            "select count(*) from place p join staged s on s.noun = p.noun and s.id = p.id"
            " where (p.g, p.noun, p.id) > (?, ?, ?)",
            cursor,
        ).fetchone()
        return int(count)

    def _which(self, table: str, noun: str, ids: Collection[str]) -> set[str]:
        statement = f"select 1 from {table} where noun = ? and id = ? limit 1"  # noqa: S608 - our own names
        rank = RANK[noun]
        return {i for i in ids if self.db.execute(statement, (rank, i)).fetchone()}

    def _place(self) -> None:
        site = RANK["service_at_location"]
        self.db.execute(f"create index staged_site on staged (location_id) where noun = {site}")
        self.db.execute("create table place (noun, id, g, primary key (noun, id)) without rowid")
        for noun in NOUNS:
            if noun == "attribute":
                # These two link to a record of any noun.
                self.db.execute("create index place_any on place (id, g)")
            self.db.execute(_placing(noun))
        self.db.execute("drop index place_any")
        self.db.execute("create index place_g on place (g, noun, id)")


def _placing(noun: str) -> str:
    rank = RANK[noun]
    into = "insert into place (noun, id, g) "
    if noun in SHARED:
        return into + f"select distinct noun, id, 0 from staged where noun = {rank}"  # noqa: S608
    if noun == "organization":
        return into + f"select noun, id, min(n) from staged where noun = {rank} group by id"  # noqa: S608
    if noun == "program":
        links = ["organization_id"]
        otherwise = 0
    elif noun == "location":
        return into + _placing_locations(rank)
    elif noun in ("attribute", "metadata"):
        return (
            into + "select s.noun, s.id, coalesce(max(nullif(p.g, 0)), max(p.g), "  # noqa: S608
            f"{ALONE}) from staged s left join place p on p.id = s.any_id where s.noun = {rank} group by s.id"
        )
    else:
        links = [link for link in _LINKS[:-1] if RANK[_LINKED_NOUN[link]] < rank]
        otherwise = ALONE
    joins = " ".join(
        f"left join place p{i} on p{i}.noun = {RANK[_LINKED_NOUN[link]]} and p{i}.id = s.{link}"
        for i, link in enumerate(links)
    )
    latest = [f"coalesce(p{i}.g, 0)" for i in range(len(links))]
    g = f"max({', '.join(latest)})" if len(latest) > 1 else latest[0]
    placed = f"coalesce(nullif(max({g}), 0), {otherwise})"
    return into + f"select s.noun, s.id, {placed} from staged s {joins} where s.noun = {rank} group by s.id"  # noqa: S608


def _placing_locations(rank: int) -> str:
    """Put a location with its organization, or where it has none, with the first whose service is there."""
    organization, site, service = RANK["organization"], RANK["service_at_location"], RANK["service"]
    return (
        "select l.noun, l.id, coalesce(max(o.g), (select min(so.g) from staged t"  # noqa: S608
        f" join staged v on v.noun = {service} and v.id = t.service_id"
        f" join place so on so.noun = {organization} and so.id = v.organization_id"
        f" where t.noun = {site} and t.location_id = l.id), {ALONE})"
        f" from staged l left join place o on o.noun = {organization} and o.id = l.organization_id"
        f" where l.noun = {rank} group by l.id"
    )


def _staged(draft: Draft, file: int) -> tuple[object, ...]:
    fields = draft.fields
    any_id = fields.get("link_id") or fields.get("resource_id")
    links = [fields.get(link) for link in _LINKS[:-1]]
    payload = orjson.dumps((draft.original_id, fields))
    return (RANK[draft.noun], draft.id, file, draft.line, draft.in_passing, payload, *links, any_id)
