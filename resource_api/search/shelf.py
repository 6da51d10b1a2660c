"""WHAT AN EMBEDDED INDEX ASKS OF ITS DATABASE: rows, tokens and words, as one transaction sees them."""

from abc import ABC, abstractmethod
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

from resource_api.search.columns import Numbers
from resource_api.search.expression import Beside, Term

Texts = Sequence[Mapping[str, Any]]


class Shelf(ABC):
    """The tables of the index, as one transaction sees them; numbers of rows come ascending."""

    @abstractmethod
    def last_number(self) -> int:
        """Get the last number that was given to a row."""

    @abstractmethod
    def last_gone(self) -> int:
        """Get the last place in the list of numbers whose rows are gone."""

    @abstractmethod
    def read_gone(self, after: int) -> list[tuple[int, int]]:
        """List the numbers whose rows are gone, each with its place in that list, after a place."""

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
