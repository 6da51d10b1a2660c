"""HOW MUCH OF THE QUESTION ROWS ANSWER: by their needs, and by where they say the question's words."""

from collections.abc import Sequence
from functools import lru_cache

import numpy as np

from resource_api.search.column import Flags, Floats, ListColumn, Numbers, Ranks
from resource_api.search.columns import Columns
from resource_api.search.query import Ask, Asked, SearchQuery, Word
from resource_api.search.rank import CONFIDENCE_WEIGHT

# A service found only because its name or labels say the words of a need that it is not known to answer.
NAMED_ONLY, LABELLED_ONLY = 0.45, 0.2
TITLE_BONUS = 0.25
CONTEXT_TITLE, CONTEXT_LABEL, CONTEXT_MOST = 0.08, 0.05, 0.2
TITLE_WORD, LABEL_WORD, BODY_WORD = 1.0, 0.7, 0.3


def weigh(query: SearchQuery, columns: Columns, slots: Numbers) -> Floats:
    """Weigh how well each row answers the question (the mean over its needs) and the filters (their product)."""
    weights: Floats = np.ones(len(slots))
    if query.asked.needs:
        weights = _mean([_answer(ask, columns, slots) for ask in query.asked.needs])
    weights = _weigh_words(query.asked, columns, slots, weights)
    for ask in query.needs:
        weights = weights * _answer(ask, columns, slots)
    return weights


def _answer(ask: Ask, columns: Columns, slots: Numbers) -> Floats:
    """Weigh how well each row answers one ask: by its best need, and how sure that is."""
    worths = _list_worths(ask.answers)

    def rank_parts() -> Ranks:
        worth = np.zeros(len(columns.parts.texts))
        for slug, weight in ask.answers:
            for code, confidence in columns.parts_of.get(f"^{slug}" if weight == 1.0 else slug, ()):
                worth[code] = max(worth[code], weight * CONFIDENCE_WEIGHT[confidence])
        return np.searchsorted(worths, worth).astype(np.uint8)

    return worths[columns.needs.greatest(slots, ask.answers, rank_parts)]


@lru_cache(maxsize=1024)
def _list_worths(answers: tuple[tuple[str, float], ...]) -> Floats:
    """List what a row's answer can be worth, least first."""
    weights = {weight for _, weight in answers}
    return np.array(sorted({0.0} | {weight * sure for weight in weights for sure in CONFIDENCE_WEIGHT.values()}))


def _weigh_words(asked: Asked, columns: Columns, slots: Numbers, weights: Floats) -> Floats:
    """Weigh where each row says the words: in its title, its labels, or its text."""
    title, labels = columns.title, columns.labels
    if asked.needs:
        if asked.words:
            share = _mean([_says(word, columns, title, slots) for word in asked.words])
            unknown = np.where(share == 1.0, NAMED_ONLY, LABELLED_ONLY)
            weights = np.where(weights > 0.0, weights * (1.0 + TITLE_BONUS * share), unknown)
    elif asked.essential:
        weights = _mean([_place_said(word, columns, slots) for word in asked.essential])
    if asked.context:
        bonus = np.zeros(len(slots))
        for word in asked.context:
            labelled = np.where(_says(word, columns, labels, slots), CONTEXT_LABEL, 0.0)
            bonus += np.where(_says(word, columns, title, slots), CONTEXT_TITLE, labelled)
        weights = weights + np.minimum(bonus, CONTEXT_MOST)
    return weights


def _mean(weights: Sequence[Floats | Flags]) -> Floats:
    # Most questions have one part, and numpy's own mean takes ten times as long to find that out.
    return sum(weights[1:], weights[0].astype(np.float64)) / len(weights)


def _place_said(word: Word, columns: Columns, slots: Numbers) -> Floats:
    labelled = np.where(_says(word, columns, columns.labels, slots), LABEL_WORD, BODY_WORD)
    return np.where(_says(word, columns, columns.title, slots), TITLE_WORD, labelled)


def _says(word: Word, columns: Columns, texts: ListColumn, slots: Numbers) -> Flags:
    codes = [code for form in word.forms if (code := columns.tokens.find(form)) is not None]
    if not codes:
        return np.zeros(len(slots), np.bool_)

    def mark_codes() -> Ranks:
        marks = np.zeros(len(columns.tokens.texts), np.uint8)
        marks[codes] = 1
        return marks

    return texts.greatest(slots, tuple(codes), mark_codes).view(np.bool_)
