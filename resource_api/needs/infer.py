"""WHICH NEEDS A SERVICE ANSWERS: from what it was given, from its taxonomy terms, and else from its words.

`certainty` tells where a need is known from: `given` by the publisher, a taxonomy `term`, the service's `name`, or the
`words` of its description. The last two are inferences. `confidence` is 1 to 9 and ranks: a term that the text bears
out is worth more than a bare term, a heading more than a mention in passing.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from resource_api.needs.offered import asking_sentences, headings, offered_sentences
from resource_api.needs.phrases import PhraseBook, find_every_phrase
from resource_api.needs.vocabulary import vocabulary
from resource_api.words import LIGHT, split, stem

CERTAINTIES = ("given", "term", "name", "words")

SURE = 9
TERM_ALONE = 7
NAMED = 8
NAMED_BESIDE_TERMS = 6
HEADED = 6
MENTIONED = 4
DOUBTED = 3


@dataclass(frozen=True, slots=True)
class NeedLink:
    """A need that a service answers, where that is known from, and how surely (1 to 9)."""

    need: str
    certainty: str
    confidence: int


def infer_needs(service: Mapping[str, Any], given: str | None) -> tuple[NeedLink, ...]:
    """Infer the needs that a rendered service answers; `given` are slugs joined by semicolons."""
    known = vocabulary()
    terms = [a["taxonomy_term"]["name"] for a in service.get("attributes", ()) if "taxonomy_term" in a]
    by_term = {slug for name in terms for slug in known.by_term.get(name.casefold(), ())}
    names = f"{service.get('name', '')}\n{service.get('alternate_name', '')}"
    description = service.get("description", "")
    named, headed, mentioned = needs_in_text(names), needs_in_headings(description), needs_in_text(description)
    collected = needs_collected(description)

    found: dict[str, NeedLink] = {}
    for slug in mentioned.offered:
        found[slug] = NeedLink(slug, "words", HEADED if slug in headed else MENTIONED)
    for slug in named.offered:
        found[slug] = NeedLink(slug, "name", NAMED_BESIDE_TERMS if by_term else NAMED)
    borne_out = mentioned.offered | named.offered | headed
    refused = (mentioned.refused | named.refused | collected) - borne_out
    for slug in by_term:
        confidence = SURE if slug in borne_out else DOUBTED if slug in refused else TERM_ALONE
        found[slug] = NeedLink(slug, "term", confidence)
    for slug in (given or "").split(";"):
        if slug in known.needs:
            found[slug] = NeedLink(slug, "given", SURE)
    return tuple(found[slug] for slug in sorted(found))


@dataclass(frozen=True, slots=True)
class Said:
    """The needs that a text says are offered, and those that it speaks of without offering them."""

    offered: frozenset[str]
    refused: frozenset[str]


@lru_cache(maxsize=2048)
def needs_in_text(text: str) -> Said:
    """Find the needs that a text says are offered, a parent beside its child left out."""
    known = vocabulary()
    found: set[str] = set()
    every_refused: set[str] = set()
    for sentence in offered_sentences(text):
        tokens = _tokens(sentence)
        refused = _named(tokens, known.not_offered)
        found |= _named(tokens, known.offered) - refused
        every_refused |= refused
    parents = {known.needs[slug].parent for slug in found}
    return Said(frozenset(found - parents), frozenset(every_refused))


@lru_cache(maxsize=2048)
def needs_in_headings(text: str) -> frozenset[str]:
    """Find the needs that a description opens with or heads a paragraph with (`FOOD PANTRY: ...`)."""
    known = vocabulary()
    return frozenset(
        slug
        for heading in headings(text)
        for slug in _named(_tokens(heading), known.offered) - _named(_tokens(heading), known.not_offered)
    )


@lru_cache(maxsize=2048)
def needs_collected(text: str) -> frozenset[str]:
    """Find what a text asks people to give: a service that collects a thing does not offer it."""
    known = vocabulary()
    return frozenset(
        slug
        for sentence in asking_sentences(text)
        for slug in _named(_tokens(sentence), known.offered) | _named(_tokens(sentence), known.said)
    )


@lru_cache(maxsize=4096)
def _tokens(text: str) -> tuple[str, ...]:
    return tuple(stem(word) for word in split(text) if word not in LIGHT)


def _named(tokens: tuple[str, ...], book: PhraseBook) -> set[str]:
    return {slug for needs in find_every_phrase(tokens, book) for slug in needs}
