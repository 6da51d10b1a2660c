"""THE EMBEDDED INDEX: SQLite FTS5 with the geo cells, needs and terms inside the index.

The posting lists of words, cells and needs meet inside FTS5, so rows are read for local candidates only; the exact
distance, the filters, the facets and the score are then decided in Python (`judge.py`), the same for every index.
"""

import sqlite3
from collections.abc import Collection, Iterable, Mapping
from typing import Any, cast

import numpy as np
import orjson
from sqlalchemy import delete, func, insert, select, update
from sqlalchemy.orm import Session

from resource_api.database import Base
from resource_api.search.columns import MOST_ROWS, Columns, Floats, Numbers
from resource_api.search.document import SearchDocument
from resource_api.search.expression import any_of, match_expression, position_clauses, token_clauses
from resource_api.search.hit import write_hits
from resource_api.search.judge import judge
from resource_api.search.postings import Postings, find_numbers
from resource_api.search.query import SearchPage, SearchQuery
from resource_api.search.row import text_columns, write_row
from resource_api.search.tables import SearchGone, SearchNumber, SearchRow, SearchText, SearchWord
from resource_api.words import stem

_ROWS = Base.metadata.tables[SearchRow.__tablename__]
_TEXTS = Base.metadata.tables[SearchText.__tablename__]
_GONE = Base.metadata.tables[SearchGone.__tablename__]


class SQLiteIndex:
    """The SearchIndex that lives in the directory's own SQLite file, in its transactions."""

    def __init__(self) -> None:
        self._words: set[str] = set()
        self._words_as_of: tuple[int, int | None] | None = None
        self._columns = Columns()
        self._postings: Postings | None = None

    def put(self, session: Session, documents: Iterable[SearchDocument]) -> None:
        """Store documents, replacing those of the same service."""
        rows = list(documents)
        if not rows:
            return
        tokens = self._forget(session, [d.service_id for d in rows])
        narrow, texts = [], []
        for number, document in enumerate(rows, _draw_numbers(session, len(rows))):
            narrow.append({"id": number, **write_row(document)})
            texts.append({"id": number, **text_columns(document)})
        session.execute(insert(_ROWS), narrow)
        session.execute(insert(_TEXTS), texts)
        raw(session).executemany(
            "INSERT INTO search_fts(rowid, title, labels, body, tags) VALUES (:id, :title, :labels, :body, :tags)",
            texts,
        )
        spoken = frozenset[str]().union(*(d.spoken for d in rows))
        raw(session).executemany("INSERT OR IGNORE INTO search_word(word) VALUES (?)", [(w,) for w in sorted(spoken)])
        self._forget_words(session, tokens - _tokens(texts))

    def remove(self, session: Session, service_ids: Collection[str]) -> None:
        """Forget services; unknown ids are passed over."""
        self._forget_words(session, self._forget(session, service_ids))

    def find(self, session: Session, query: SearchQuery) -> SearchPage:
        """Answer a query."""
        connection = raw(session)
        keeping = bool(session.connection().get_execution_options().get("read_only"))
        columns, numbers = self._find_candidates(connection, query, keeping=keeping)
        slots = columns.find(connection, numbers)
        judged = judge(query, columns, slots, lambda some: _rank_names(connection, columns, some))
        places = judged.best(columns, (query.page - 1) * query.per_page, query.page * query.per_page)
        hits = tuple(write_hits(query, columns, judged, places))
        return SearchPage(hits, len(judged.slots), judged.facets)

    def stored_services(self, session: Session) -> Iterable[tuple[str, float]]:
        """List the services stored, each with its document's time in Unix seconds."""
        rows = session.execute(select(SearchRow.service_id, SearchRow.updated_at))
        return ((row[0], row[1]) for row in rows)

    def has_word(self, session: Session, forms: tuple[str, ...]) -> bool:
        """Tell whether any service says a word, by the tokens it may be stored under."""
        match = any_of(forms, "title labels body")
        row = raw(session).execute("SELECT 1 FROM search_fts WHERE search_fts MATCH ? LIMIT 1", (match,)).fetchone()
        return row is not None

    def is_degraded(self) -> bool:
        """Tell that nobody answers in its place."""
        return False

    def spoken_words(self, session: Session) -> Collection[str]:
        """List the words, unstemmed, that services say."""
        state = raw(session).execute("SELECT count(*), max(rowid) FROM search_word").fetchone()
        if state != self._words_as_of:
            self._words = set(session.scalars(select(SearchWord.word)))
            self._words_as_of = state
        return self._words

    def _find_candidates(
        self, connection: sqlite3.Connection, query: SearchQuery, *, keeping: bool
    ) -> tuple[Columns, Numbers]:
        """Find the rows that may answer, and what is known of rows.

        A writer is not `keeping`: it may still take back what only it can see.
        """
        clauses = token_clauses(query)
        if not keeping:
            return Columns(), find_numbers(connection, match_expression(query))
        if len(self._columns) > MOST_ROWS:
            self._columns = Columns()
        if self._postings is None or self._postings.worn:
            self._postings = Postings(connection)
        if not clauses or any(True for _ in position_clauses(query)):
            return self._columns, find_numbers(connection, match_expression(query))
        return self._columns, self._postings.find(connection, clauses)

    def _forget(self, session: Session, service_ids: Collection[str]) -> set[str]:
        """Forget services; get the tokens they were found by."""
        tokens: set[str] = set()
        ids = list(service_ids)
        numbers: list[int] = []
        for start in range(0, len(ids), 500):
            numbers += session.scalars(select(SearchRow.id).where(SearchRow.service_id.in_(ids[start : start + 500])))
        for start in range(0, len(numbers), 500):
            some_numbers = numbers[start : start + 500]
            texts = session.execute(select(_TEXTS).where(_TEXTS.c.id.in_(some_numbers))).mappings().all()
            # An external-content FTS5 table must be told the old values to take its postings back.
            raw(session).executemany(
                "INSERT INTO search_fts(search_fts, rowid, title, labels, body, tags) "
                "VALUES ('delete', :id, :title, :labels, :body, :tags)",
                [dict(row) for row in texts],
            )
            tokens |= _tokens(texts)
            session.execute(delete(_TEXTS).where(_TEXTS.c.id.in_(some_numbers)))
            session.execute(delete(_ROWS).where(_ROWS.c.id.in_(some_numbers)))
            session.execute(insert(_GONE), [{"number": number} for number in some_numbers])
        return tokens

    def _forget_words(self, session: Session, tokens: Collection[str]) -> None:
        """Forget the words whose tokens no service has any more: a suggestion must not say what has been withheld."""
        for token in tokens:
            if self.has_word(session, (token,)):
                continue
            # Stemming cuts the end off, and may turn the letter before it into another.
            begin = token[:-1]
            like = raw(session).execute(
                "SELECT word FROM search_word WHERE word >= ? AND word < ?", (begin, begin + "\U0010ffff")
            )
            gone = [(word,) for (word,) in like.fetchall() if stem(word) == token]
            raw(session).executemany("DELETE FROM search_word WHERE word = ?", gone)


