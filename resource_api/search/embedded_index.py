"""THE EMBEDDED INDEX: it lives in the directory's own database, in its transactions.

The database finds which rows may answer; the exact distance, the filters, the facets and the score are then decided
from columns of numbers (`judge.py`), the same for every index. What a database is asked, its `Shelf` says in its words.
"""

from abc import ABC, abstractmethod
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from sqlalchemy import delete, func, insert, select, update
from sqlalchemy.orm import Session

from resource_api.among import among
from resource_api.database import Base, fetch, only_reads, wait_for_turn
from resource_api.directory.document import DIRECTORY
from resource_api.prepared import write_many
from resource_api.search.column import Floats, Numbers
from resource_api.search.columns import Columns
from resource_api.search.document import SearchDocument
from resource_api.search.hit import write_hits
from resource_api.search.judge import judge
from resource_api.search.postings import Postings
from resource_api.search.query import SearchHit, SearchPage, SearchQuery
from resource_api.search.row import text_columns, write_row
from resource_api.search.shelf import Shelf
from resource_api.search.tables import SearchGone, SearchNumber, SearchRow, SearchText, SearchWord

_ROWS = Base.metadata.tables[SearchRow.__tablename__]
_TEXTS = Base.metadata.tables[SearchText.__tablename__]
_GONE = Base.metadata.tables[SearchGone.__tablename__]
_NUMBERS = "SELECT service_id, id FROM search_row WHERE service_id IN :ids"
_AT_A_TIME = 500
# About 300 bytes each: 180 MiB in each process at most, and 30 for a directory of 100,000.
MOST_ROWS = 600_000


