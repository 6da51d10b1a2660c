"""WHICH NEEDS A SERVICE ANSWERS: from what it was given, from its taxonomy terms, and else from its words.

Certainties, surest first: `given` by the publisher, `term`, `name` (its name says so), `words` (its description does).
The last two are inferences and rank lower.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from resource_api.needs.offered import offered_sentences
from resource_api.needs.phrases import find_every_phrase
from resource_api.needs.vocabulary import vocabulary
from resource_api.words import LIGHT, split, stem

CERTAINTIES = ("given", "term", "name", "words")


@dataclass(frozen=True, slots=True)
class NeedLink:
    """A need that a service answers, and how surely."""

    need: str
    certainty: str


def infer_needs(service: Mapping[str, Any], given: str | None) -> tuple[NeedLink, ...]:
    """Infer the needs that a rendered service answers; `given` are slugs joined by semicolons."""
    known = vocabulary()
    found: dict[str, str] = {}
    for slug in (given or "").split(";"):
        if slug in known.needs:
            found[slug] = "given"
    for attribute in service.get("attributes", ()):
        name = attribute.get("taxonomy_term", {}).get("name")
        if name:
            for slug in known.by_term.get(name.casefold(), ()):
                found.setdefault(slug, "term")
    for slug in needs_in_text(f"{service.get('name', '')}\n{service.get('alternate_name', '')}"):
        found.setdefault(slug, "name")
    for slug in needs_in_text(service.get("description", "")):
        found.setdefault(slug, "words")
    return tuple(NeedLink(slug, certainty) for slug, certainty in sorted(found.items()))


@lru_cache(maxsize=2048)
def needs_in_text(text: str) -> tuple[str, ...]:
    """List the needs that a text says are offered, most specific only."""
    known = vocabulary()
    found: dict[str, None] = {}
    for sentence in offered_sentences(text):
        tokens = [stem(word) for word in split(sentence) if word not in LIGHT]
        refused = {slug for span in find_every_phrase(tokens, known.not_offered) for slug in span.needs}
        for span in find_every_phrase(tokens, known.offered):
            for slug in span.needs:
                if slug not in refused:
                    found[slug] = None
    parents = {known.needs[slug].parent for slug in found}
    return tuple(slug for slug in found if slug not in parents)
