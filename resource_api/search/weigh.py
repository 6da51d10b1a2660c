"""HOW MUCH OF THE QUESTION ROWS ANSWER: by their needs, and by where they say the question's words."""

from collections.abc import Iterable

import numpy as np

from resource_api.search.columns import Columns, Flags, Floats, Lists, Numbers
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
    if query.asked.needs or query.needs:
        needs = columns.needs.gather(slots)
        if query.asked.needs:
            weights = np.mean([_answer(ask, columns, needs) for ask in query.asked.needs], axis=0)
    weights = _weigh_words(query.asked, columns, slots, weights)
    for ask in query.needs:
        weights = weights * _answer(ask, columns, needs)
    return weights


def _answer(ask: Ask, columns: Columns, needs: Lists) -> Floats:
    """Weigh how well each row answers one ask: by its best need, and how sure that is."""
    worth = np.zeros(len(columns.parts.texts))
    for slug, weight in ask.answers:
        for code, confidence in columns.parts_of.get(f"^{slug}" if weight == 1.0 else slug, ()):
            worth[code] = max(worth[code], weight * CONFIDENCE_WEIGHT[confidence])
    return needs.best(worth)


def _weigh_words(asked: Asked, columns: Columns, slots: Numbers, weights: Floats) -> Floats:
    """Weigh where each row says the words: in its title, its labels, or its text."""
    if not (asked.words or asked.essential or asked.context):
        return weights
    title = columns.title.gather(slots)
    if asked.needs:
        if asked.words:
            share = np.mean([_says(word, columns, title) for word in asked.words], axis=0)
            unknown = np.where(share == 1.0, NAMED_ONLY, LABELLED_ONLY)
            weights = np.where(weights > 0.0, weights * (1.0 + TITLE_BONUS * share), unknown)
    elif asked.essential:
        labels = columns.labels.gather(slots)
        weights = np.mean([_place_said(word, columns, title, labels) for word in asked.essential], axis=0)
    if asked.context:
        labels = columns.labels.gather(slots)
        weights = weights + _context_bonus(asked.context, columns, title, labels)
    return weights


def _place_said(word: Word, columns: Columns, title: Lists, labels: Lists) -> Floats:
    labelled = np.where(_says(word, columns, labels), LABEL_WORD, BODY_WORD)
    return np.where(_says(word, columns, title), TITLE_WORD, labelled)


def _context_bonus(words: Iterable[Word], columns: Columns, title: Lists, labels: Lists) -> Floats:
    bonus = np.zeros(len(title.begins))
    for word in words:
        labelled = np.where(_says(word, columns, labels), CONTEXT_LABEL, 0.0)
        bonus += np.where(_says(word, columns, title), CONTEXT_TITLE, labelled)
    return np.minimum(bonus, CONTEXT_MOST)


def _says(word: Word, columns: Columns, lists: Lists) -> Flags:
    return lists.say({columns.tokens.find(form) for form in word.forms})
