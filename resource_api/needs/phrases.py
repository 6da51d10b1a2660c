"""WHERE A PHRASE STANDS: known phrases in a row of tokens.

A book of phrases is opened at a phrase's first token, because most tokens of a text begin none.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

Phrase = tuple[str, ...]
PhraseBook = Mapping[str, Sequence[tuple[Phrase, tuple[str, ...]]]]


@dataclass(frozen=True, slots=True)
class Span:
    """A phrase found at tokens[start:stop], and the needs it stands for."""

    start: int
    stop: int
    needs: tuple[str, ...]


def write_book(phrases: Mapping[Phrase, Sequence[str]]) -> PhraseBook:
    """Sort phrases under their first tokens, the longest first."""
    book: dict[str, list[tuple[Phrase, tuple[str, ...]]]] = {}
    for phrase in sorted(phrases, key=len, reverse=True):
        book.setdefault(phrase[0], []).append((phrase, tuple(phrases[phrase])))
    return book


def find_phrases(tokens: Sequence[str], book: PhraseBook) -> Iterator[Span]:
    """Find known phrases, the longest at each place first, none overlapping another."""
    row, start = tuple(tokens), 0
    while start < len(row):
        for phrase, needs in book.get(row[start], ()):
            if row[start : start + len(phrase)] == phrase:
                yield Span(start, start + len(phrase), needs)
                start += len(phrase)
                break
        else:
            start += 1


def find_every_phrase(tokens: Sequence[str], book: PhraseBook) -> Iterator[tuple[str, ...]]:
    """Find the needs of every known phrase, overlapping ones too: a service's text offers all that it names."""
    row = tuple(tokens)
    for start, token in enumerate(row):
        for phrase, needs in book.get(token, ()):
            if row[start : start + len(phrase)] == phrase:
                yield needs
