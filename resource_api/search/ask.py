"""WHAT A QUESTION MEANS TO THE INDEX: its needs and words, with the misspelt ones repaired.

A word is repaired only where nothing at all answers to it, and the answer says what was searched instead.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from functools import lru_cache

from sqlalchemy.orm import Session

from resource_api.needs import Understanding, understand, vocabulary
from resource_api.search.index import SearchIndex
from resource_api.search.query import Ask, Asked, Word
from resource_api.words import STOPWORDS, query_forms, split

MOST_WORDS = 24
SHORTEST_REPAIRED = 4

# How much a need counts that only helps beside the one asked for.
ALSO_WEIGHT = 0.2


@dataclass(frozen=True, slots=True)
class Question:
    """A question as asked of the index; `repaired` lists (typed, searched instead)."""

    asked: Asked
    repaired: tuple[tuple[str, str], ...]


def read_question(session: Session, index: SearchIndex, text: str) -> Question:
    """Read a question: understand its needs, and repair the words that nothing answers to."""
    text = " ".join(text.split()[:MOST_WORDS])
    understood = understand(text)
    repaired: list[tuple[str, str]] = []
    for word in (*understood.essential, *understood.context):
        if (
            len(word) < SHORTEST_REPAIRED
            or any(c.isdigit() for c in word)
            or index.has_word(session, query_forms(word))
        ):
            continue
        if word in _need_words():
            continue
        better = next(iter(_likeliest(word, _need_words())), None)
        if better is None:
            # What was once said may be said no longer, and what is withheld must not come back as a suggestion.
            likely = _likeliest(word, index.spoken_words(session))
            better = next((known for known in likely if index.has_word(session, query_forms(known))), None)
        if better is not None:
            repaired.append((word, better))
    if repaired:
        changes = dict(repaired)
        understood = understand(" ".join(changes.get(word, word) for word in split(text)))
    return Question(_write_asked(understood), tuple(repaired))


def ask_for(slug: str) -> Ask:
    """Ask for a need, and for what else helps with it."""
    return ask_for_any(((slug, 1.0),))


def ask_for_any(answers: Iterable[tuple[str, float]]) -> Ask:
    """Ask for any of some needs, each with its weight, and for what else helps with them."""
    weights = dict(answers)
    also: dict[str, float] = {}
    for slug, weight in weights.items():
        for other in vocabulary().needs[slug].also:
            if other not in weights:
                also[other] = max(weight * ALSO_WEIGHT, also.get(other, 0.0))
    return Ask(_by_weight(weights), _by_weight(also))


def _by_weight(weights: dict[str, float]) -> tuple[tuple[str, float], ...]:
    return tuple(sorted(weights.items(), key=lambda each: -each[1]))


def _write_asked(understood: Understanding) -> Asked:
    return Asked(
        needs=tuple(ask_for(slug) for slug in understood.needs),
        words=_words(understood.need_words),
        essential=_words(understood.essential),
        context=_words(understood.context),
        sentence=understood.sentence,
    )


def _words(texts: Iterable[str]) -> tuple[Word, ...]:
    return tuple(Word(text, query_forms(text)) for text in dict.fromkeys(texts))


def _likeliest(word: str, known: Collection[str]) -> list[str]:
    """List the known words that a misspelt one was most likely meant to be: one slip, or two in a long word."""
    from rapidfuzz import process
    from rapidfuzz.distance import OSA

    slips = 1 if len(word) < 8 else 2
    found = process.extract(word, known, scorer=OSA.distance, score_cutoff=slips, limit=8)
    # People rarely miss the first letter; then the fewer slips, then the nearer length.
    found.sort(key=lambda each: (each[0][0] != word[0], each[1], abs(len(each[0]) - len(word)), each[0]))
    return [each[0] for each in found]


@lru_cache(maxsize=1)
def _need_words() -> tuple[str, ...]:
    """List the words by which needs are said: a misspelt word is likelier to be one of these than any other."""
    said = {
        word
        for need in vocabulary().needs.values()
        for text in (need.en, need.es, *need.say, *need.say_es)
        for word in split(text)
        if len(word) >= SHORTEST_REPAIRED and word not in STOPWORDS
    }
    return tuple(sorted(said))
