"""WHAT A TEXT OFFERS: a description without the parts that ask, collect or deny."""

import re
from functools import lru_cache

_BLOCK_LABEL = re.compile(
    r"^\W*(?:\d+\W+)?(?:holiday\s+)?(donations?|donors?|volunteers?|volunteering|donate|in-kind|wish ?list|we need)\b"
    r"[^:.\n]{0,40}:",
    re.IGNORECASE,
)
_LABEL = re.compile(r"^\W*[A-Z][A-Z0-9 /&,'()-]{3,60}:")
_HEADING = re.compile(r"^\W*(?:\d+\W+)?([A-Z][^:.]{2,60}):")
_ASKS = re.compile(
    r"\b(?:in need of|accepts?(?: \w+){0,3} donations?|accepting donations?|"
    r"donations? (?:of|are|accepted|welcome|needed)|(?:please )?donate\b|to donate|drop[- ]off donations?|"
    r"collects? (?:used|gently|donated|new)|volunteers? (?:are |of |to |must )?(?:needed|welcome|not needed|ages?)|"
    r"no volunteers|becom\w+ (?:a )?(?:licensed|foster)|"
    r"acepta(?:mos|n)? donaciones|donaciones de|se aceptan|se necesitan voluntarios)\b",
    re.IGNORECASE,
)
_DENIES = re.compile(
    r"\b(?:does not|do not|doesn't|don't|cannot|can't|not able to|unable to|no longer|not)"
    r"(?: \w+){0,2} (?:provid\w+|offer\w*|accept\w*|give|giv\w+|available|have|includ\w+|cover\w*|"
    r"suppl\w+)\b|\bnot (?:provided|available|offered|included|a)\b|\bsee separate listing|\bno (?:emergency|walk)|"
    r"\bno (?:se |les )?(?:ofrec|provee|proporcion|inclu)\w+",
    re.IGNORECASE,
)
_SENTENCE_END = re.compile(r"(?<=[.!?;])\s+|\n+")


@lru_cache(maxsize=16)
def offered_sentences(text: str) -> tuple[str, ...]:
    """List the sentences of a description that may say what is offered.

    A block such as `DONATIONS: ...` runs to the next labelled block, blank line or the end.
    """
    return tuple(sentence for sentence, asks in _sentences(text) if not asks and not _DENIES.search(sentence))


def asking_sentences(text: str) -> list[str]:
    """List the sentences of a description that ask people to give or to volunteer."""
    return [sentence for sentence, asks in _sentences(text) if asks]


def headings(text: str) -> list[str]:
    """List what a description opens with, and the labels of its paragraphs (`2) FOOD PANTRY: ...`)."""
    offered = offered_sentences(text)
    return [*offered[:1], *(found[1] for sentence in offered if (found := _HEADING.match(sentence)))]


@lru_cache(maxsize=16)
def _sentences(text: str) -> tuple[tuple[str, bool], ...]:
    """Cut a text into sentences, each with whether it asks for something instead of offering it.

    Whoever reads a service asks several questions of the same text, one after another.
    """
    found: list[tuple[str, bool]] = []
    asking = False
    for line in text.splitlines():
        if not line.strip():
            asking = False
            continue
        if _BLOCK_LABEL.match(line):
            asking = True
        elif _LABEL.match(line):
            asking = False
        found.extend((s, asking or bool(_ASKS.search(s))) for s in _SENTENCE_END.split(line) if s)
    return tuple(found)
