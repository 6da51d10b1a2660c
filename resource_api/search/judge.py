"""WHICH CANDIDATES FIT, AND HOW WELL: the filters, the reach, the score and the order, thousands of rows at once.

What is decided here, row by row: a filter excludes only what it certainly excludes; a service must reach the caller;
what is unknown ranks after what is known; `best` is the product of the reasons in `rank.py`. Ties break by id.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

import numpy as np

from resource_api.places import EARTH_RADIUS_M
from resource_api.search import rank
from resource_api.search.columns import NO, NOT_LISTED, Columns, Floats, Numbers
from resource_api.search.facets import Counts, count_facet
from resource_api.search.filters import Answers, read_filters
from resource_api.search.query import SearchQuery
from resource_api.search.reach import BY_AREA, OUT_OF_REACH, REMOTELY, Reached
from resource_api.search.weigh import weigh

# Wider than any score or squared chord: what is sorted by first counts more than all that is sorted by next.
_MAJOR = 1e6


@dataclass(frozen=True, slots=True)
class Judged:
    """The rows that fit, by their slots: each with its score, its answer to each filter, and how it reaches the caller.

    `by`, `chord` and `site` are as in `Reached`; None where no place and no time was asked for.
    """

    slots: Numbers
    scores: Floats
    answers: dict[str, Answers]
    by: Answers | None
    chord: Floats | None
    site: Numbers | None
    order: tuple[Floats, Floats]
    facets: dict[str, Counts]

    def best(self, columns: Columns, start: int, stop: int) -> Numbers:
        """Find the places of the rows that come from `start` to `stop` in order."""
        major, minor = self.order
        places = np.arange(len(self.slots))
        if start >= len(places):
            return places[:0]
        if stop < len(places):
            # Only those that can be among the first are sorted; those as good as the last of them stay, for their ids.
            rough = major * _MAJOR + minor
            places = np.flatnonzero(rough <= np.partition(rough, stop - 1)[stop - 1] + 1e-6)
        ids = columns.service_id[self.slots[places]]
        return places[np.lexsort((ids, minor[places], major[places]))][start:stop]

    def unknown(self, place: int) -> tuple[str, ...]:
        """List the filters that are not known to fit a row."""
        return tuple(name for name, answers in self.answers.items() if answers[place] == NOT_LISTED)


def judge(query: SearchQuery, columns: Columns, slots: Numbers, rank_names: Callable[[Numbers], Floats]) -> Judged:
    """Judge the candidates in these slots; `rank_names` puts slots in the order of their names, where that is asked."""
    answers = dict(read_filters(query, columns, slots)) if len(slots) else {}
    moment = query.open_at or (datetime.now(UTC) if "open" in query.facets else None)
    reached = Reached(query, columns, slots, moment) if query.place is not None or moment is not None else None
    keep = np.ones(len(slots), np.bool_)
    for found in answers.values():
        keep &= found != NO
    if reached is not None:
        keep &= reached.by != OUT_OF_REACH
        if query.open_at is not None and reached.is_open is not None:
            answers["open_at"] = reached.is_open
            keep &= reached.is_open != NO
    slots, answers = slots[keep], {name: found[keep] for name, found in answers.items()}
    by = chord = site = is_open = None
    if reached is not None:
        chord, site = reached.chord[keep], reached.site[keep]
        by = None if query.place is None else reached.by[keep]
        is_open = None if reached.is_open is None else reached.is_open[keep]
    scores = columns.focus[slots]
    if len(slots):
        capacity = columns.statuses.table(_capacity_weight, np.float64)[columns.capacity[slots]]
        near = _nearness(columns, slots, by, chord)
        scores = rank.score(weigh(query, columns, slots) * scores, near, _freshness(columns, slots), capacity)
    order = _order(query, columns, slots, scores, answers, chord, rank_names)
    facets = {name: count_facet(name, columns, slots, by, is_open) for name in query.facets}
    return Judged(slots, scores, answers, by, chord, site, order, facets)


def _order(
    query: SearchQuery,
    columns: Columns,
    slots: Numbers,
    scores: Floats,
    answers: dict[str, Answers],
    chord: Floats | None,
    rank_names: Callable[[Numbers], Floats],
) -> tuple[Floats, Floats]:
    """Write what rows are sorted by, least first: one number, and for equal ones another."""
    nothing = np.zeros(len(slots))
    if query.sort == "name":
        return nothing, rank_names(slots)
    if query.sort == "updated":
        return nothing, -columns.updated_at[slots]
    if query.sort == "distance" and chord is not None:
        return np.isnan(chord).astype(np.float64), np.nan_to_num(chord)
    unknown = sum(((found == NOT_LISTED).astype(np.float64) for found in answers.values()), nothing)
    return unknown, -scores


def _nearness(columns: Columns, slots: Numbers, by: Answers | None, chord: Floats | None) -> Floats:
    if by is None or chord is None:
        return np.where(columns.remote[slots], rank.REMOTE_ANYWHERE, 1.0)
    # rank.nearness: a chord is as good as its arc here.
    near = 1.0 / (1.0 + np.sqrt(chord) * (EARTH_RADIUS_M / rank.HALF_NEAR_M))
    near = np.where(by == BY_AREA, rank.AREA_NEARNESS, near)
    return np.where(by == REMOTELY, rank.REMOTE_NEARNESS, near)


def _freshness(columns: Columns, slots: Numbers) -> Floats:
    """Weigh when rows were assured: rank.freshness, of each day that is among them once."""
    days, at = np.unique(columns.day[slots], return_inverse=True)
    today = datetime.now(UTC).date().toordinal()
    fresh: Floats = np.array([rank.freshness(None if day < 0 else float(today - day)) for day in days.tolist()])[at]
    return fresh


def _capacity_weight(code: str) -> float:
    return rank.CAPACITY_WEIGHT.get(code, rank.UNKNOWN_CAPACITY)
