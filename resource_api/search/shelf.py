"""WHAT AN EMBEDDED INDEX ASKS OF ITS DATABASE: rows, tokens and words, as one transaction sees them."""

from abc import ABC, abstractmethod
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from resource_api.search.column import Numbers
from resource_api.search.expression import Beside, Term

Texts = Sequence[Mapping[str, Any]]


@dataclass(frozen=True, slots=True)
class News:
    """The last number that was given to a row; numbers whose rows are gone, each after its place in their list."""

    last: int
    gone: list[tuple[int, int]]

    @classmethod
    def read(cls, rows: Iterable[Sequence[Any]]) -> "News":
        """Read what NEWS finds."""
        known = list(rows)
        return cls(known[0][0] if known else 0, [(place, number) for _, place, number in known if place is not None])


# One question, for each search asks it: a row at least where a number was ever given.
NEWS = "SELECT last, gone.id, gone.number FROM search_number LEFT JOIN search_gone gone ON gone.id > {after}"


class Shelf(ABC):
    """The tables of the index, as one transaction sees them; numbers of rows come ascending."""

    @abstractmethod
    def last_gone(self) -> int:
        """Get the last place in the list of numbers whose rows are gone."""

    @abstractmethod
    def read_news(self, after: int) -> News:
        """Read the last number that was given to a row, and which are gone after a place in the list of those."""

    @abstractmethod
    def find(self, terms: Sequence[tuple[Term | Beside, int]]) -> Iterable[Numbers]:
        """Find, for each term, the rows after a number that it holds for; what is said of positions, where it can."""

    @abstractmethod
    def find_all(self) -> Numbers:
        """Find every row."""

    @abstractmethod
    def read_rows(self, numbers: Numbers) -> Sequence[Any]:
        """Read rows: each its number, and then what `row.COLUMNS` name."""

    @abstractmethod
    def rank_names(self, numbers: Numbers) -> dict[int, int]:
        """Put rows in the order of their names; equal names get equal ranks."""

    @abstractmethod
    def has_word(self, forms: Sequence[str]) -> bool:
        """Tell whether any row says a word, by the tokens it may be stored under."""

    @abstractmethod
    def words_as_of(self) -> Any:
        """Get what is another whenever the words that rows say are others."""

    @abstractmethod
    def add_texts(self, texts: Texts) -> None:
        """Make rows found by the tokens of their texts."""

    @abstractmethod
    def drop_texts(self, texts: Texts) -> None:
        """Take back that rows are found by the tokens of their texts."""

    @abstractmethod
    def add_words(self, words: Collection[str]) -> None:
        """Note words that rows say."""

    @abstractmethod
    def drop_words(self, tokens: Collection[str]) -> None:
        """Forget the words of those of these tokens that no row has any more."""
