"""THE EMBEDDED INDEX: SQLite FTS5 with the geo cells, needs and terms inside the index.

The posting lists of words, cells and needs meet inside FTS5, so rows are read for local candidates only; the exact
distance, the filters, the facets and the score are then decided in Python (`judge.py`), the same for every index.
"""

import sqlite3
from collections.abc import Collection, Iterable, Mapping
from typing import Any, cast

from sqlalchemy import delete, insert, select
from sqlalchemy.orm import Session

from resource_api.database import Base
from resource_api.search.document import SearchDocument
from resource_api.search.expression import any_of, match_expression
from resource_api.search.judge import Judge
from resource_api.search.query import SearchPage, SearchQuery
from resource_api.search.row import text_columns, write_row
from resource_api.search.row_cache import RowCache, mark_changed
from resource_api.search.tables import SearchRow, SearchText, SearchWord
from resource_api.words import stem

_ROWS = Base.metadata.tables[SearchRow.__tablename__]
_TEXTS = Base.metadata.tables[SearchText.__tablename__]


class SQLiteIndex:
    """The SearchIndex that lives in the directory's own SQLite file, in its transactions."""

    def __init__(self) -> None:
        self._words: set[str] = set()
        self._words_as_of: tuple[int, int | None] | None = None
        self._rows = RowCache()

    def put(self, session: Session, documents: Iterable[SearchDocument]) -> None:
        """Store documents, replacing those of the same service."""
        rows = list(documents)
        if not rows:
            return
        mark_changed(raw(session))
        old, tokens = self._forget(session, [d.service_id for d in rows])
        top = session.scalar(select(SearchRow.id).order_by(SearchRow.id.desc()).limit(1)) or 0
        narrow, texts = [], []
        for document in rows:
            number = old.get(document.service_id)
            if number is None:
                top += 1
                number = top
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
        mark_changed(raw(session))
        _, tokens = self._forget(session, service_ids)
        self._forget_words(session, tokens)

    def find(self, session: Session, query: SearchQuery) -> SearchPage:
        """Answer a query."""
        judge = Judge(query)
        judge.consider(self._rows.read(raw(session), match_expression(query)))
        return judge.page()

    def stored_services(self, session: Session) -> Iterable[tuple[str, float]]:
        """List the services stored, each with its document's time in Unix seconds."""
        rows = session.execute(select(SearchRow.service_id, SearchRow.updated_at))
        return ((row[0], row[1]) for row in rows)

    def has_word(self, session: Session, forms: tuple[str, ...]) -> bool:
        """Tell whether any service says a word, by the tokens it may be stored under."""
        match = any_of(forms, "title labels body")
        row = raw(session).execute("SELECT 1 FROM search_fts WHERE search_fts MATCH ? LIMIT 1", (match,)).fetchone()
        return row is not None

    def spoken_words(self, session: Session) -> Collection[str]:
        """List the words, unstemmed, that services say."""
        state = raw(session).execute("SELECT count(*), max(rowid) FROM search_word").fetchone()
        if state != self._words_as_of:
            self._words = set(session.scalars(select(SearchWord.word)))
            self._words_as_of = state
        return self._words

    def _forget(self, session: Session, service_ids: Collection[str]) -> tuple[dict[str, int], set[str]]:
        """Forget services; get the numbers they had, and the tokens they were found by."""
        old: dict[str, int] = {}
        tokens: set[str] = set()
        ids = list(service_ids)
        for start in range(0, len(ids), 500):
            some = ids[start : start + 500]
            found = session.execute(
                select(SearchRow.service_id, SearchRow.id).where(SearchRow.service_id.in_(some))
            ).all()
            old.update((row[0], row[1]) for row in found)
        numbers = list(old.values())
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
        return old, tokens

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


def _tokens(texts: Iterable[Mapping[Any, Any]]) -> set[str]:
    return set[str]().union(*(f"{row['title']} {row['labels']} {row['body']}".split() for row in texts))


def raw(session: Session) -> sqlite3.Connection:
    """Get the driver's own connection, inside the session's transaction: a search is a few statements, often asked."""
    return cast(sqlite3.Connection, session.connection().connection.dbapi_connection)
