"""WHERE EACH TOKEN STANDS: the rows of what was asked for before, so that each is asked for once.

A list is true up to the row that was the last when it was read; later ones are added when it is used again, and those
that are gone since are struck out. A row's number is never given again, so nothing else can become untrue.
"""

from collections.abc import Mapping, Sequence
from threading import Lock

import numpy as np

from resource_api.search.column import Flags, Numbers
from resource_api.search.expression import Beside, Clause, Term
from resource_api.search.shelf import Shelf

# Numbers kept, eight bytes each: 64 MiB in each process at most.
MOST_NUMBERS = 8_000_000
MOST_GONE = 100_000
MOST_MET = 10_000


class Postings:
    """Lists of row numbers by term, or by what is said of where tokens stand."""

    def __init__(self, shelf: Shelf) -> None:
        self._lists: dict[Term | Beside, tuple[Numbers, int]] = {}
        self._met: set[Beside] = set()
        self._size = 0
        self._gone: Flags = np.zeros(1024, np.bool_)
        self._seen = self._first_seen = shelf.last_gone()
        self._changing = Lock()

    @property
    def worn(self) -> bool:
        """Tell whether it is time to begin anew: too much is kept, or too much of it is gone."""
        return self._size > MOST_NUMBERS or self._seen - self._first_seen > MOST_GONE

    def meet(self, positions: Sequence[Beside]) -> bool:
        """Tell whether all of this has been asked before: then it is worth asking of every row, and keeping."""
        new = [beside for beside in positions if beside not in self._met]
        if len(self._met) > MOST_MET:
            self._met = set()
        self._met.update(new)
        return not new

    def find(self, shelf: Shelf, clauses: Sequence[Clause], positions: Sequence[Beside] = ()) -> Numbers:
        """Find the rows that every clause holds for, and all that is said of positions."""
        last, gone = self._read_news(shelf)
        known = self._read(shelf, clauses, positions, last)
        sets = [[_all_of(known, terms, last) for terms in clause] for clause in clauses]
        sets += [[known[beside]] for beside in positions]
        sets.sort(key=lambda each: sum(map(len, each)))
        found = sets[0][0] if len(sets[0]) == 1 else np.flatnonzero(_marked(sets[0], last))
        for lists in sets[1:]:
            found = found[_marked(lists, last)[found]]
        return found[~gone[found]]

    def _read(
        self, shelf: Shelf, clauses: Sequence[Clause], positions: Sequence[Beside], last: int
    ) -> Mapping[Term | Beside, Numbers]:
        """Get the rows up to `last` of each; another search may have seen later ones already."""
        read: dict[Term | Beside, Numbers] = {}
        stale: dict[Term | Beside, int] = {}
        wanted: list[Term | Beside] = [*positions, *(term for clause in clauses for terms in clause for term in terms)]
        for said in wanted:
            numbers, known = self._lists.get(said, _NOTHING)
            if known < last:
                stale[said] = known
            read[said] = numbers if known <= last else numbers[numbers <= last]
        if stale:
            for (said, known), later in zip(stale.items(), shelf.find(list(stale.items())), strict=True):
                numbers = read[said] = np.concatenate([read[said], later])
                with self._changing:
                    if self._lists.get(said, _NOTHING)[1] == known:
                        self._lists[said] = numbers, last
                        self._size += len(later)
        return read

    def _read_news(self, shelf: Shelf) -> tuple[int, Flags]:
        with self._changing:
            news = shelf.read_news(self._seen)
            if news.last >= len(self._gone):
                self._gone = np.concatenate([self._gone, np.zeros(max(news.last + 1, len(self._gone)), np.bool_)])
            if news.gone:
                self._gone[[number for _, number in news.gone]] = True
                self._seen = max(place for place, _ in news.gone)
            return news.last, self._gone


_NOTHING: tuple[Numbers, int] = (np.zeros(0, np.int64), 0)


def _all_of(known: Mapping[Term | Beside, Numbers], terms: Sequence[Term], last: int) -> Numbers:
    found = known[terms[0]]
    for term in terms[1:]:
        found = found[_marked([known[term]], last)[found]]
    return found


def _marked(lists: Sequence[Numbers], last: int) -> Flags:
    marked = np.zeros(last + 1, np.bool_)
    for numbers in lists:
        marked[numbers] = True
    return marked
