"""THE INDEX IN A POSTGRESQL DATABASE: tokens under GIN, and the same columns and judge as in an SQLite file.

A row's tokens are made into a `tsvector` by us, each with the letter of its column before it (A title, B labels, C
body, D tags), and without their places: so GIN answers by itself, and no parser of PostgreSQL's ever sees a text. Which
rows have a token is kept here once it was read. Where tokens stand is asked of the few bodies that have them all.
https://www.postgresql.org/docs/current/datatype-textsearch.html
"""

from collections.abc import Collection, Iterable, Sequence
from typing import Any, cast

import numpy as np
from sqlalchemy.orm import Session

from resource_api.database import ask, connection_of
from resource_api.search.column import Numbers
from resource_api.search.embedded_index import EmbeddedIndex
from resource_api.search.expression import Beside, Term, position_clauses, token_clauses
from resource_api.search.postings import Postings
from resource_api.search.query import SearchQuery
from resource_api.search.row import COLUMNS
from resource_api.search.shelf import NEWS, News, Shelf, Texts
from resource_api.words import stem

_LETTERS = {"title": "A", "labels": "B", "body": "C", "tags": "D"}
_WORDS = "title labels body"
# A lexeme may have 2,046 bytes; a letter has four at most.
_LONGEST = 500
# What stemming may have changed the last letter of.
_LONG = 5
# Each list as one row of text: a thousand rows would take longer to read than to find.
_STANDING = (
    "SELECT (SELECT string_agg(f.id::text, ',' ORDER BY f.id) FROM search_fts f "
    "WHERE f.tokens @@ asked.query::tsquery AND f.id > asked.after) "
    "FROM unnest(%s::text[], %s::bigint[]) WITH ORDINALITY AS asked(query, after, n) ORDER BY asked.n"
)
_ROWS = f"SELECT id, {', '.join(COLUMNS)} FROM search_row WHERE id = ANY(%s)"  # noqa: S608
_NEWS = NEWS.format(after="%s")
_RANKS = "SELECT id, dense_rank() OVER (ORDER BY name_key) FROM search_row WHERE id = ANY(%s)"
_UNSAID = (
    "SELECT asked.token FROM unnest(%s::text[], %s::text[]) AS asked(token, query) "
    "WHERE NOT EXISTS (SELECT FROM search_fts f WHERE f.tokens @@ asked.query::tsquery)"
)
_LIKE = (
    "SELECT DISTINCT w.word FROM unnest(%s::text[], %s::text[]) AS asked(begins, ends) "
    'JOIN search_word w ON w.word >= asked.begins COLLATE "C" AND w.word < asked.ends COLLATE "C"'
)


class PostgresIndex(EmbeddedIndex):
    """The SearchIndex that lives in the directory's own PostgreSQL database."""

    def shelf(self, session: Session) -> "PostgresShelf":
        """Get the shelf of a database."""
        return PostgresShelf(session)

    def find_numbers(self, shelf: Shelf, query: SearchQuery, postings: Postings | None) -> Numbers:
        """Find the rows that may answer."""
        clauses = token_clauses(query)
        if not clauses:
            return shelf.find_all()
        postings = postings or Postings(shelf)
        numbers = postings.find(shelf, clauses)
        for beside in position_clauses(query):
            numbers = _keep_beside(cast(PostgresShelf, shelf), postings, beside, numbers)
        return numbers


