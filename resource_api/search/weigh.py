"""HOW MUCH OF THE QUESTION A ROW ANSWERS: by its needs, and by where it says the question's words.

Plain loops and no generators: this runs on every candidate of a search.
"""

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from resource_api.needs.infer import CERTAINTIES
from resource_api.search import rank
from resource_api.search.query import Ask, SearchQuery, Word

_CONFIDENCE = rank.CONFIDENCE_WEIGHT
_CERTAINTY = {name[0]: name for name in CERTAINTIES}

# A service found only because its name or labels say the words of a need that it is not known to answer.
NAMED_ONLY, LABELLED_ONLY = 0.45, 0.2
TITLE_BONUS = 0.25
CONTEXT_TITLE, CONTEXT_LABEL, CONTEXT_MOST = 0.08, 0.05, 0.2
TITLE_WORD, LABEL_WORD, BODY_WORD = 1.0, 0.7, 0.3


class Weigher:
    """Weighs rows for one query; `column` tells where in a row a column stands, `needs` being at 1."""

    def __init__(self, query: SearchQuery, column: Callable[[str], int]) -> None:
        asked = query.asked
        self.says_words = bool(asked.words or asked.essential or asked.context)
        if self.says_words:
            self._title = column("title")
        if asked.essential or asked.context:
            self._labels = column("labels")
        self._needs = column("needs")
        self._asked_needs = [_keys(ask) for ask in asked.needs]
        self._filter_needs = [_keys(ask) for ask in query.needs]
        self._words, self._essential, self._context = map(_forms, (asked.words, asked.essential, asked.context))

    def weigh_needs(self, needs: str) -> tuple[float, float]:
        """Weigh how a row's needs answer the question's (their mean), and the filters' (their product)."""
        filtered, answered = 1.0, 0.0
        for keys in self._filter_needs:
            filtered *= _answer(needs, keys)
        for keys in self._asked_needs:
            answered += _answer(needs, keys)
        return (answered / len(self._asked_needs) if self._asked_needs else 1.0), filtered

    def weigh_words(self, row: Sequence[Any], relevance: float) -> float:
        """Weigh where a row says the question's words: in its title, its labels, or its text."""
        title: str = row[self._title]
        if self._asked_needs:
            if self._words:
                named = 0
                for one, other in self._words:
                    if one in title or other in title:
                        named += 1
                share = named / len(self._words)
                relevance = relevance * (1.0 + TITLE_BONUS * share) or (NAMED_ONLY if share == 1.0 else LABELLED_ONLY)
        elif self._essential:
            labels: str = row[self._labels]
            said = 0.0
            for one, other in self._essential:
                if one in title or other in title:
                    said += TITLE_WORD
                else:
                    said += LABEL_WORD if one in labels or other in labels else BODY_WORD
            relevance = said / len(self._essential)
        if self._context:
            labels = row[self._labels]
            bonus = 0.0
            for one, other in self._context:
                if one in title or other in title:
                    bonus += CONTEXT_TITLE
                elif one in labels or other in labels:
                    bonus += CONTEXT_LABEL
            relevance += min(bonus, CONTEXT_MOST)
        return relevance

    def explain(self, row: Sequence[Any]) -> tuple[tuple[str, str], ...]:
        """List the needs by which a row answers, and where each is known from."""
        needs: str = row[self._needs]
        found: dict[str, str] = {}
        for keys in (*self._asked_needs, *self._filter_needs):
            for key, length, _weight in keys:
                at = needs.find(key)
                if at >= 0:
                    found.setdefault(key.strip(",^:"), _CERTAINTY[needs[at + length + 1]])
        return tuple(found.items())


def _forms(words: Iterable[Word]) -> list[tuple[str, str]]:
    """List the two forms of each word, English and Spanish (often the same), as they stand among spaces."""
    return [(f" {word.forms[0]} ", f" {word.forms[-1]} ") for word in words]


def _keys(ask: Ask) -> list[tuple[str, int, float]]:
    """List what to look for in a row's needs, its length, and how much it counts."""
    keys = [(f",^{slug}:" if weight == 1.0 else f",{slug}:", weight) for slug, weight in ask.answers]
    return [(key, len(key), weight) for key, weight in keys]


def _answer(needs: str, keys: list[tuple[str, int, float]]) -> float:
    """Weigh how well a row answers one ask: by its best need, and how sure that is."""
    best = 0.0
    for key, length, weight in keys:
        at = needs.find(key)
        if at >= 0:
            worth = weight * _CONFIDENCE[needs[at + length]]
            if worth > best:
                best = worth
    return best
