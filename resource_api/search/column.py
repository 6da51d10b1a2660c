"""WHAT ROWS ARE KEPT IN: columns of numbers, of lists of codes, and the texts that are coded.

Equal texts have the same code; a list's codes end with 0, so that none is empty.
"""

from collections.abc import Callable, Hashable, Iterable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

Numbers = NDArray[np.int64]
Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]
Ranks = NDArray[np.uint8]

# What is kept of the answers to questions, a byte a row: 32 MiB for each list in each process at most.
MOST_ANSWERS = 32 * 1024 * 1024
# Asked of fewer than one in so many, rows are looked at one by one.
FEW = 64
# The first time a question is asked, of fewer than one in so many: most words are never asked for again.
SOME = 4
MOST_MET = 10_000
NOTHING = 0
NOT_LISTED, NO, YES = -1, 0, 1


class Codes:
    """Texts by code, and codes by text; 0 is no text."""

    def __init__(self) -> None:
        self.texts: list[str] = [""]
        self._codes: dict[str, int] = {"": NOTHING}
        self._lists: dict[str, list[int]] = {}

    def write(self, text: str | None) -> int:
        """Get the code of a text, a new one for a new text."""
        if text is None:
            return NOTHING
        code = self._codes.get(text)
        if code is None:
            code = self._codes[text] = len(self.texts)
            self.texts.append(text)
        return code

    def write_list(self, texts: str) -> list[int]:
        """Get the codes of texts with spaces between them; the many rows that say the same share one list."""
        codes = self._lists.get(texts)
        if codes is None:
            codes = self._lists[texts] = [self.write(text) for text in texts.split()]
        return codes

    def find(self, text: str) -> int | None:
        """Get the code of a text that some row has."""
        return self._codes.get(text)

    def table(self, answer: Any, dtype: Any) -> NDArray[Any]:
        """List what each text answers to, by code."""
        return np.array([answer(text) for text in self.texts], dtype)


class Column:
    """One number for each row, or `width` of them; grows."""

    def __init__(self, dtype: Any, width: int | None = None) -> None:
        self.values: NDArray[Any] = np.empty(1024 if width is None else (1024, width), dtype)
        self.size = 0

    def extend(self, values: Sequence[Any] | NDArray[Any]) -> None:
        """Add the numbers of some more rows."""
        end = self.size + len(values)
        if end > len(self.values):
            grown = np.empty((max(end, 2 * len(self.values)), *self.values.shape[1:]), self.values.dtype)
            grown[: self.size] = self.values[: self.size]
            self.values = grown
        self.values[self.size : end] = values
        self.size = end

    def __getitem__(self, slots: Numbers) -> NDArray[Any]:
        """Get the numbers of some rows."""
        return self.values.take(slots, axis=0)  # rows of several numbers: in a fifth of the time of values[slots]


class ListColumn:
    """A list of codes for each row, end to end."""

    def __init__(self) -> None:
        self._codes, self._starts = Column(np.int32), Column(np.int64)
        self._starts.extend([0])
        self._answers: dict[Hashable, Ranks] = {}
        self._met: set[Hashable] = set()

    def extend(self, lists: Iterable[list[int]]) -> None:
        """Add the lists of some more rows."""
        codes: list[int] = []
        ends: list[int] = []
        for each in lists:
            codes += each
            codes.append(NOTHING)
            ends.append(self._codes.size + len(codes))
        self._codes.extend(codes)
        self._starts.extend(ends)

    def read(self, slot: int) -> list[int]:
        """Get the list of one row."""
        start, end = self._starts.values[slot : slot + 2].tolist()
        codes: list[int] = self._codes.values[start : end - 1].tolist()
        return codes

    def gather(self, slots: Numbers) -> "Lists":
        """Get the lists of some rows."""
        starts = self._starts.values[slots]
        at, begins = spread(starts, self._starts.values[slots + 1] - starts)
        return Lists(self._codes.values[at], begins)

    def greatest(self, slots: Numbers, question: Hashable, rank_codes: Callable[[], Ranks]) -> Ranks:
        """Get the greatest rank among the codes of each of some rows, at least one.

        What is asked of many rows again is found for all of them and kept, under its question: people ask alike.
        """
        size = self._starts.size - 1
        answers = self._answers.get(question, np.empty(0, np.uint8))
        unknown = size - len(answers)
        if unknown and len(slots) * (FEW if self._has_met(question) else SOME) < unknown:
            lists = self.gather(slots)
            few: Ranks = np.maximum.reduceat(rank_codes()[lists.codes], lists.begins)
            return few
        if unknown:
            starts = self._starts.values[len(answers) : size + 1]
            ranks = rank_codes()[self._codes.values[starts[0] : starts[-1]]]
            answers = np.concatenate([answers, np.maximum.reduceat(ranks, starts[:-1] - starts[0])])
            if len(self._answers) * size > MOST_ANSWERS:
                self._answers.clear()
            self._answers[question] = answers
        return answers[slots]

    def _has_met(self, question: Hashable) -> bool:
        known = question in self._met
        if not known:
            if len(self._met) >= MOST_MET:
                self._met = set()
            self._met.add(question)
        return known


class Lists:
    """The lists of some rows: their codes end to end, and where each list begins."""

    def __init__(self, codes: NDArray[np.int32], begins: Numbers) -> None:
        self.codes, self.begins = codes, begins

    def say(self, codes: Iterable[int | None]) -> Flags:
        """Tell which lists have one of these codes."""
        said = np.zeros(len(self.codes), np.bool_)
        for code in codes:
            if code is not None:
                said |= self.codes == code
        found: Flags = np.logical_or.reduceat(said, self.begins)
        return found


def spread(starts: Numbers, lengths: NDArray[np.integer]) -> tuple[Numbers, Numbers]:
    """List the places of several runs, end to end, and where each run begins among them."""
    begins = np.cumsum(lengths) - lengths
    return np.repeat(starts - begins, lengths) + np.arange(int(lengths.sum())), begins