class EmbeddedIndex(ABC):
    """A SearchIndex in the tables of `tables.py`, beside the directory's own."""

    def __init__(self) -> None:
        self._words: set[str] = set()
        self._words_as_of: Any = None
        self._columns = Columns()
        self._postings: Postings | None = None

    @abstractmethod
    def shelf(self, session: Session) -> Shelf:
        """Get what this index asks of its database, inside the session's transaction."""

    @abstractmethod
    def find_numbers(self, shelf: Shelf, query: SearchQuery, postings: Postings | None) -> Numbers:
        """Find the rows that may answer; `postings` None: of a transaction of which nothing may be kept."""

    def put(self, session: Session, documents: Iterable[SearchDocument]) -> None:
        """Store documents, replacing those of the same service."""
        rows = list(documents)
        if not rows:
            return
        wait_for_turn(session, DIRECTORY)
        shelf = self.shelf(session)
        tokens = self._forget(session, shelf, [d.service_id for d in rows])
        narrow, texts = [], []
        for number, document in enumerate(rows, _draw_numbers(session, len(rows))):
            narrow.append({"id": number, **write_row(document)})
            texts.append({"id": number, **text_columns(document)})
        write_many(session, _ROWS, narrow)
        write_many(session, _TEXTS, texts)
        shelf.add_texts(texts)
        shelf.add_words(frozenset[str]().union(*(d.spoken for d in rows)))
        shelf.drop_words(tokens - _tokens(texts))

    def remove(self, session: Session, service_ids: Collection[str]) -> None:
        """Forget services; unknown ids are passed over."""
        if service_ids:
            wait_for_turn(session, DIRECTORY)
            shelf = self.shelf(session)
            shelf.drop_words(self._forget(session, shelf, service_ids))

    def find(self, session: Session, query: SearchQuery) -> SearchPage:
        """Answer a query."""
        shelf = self.shelf(session)
        # A writer may still take back what only it can see: nothing is kept of that.
        columns, postings = self._kept(shelf) if only_reads(session) else (Columns(), None)
        slots = columns.find(shelf, self.find_numbers(shelf, query, postings))
        judged = judge(query, columns, slots, lambda some: _rank_names(shelf, columns, some))
        places = judged.best(columns, (query.page - 1) * query.per_page, query.page * query.per_page)
        hits = tuple(write_hits(query, columns, judged, places))
        return SearchPage(hits, len(judged.slots), judged.facets)

    def explain(self, session: Session, query: SearchQuery, service_ids: Sequence[str]) -> Iterator[SearchHit]:
        """Tell of services that somebody else has found, in their order, why they fit; left out is what does not."""
        shelf = self.shelf(session)
        columns = self._kept(shelf)[0] if only_reads(session) else Columns()
        numbers = dict(fetch(session, _NUMBERS, service_ids))
        found = np.array([numbers[id_] for id_ in service_ids if id_ in numbers], np.int64)
        slots = columns.find(shelf, found)
        # Sites are chosen where a time matters, and the facet of what is open asks for one.
        asked = replace(query, sort="best", facets=tuple(name for name in query.facets if name == "open"))
        judged = judge(asked, columns, slots, lambda some: np.zeros(len(some)))
        yield from write_hits(query, columns, judged, np.arange(len(judged.slots)))

    def stored_services(self, session: Session) -> Iterable[tuple[str, float]]:
        """List the services stored, each with its document's time in Unix seconds."""
        rows = session.execute(select(SearchRow.service_id, SearchRow.updated_at))
        return ((row[0], row[1]) for row in rows)

    def has_word(self, session: Session, forms: tuple[str, ...]) -> bool:
        """Tell whether any service says a word, by the tokens it may be stored under."""
        return self.shelf(session).has_word(forms)

    def is_degraded(self) -> bool:
        """Tell that nobody answers in its place."""
        return False

    def spoken_words(self, session: Session) -> Collection[str]:
        """List the words, unstemmed, that services say."""
        state = self.shelf(session).words_as_of()
        if state != self._words_as_of:
            self._words = set(session.scalars(select(SearchWord.word)))
            self._words_as_of = state
        return self._words

    def _kept(self, shelf: Shelf) -> tuple[Columns, Postings]:
        if len(self._columns) > MOST_ROWS:
            self._columns = Columns()
        if self._postings is None or self._postings.worn:
            self._postings = Postings(shelf)
        return self._columns, self._postings

    def _forget(self, session: Session, shelf: Shelf, service_ids: Collection[str]) -> set[str]:
        """Forget services; get the tokens they were found by."""
        tokens: set[str] = set()
        ids = list(service_ids)
        numbers: list[int] = []
        for start in range(0, len(ids), _AT_A_TIME):
            some = ids[start : start + _AT_A_TIME]
            numbers += session.scalars(select(SearchRow.id).where(among(SearchRow.service_id, some)))
        for start in range(0, len(numbers), _AT_A_TIME):
            some_numbers = numbers[start : start + _AT_A_TIME]
            texts = session.execute(select(_TEXTS).where(among(_TEXTS.c.id, some_numbers))).mappings().all()
            shelf.drop_texts([dict(row) for row in texts])
            tokens |= _tokens(texts)
            session.execute(delete(_TEXTS).where(among(_TEXTS.c.id, some_numbers)))
            session.execute(delete(_ROWS).where(among(_ROWS.c.id, some_numbers)))
            session.execute(insert(_GONE), [{"number": number} for number in some_numbers])
        return tokens


def _draw_numbers(session: Session, count: int) -> int:
    """Draw numbers that no row has ever had, so that whatever is known of a number stays true; get the first.

    They are drawn in the order in which their transactions commit, which a sequence's are not: so a list that is known
    up to a number lacks none before it.
    """
    last = session.scalar(select(SearchNumber.last).where(SearchNumber.id == 1))
    if last is None:
        last = session.scalar(select(func.max(SearchRow.id))) or 0
        session.execute(insert(SearchNumber), {"id": 1, "last": last})
    session.execute(update(SearchNumber).where(SearchNumber.id == 1).values(last=last + count))
    return last + 1


def _rank_names(shelf: Shelf, columns: Columns, slots: Numbers) -> Floats:
    ranks = shelf.rank_names(columns.number[slots])
    return np.array([float(ranks[number]) for number in columns.number[slots].tolist()])


def _tokens(texts: Iterable[Mapping[Any, Any]]) -> set[str]:
    return set[str]().union(*(f"{row['title']} {row['labels']} {row['body']}".split() for row in texts))