class PostgresShelf(Shelf):
    """The index's tables in a PostgreSQL database."""

    def __init__(self, session: Session) -> None:
        self.session = session

    def last_gone(self) -> int:
        """Get the last place in the list of numbers whose rows are gone."""
        return int(self._ask("SELECT coalesce(max(id), 0) FROM search_gone")[0][0])

    def read_news(self, after: int) -> News:
        """Read the last number that was given to a row, and which are gone."""
        return News.read(self._ask(_NEWS, after))

    def find(self, terms: Sequence[tuple[Term | Beside, int]]) -> Iterable[Numbers]:
        """Find the rows of each term, in one question; what is said of positions, `_keep_beside` finds."""
        asked = [(cast(Term, term), after) for term, after in terms]
        queries, after = [say_tokens(term.columns, term.tokens) for term, _ in asked], [after for _, after in asked]
        return (_read(listed) for (listed,) in self._ask(_STANDING, queries, after))

    def find_all(self) -> Numbers:
        """Find every row."""
        return _read(self._ask("SELECT string_agg(id::text, ',' ORDER BY id) FROM search_row")[0][0])

    def read_rows(self, numbers: Numbers) -> Sequence[Any]:
        """Read rows."""
        return self._ask(_ROWS, numbers.tolist())

    def read_bodies(self, numbers: Numbers) -> Sequence[Any]:
        """Read the bodies of rows, each after its number."""
        return self._ask("SELECT id, body FROM search_text WHERE id = ANY(%s)", numbers.tolist())

    def rank_names(self, numbers: Numbers) -> dict[int, int]:
        """Put rows in the order of their names."""
        return dict(map(tuple, self._ask(_RANKS, numbers.tolist())))

    def has_word(self, forms: Sequence[str]) -> bool:
        """Tell whether any row says a word."""
        # GIN lists every row of a common word before it tells of the first; among the words themselves it is found at
        # once. What is not a word there, such as a number, is rare.
        begins = [form if len(form) < _LONG else form[:-1] for form in forms]
        like = self._ask(_LIKE, begins, [f"{begin}\U0010ffff" for begin in begins])
        return any(stem(word) in forms for (word,) in like) or not self._unsaid([say_tokens(_WORDS, forms)], [""])

    def words_as_of(self) -> Any:
        """Get up to which change of rows the words are known: they change with them."""
        return tuple(self._ask("SELECT (SELECT max(last) FROM search_number), (SELECT max(id) FROM search_gone)")[0])

    def add_texts(self, texts: Texts) -> None:
        """Make rows found by the tokens of their texts."""
        # Their arrays as texts: a driver writes one text of a thousand words faster than as many.
        self._do(
            "INSERT INTO search_fts(id, tokens) SELECT id, array_to_tsvector(string_to_array(said, ' ')) "
            "FROM unnest(%s::bigint[], %s::text[]) AS given(id, said)",
            [text["id"] for text in texts],
            [" ".join(sorted(_lexemes(text))) for text in texts],
        )

    def drop_texts(self, texts: Texts) -> None:
        """Take back that rows are found."""
        self._do("DELETE FROM search_fts WHERE id = ANY(%s)", [text["id"] for text in texts])

    def add_words(self, words: Collection[str]) -> None:
        """Note words that rows say."""
        self._do("INSERT INTO search_word(word) SELECT unnest(%s::text[]) ON CONFLICT DO NOTHING", sorted(words))

    def drop_words(self, tokens: Collection[str]) -> None:
        """Forget the words whose tokens no row has any more: a suggestion must not say what has been withheld."""
        asked = sorted(tokens)
        gone = set(self._unsaid([say_tokens(_WORDS, (token,)) for token in asked], asked)) if asked else set()
        if gone:
            # Stemming cuts the end off, and may turn the letter before it into another.
            begins = [token[:-1] for token in sorted(gone)]
            like = self._ask(_LIKE, begins, [f"{begin}\U0010ffff" for begin in begins])
            self._do("DELETE FROM search_word WHERE word = ANY(%s)", [word for (word,) in like if stem(word) in gone])

    def _unsaid(self, queries: list[str], tokens: list[str]) -> list[str]:
        return [token for (token,) in self._ask(_UNSAID, tokens, queries)]

    def _ask(self, sql: str, *values: Any) -> Sequence[Any]:
        return ask(self.session, sql, *values)

    def _do(self, sql: str, *values: Any) -> None:
        connection_of(self.session).exec_driver_sql(sql, values)


def _keep_beside(shelf: PostgresShelf, postings: Postings, beside: Beside, numbers: Numbers) -> Numbers:
    """Keep the rows in whose names words are, or in whose bodies they are near each other."""
    keep = np.isin(numbers, postings.find(shelf, (beside.named,)))
    if beside.near and not keep.all():
        having_all = tuple(tuple(Term("body", (token,)) for token in near.tokens) for near in beside.near)
        asked = np.intersect1d(numbers[~keep], postings.find(shelf, (having_all,)))
        bodies = ((number, body.split()) for number, body in shelf.read_bodies(asked)) if len(asked) else ()
        near = [number for number, body in bodies if any(each.holds(body) for each in beside.near)]
        keep |= np.isin(numbers, np.array(near, np.int64))
    return numbers[keep]


def _lexemes(text: Any) -> set[str]:
    return {letter + token[:_LONGEST] for name, letter in _LETTERS.items() for token in text[name].split()}


def say_tokens(columns: str, tokens: Iterable[str]) -> str:
    """Say to PostgreSQL that any of these tokens, which are letters and digits, is in any of these columns."""
    lexemes = [_LETTERS[name] + token[:_LONGEST] for token in tokens for name in columns.split()]
    return " | ".join(f"'{lexeme}'" for lexeme in lexemes)


def _read(listed: str | None) -> Numbers:
    return np.fromstring(listed or "", np.int64, sep=",")
