"""WHERE EACH TOKEN STANDS: the rows of what was asked for before, so that FTS5 is asked for each once.

A list is true up to the row that was the last when it was read; later ones are added when it is used again, and those
that are gone since are struck out. A row's number is never given again, so nothing else can become untrue.
"""

import sqlite3
from collections.abc import Sequence
from threading import Lock

import numpy as np

from resource_api.search.columns import Flags, Numbers
from resource_api.search.expression import Clause, Term

# Numbers kept, eight bytes each: 64 MiB in each process at most.
MOST_NUMBERS = 8_000_000
MOST_GONE = 100_000
MOST_MET = 10_000


class Postings:
    """Lists of row numbers by term, or by what is said of where tokens stand."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._lists: dict[Term | str, tuple[Numbers, int]] = {}
        self._met: set[str] = set()
        self._size = 0
        self._gone: Flags = np.zeros(1024, np.bool_)
        self._seen = self._first_seen = _number(connection, "SELECT max(id) FROM search_gone")
        self._changing = Lock()

    @property
    def worn(self) -> bool:
        """Tell whether it is time to begin anew: too much is kept, or too much of it is gone."""
        return self._size > MOST_NUMBERS or self._seen - self._first_seen > MOST_GONE

    def meet(self, positions: Sequence[str]) -> bool:
        """Tell whether all of this has been asked before: then it is worth asking of every row, and keeping."""
        new = [said for said in positions if said not in self._met]
        if len(self._met) > MOST_MET:
            self._met = set()
        self._met.update(new)
        return not new

    def find(self, connection: sqlite3.Connection, clauses: Sequence[Clause], positions: Sequence[str]) -> Numbers:
        """Find the rows that every clause holds for, and all that is said of positions."""
        last = _number(connection, "SELECT last FROM search_number")
        gone = self._read_gone(connection, last)
        sets = [[self._all_of(connection, terms, last) for terms in clause] for clause in clauses]
        sets += [[self._read(connection, said, last)] for said in positions]
        sets.sort(key=lambda each: sum(map(len, each)))
        found = sets[0][0] if len(sets[0]) == 1 else np.flatnonzero(_marked(sets[0], last))
        for lists in sets[1:]:
            found = found[_marked(lists, last)[found]]
        return found[~gone[found]]

    def _all_of(self, connection: sqlite3.Connection, terms: Sequence[Term], last: int) -> Numbers:
        found = self._read(connection, terms[0], last)
        for term in terms[1:]:
            found = found[_marked([self._read(connection, term, last)], last)[found]]
        return found

    def _read(self, connection: sqlite3.Connection, term: Term | str, last: int) -> Numbers:
        """Get the rows up to `last` that a term holds for; another search may have seen later ones already."""
        numbers, known = self._lists.get(term, (None, 0))
        if numbers is None or known < last:
            later = find_numbers(connection, str(term), after=known)
            numbers = later if numbers is None else np.concatenate([numbers, later])
            with self._changing:
                if self._lists.get(term, (None, 0))[1] == known:
                    self._lists[term] = numbers, last
                    self._size += len(later)
        return numbers if known <= last else numbers[numbers <= last]

    def _read_gone(self, connection: sqlite3.Connection, last: int) -> Flags:
        with self._changing:
            rows = connection.execute("SELECT id, number FROM search_gone WHERE id > ?", (self._seen,)).fetchall()
            if last >= len(self._gone):
                self._gone = np.concatenate([self._gone, np.zeros(max(last + 1, len(self._gone)), np.bool_)])
            if rows:
                self._gone[[number for _, number in rows]] = True
                self._seen = max(id_ for id_, _ in rows)
            return self._gone


def find_numbers(connection: sqlite3.Connection, match: str | None, *, after: int = 0) -> Numbers:
    """Find the rows that a MATCH expression holds for, or all, ascending."""
    # One row of text: the driver hands over the interpreter once, not for each of a thousand numbers.
    if match is None:
        found = connection.execute("SELECT group_concat(id) FROM search_row WHERE id > ?", (after,))
    else:
        sql = "SELECT group_concat(rowid) FROM search_fts WHERE search_fts MATCH ? AND rowid > ?"
        found = connection.execute(sql, (match, after))
    return np.fromstring(found.fetchone()[0] or "", np.int64, sep=",")


def _marked(lists: Sequence[Numbers], last: int) -> Flags:
    marked = np.zeros(last + 1, np.bool_)
    for numbers in lists:
        marked[numbers] = True
    return marked


def _number(connection: sqlite3.Connection, sql: str) -> int:
    row = connection.execute(sql).fetchone()
    return 0 if row is None or row[0] is None else int(row[0])
