"""THE INDEX IN AN SQLITE FILE: FTS5 with the geo cells, needs and terms inside the index.

The posting lists of words, cells and needs meet inside FTS5, so rows are read for local candidates only. Where tokens
stand within a text is known to it alone; which rows have them is a list, read from it once.
"""

import sqlite3
from collections.abc import Collection, Iterable, Sequence
from typing import Any, cast

import numpy as np
import orjson
from sqlalchemy.orm import Session

from resource_api.database import connection_of
from resource_api.search.column import Numbers
from resource_api.search.embedded_index import EmbeddedIndex
from resource_api.search.expression import Beside, Term, any_of, match_expression, position_clauses, token_clauses
from resource_api.search.postings import Postings
from resource_api.search.query import SearchQuery
from resource_api.search.row import COLUMNS
from resource_api.search.shelf import NEWS, News, Shelf, Texts
from resource_api.words import stem

_ROWS = f"SELECT id, {', '.join(COLUMNS)} FROM search_row WHERE id IN (SELECT value FROM json_each(?))"  # noqa: S608
_NEWS = NEWS.format(after="?")
_RANKS = "SELECT id, dense_rank() OVER (ORDER BY name_key) FROM search_row WHERE id IN (SELECT value FROM json_each(?))"
# One row of text: the driver hands over the interpreter once, not for each of a thousand numbers.
_MATCHING = "SELECT group_concat(rowid) FROM search_fts WHERE search_fts MATCH ? AND rowid > ?"


class SQLiteIndex(EmbeddedIndex):
    """The SearchIndex that lives in the directory's own SQLite file."""

    def shelf(self, session: Session) -> "SQLiteShelf":
        """Get the shelf of a file."""
        return SQLiteShelf(raw(session))

    def find_numbers(self, shelf: Shelf, query: SearchQuery, postings: Postings | None) -> Numbers:
        """Find the rows that may answer: by the lists at hand, or by FTS5 where words stand together, asked once."""
        clauses, positions = token_clauses(query), tuple(position_clauses(query))
        if postings is None or not (clauses or positions) or not postings.meet(positions):
            return cast(SQLiteShelf, shelf).match(match_expression(query))
        return postings.find(shelf, clauses, positions)


class SQLiteShelf(Shelf):
    """The tables of an SQLite file, asked through the driver itself: a search is a few statements, often asked."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self.connection = connection

    def last_gone(self) -> int:
        """Get the last place in the list of numbers whose rows are gone."""
        return int(self.connection.execute("SELECT coalesce(max(id), 0) FROM search_gone").fetchone()[0])

    def read_news(self, after: int) -> News:
        """Read the last number that was given to a row, and which are gone."""
        return News.read(self.connection.execute(_NEWS, (after,)).fetchall())

    def match(self, match: str | None) -> Numbers:
        """Find the rows that a MATCH expression holds for, or all."""
        return self.find_all() if match is None else self._numbers(_MATCHING, (match, 0))

    def find(self, terms: Sequence[tuple[Term | Beside, int]]) -> Iterable[Numbers]:
        """Find the rows of each term."""
        return (self._numbers(_MATCHING, (str(term), after)) for term, after in terms)

    def find_all(self) -> Numbers:
        """Find every row."""
        return self._numbers("SELECT group_concat(id) FROM search_row", ())

    def read_rows(self, numbers: Numbers) -> Sequence[Any]:
        """Read rows."""
        return self.connection.execute(_ROWS, (_listed(numbers),)).fetchall()

    def rank_names(self, numbers: Numbers) -> dict[int, int]:
        """Put rows in the order of their names."""
        return dict(self.connection.execute(_RANKS, (_listed(numbers),)).fetchall())

    def has_word(self, forms: Sequence[str]) -> bool:
        """Tell whether any row says a word."""
        said = "SELECT 1 FROM search_fts WHERE search_fts MATCH ? LIMIT 1"
        return self.connection.execute(said, (any_of(forms, "title labels body"),)).fetchone() is not None

    def words_as_of(self) -> Any:
        """Get how many words there are, and the number of the last."""
        return self.connection.execute("SELECT count(*), max(rowid) FROM search_word").fetchone()

    def add_texts(self, texts: Texts) -> None:
        """Make rows found by the tokens of their texts."""
        self.connection.executemany(
            "INSERT INTO search_fts(rowid, title, labels, body, tags) VALUES (:id, :title, :labels, :body, :tags)",
            texts,
        )

    def drop_texts(self, texts: Texts) -> None:
        """Tell FTS5 the old texts: one of external content must be told, to take its postings back."""
        self.connection.executemany(
            "INSERT INTO search_fts(search_fts, rowid, title, labels, body, tags) "
            "VALUES ('delete', :id, :title, :labels, :body, :tags)",
            texts,
        )

    def add_words(self, words: Collection[str]) -> None:
        """Note words that rows say."""
        self.connection.executemany("INSERT OR IGNORE INTO search_word(word) VALUES (?)", [(w,) for w in sorted(words)])

    def drop_words(self, tokens: Collection[str]) -> None:
        """Forget the words whose tokens no row has any more: a suggestion must not say what has been withheld."""
        for token in tokens:
            if self.has_word((token,)):
                continue
            # Stemming cuts the end off, and may turn the letter before it into another.
            begin = token[:-1]
            like = self.connection.execute(
                "SELECT word FROM search_word WHERE word >= ? AND word < ?", (begin, begin + "\U0010ffff")
            )
            gone = [(word,) for (word,) in like.fetchall() if stem(word) == token]
            self.connection.executemany("DELETE FROM search_word WHERE word = ?", gone)

    def _numbers(self, sql: str, values: Sequence[Any]) -> Numbers:
        return np.fromstring(self.connection.execute(sql, values).fetchone()[0] or "", np.int64, sep=",")


def _listed(numbers: Numbers) -> str:
    return orjson.dumps(numbers, option=orjson.OPT_SERIALIZE_NUMPY).decode()


def raw(session: Session) -> sqlite3.Connection:
    """Get the driver's own connection, inside the session's transaction."""
    return cast(sqlite3.Connection, connection_of(session).connection.dbapi_connection)