def _draw_numbers(session: Session, count: int) -> int:
    """Draw numbers that no row has ever had, so that whatever is known of a number stays true; get the first."""
    last = session.scalar(select(SearchNumber.last).where(SearchNumber.id == 1))
    if last is None:
        last = session.scalar(select(func.max(SearchRow.id))) or 0
        session.execute(insert(SearchNumber), {"id": 1, "last": last})
    session.execute(update(SearchNumber).where(SearchNumber.id == 1).values(last=last + count))
    return last + 1


def _rank_names(connection: sqlite3.Connection, columns: Columns, slots: Numbers) -> Floats:
    """Put rows in the order of their names; equal names get equal ranks."""
    wanted = orjson.dumps(columns.number[slots], option=orjson.OPT_SERIALIZE_NUMPY).decode()
    sql = (
        "SELECT id, dense_rank() OVER (ORDER BY name_key) FROM search_row WHERE id IN (SELECT value FROM json_each(?))"
    )
    ranks = dict(connection.execute(sql, (wanted,)).fetchall())
    return np.array([float(ranks[number]) for number in columns.number[slots].tolist()])


def _tokens(texts: Iterable[Mapping[Any, Any]]) -> set[str]:
    return set[str]().union(*(f"{row['title']} {row['labels']} {row['body']}".split() for row in texts))


def raw(session: Session) -> sqlite3.Connection:
    """Get the driver's own connection, inside the session's transaction: a search is a few statements, often asked."""
    return cast(sqlite3.Connection, session.connection().connection.dbapi_connection)
