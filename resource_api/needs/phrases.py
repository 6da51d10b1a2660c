"""WHERE A PHRASE STANDS: the longest known phrases in a row of tokens."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

LONGEST = 8


@dataclass(frozen=True, slots=True)
class Span:
    """A phrase found at tokens[start:stop], and the needs it stands for."""

    start: int
    stop: int
    needs: tuple[str, ...]


def find_phrases(tokens: Sequence[str], known: Mapping[tuple[str, ...], tuple[str, ...]]) -> Iterator[Span]:
    """Find known phrases, the longest at each place first, none overlapping another."""
    start, length = 0, len(tokens)
    row = tuple(tokens)
    while start < length:
        for stop in range(min(length, start + LONGEST), start, -1):
            needs = known.get(row[start:stop])
            if needs is not None:
                yield Span(start, stop, needs)
                start = stop
                break
        else:
            start += 1


def find_every_phrase(tokens: Sequence[str], known: Mapping[tuple[str, ...], tuple[str, ...]]) -> Iterator[Span]:
    """Find every known phrase, overlapping ones too: a service's text offers all that it names."""
    row = tuple(tokens)
    for start in range(len(row)):
        for stop in range(start + 1, min(len(row), start + LONGEST) + 1):
            needs = known.get(row[start:stop])
            if needs is not None:
                yield Span(start, stop, needs)
