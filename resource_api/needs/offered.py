"""WHAT A TEXT OFFERS: a description without the parts that ask, collect or deny."""

import re

_BLOCK_LABEL = re.compile(
    r"^\W*(donations?|volunteers?|volunteering|volunteer opportunities|donate|in-kind|wish ?list|we need)\b"
    r"[^:.\n]{0,40}:",
    re.IGNORECASE,
)
_LABEL = re.compile(r"^\W*[A-Z][A-Z0-9 /&,'()-]{3,60}:")
_ASKS = re.compile(
    r"\b(?:in need of|accepts?(?: \w+){0,3} donations?|accepting donations?|"
    r"donations? (?:of|are|accepted|welcome|needed)|(?:please )?donate\b|to donate|drop[- ]off donations?|"
    r"collects? (?:used|gently|donated|new)|volunteers? (?:are |of |to |must )?(?:needed|welcome|not needed|ages?)|"
    r"no volunteers|becom\w+ (?:a )?(?:licensed|foster)|"
    r"acepta(?:mos|n)? donaciones|donaciones de|se aceptan|se necesitan voluntarios)\b",
    re.IGNORECASE,
)
_DENIES = re.compile(
    r"\b(?:does not|do not|doesn't|don't|cannot|can't|not able to|unable to|no longer|not|no ofrece(?:mos|n)?|"
    r"no se ofrece)(?: \w+){0,2} (?:provid\w+|offer\w*|accept\w*|give|giv\w+|available|have|includ\w+|cover\w*|"
    r"suppl\w+)\b|\bnot (?:provided|available|offered|included|a)\b|\bno (?:emergency|walk)",
    re.IGNORECASE,
)
_SENTENCE_END = re.compile(r"(?<=[.!?;])\s+|\n+")


def offered_sentences(text: str) -> list[str]:
    """List the sentences of a description that may say what is offered.

    A block such as `DONATIONS: …` runs to the next labelled block, blank line or the end.
    """
    kept: list[str] = []
    asking = False
    for line in text.splitlines():
        if not line.strip():
            asking = False
            continue
        if _BLOCK_LABEL.match(line):
            asking = True
            continue
        if _LABEL.match(line):
            asking = False
        if asking:
            continue
        kept.extend(
            sentence
            for sentence in _SENTENCE_END.split(line)
            if sentence and not _ASKS.search(sentence) and not _DENIES.search(sentence)
        )
    return kept
