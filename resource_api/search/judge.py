"""WHICH CANDIDATES FIT, AND HOW WELL: the filters, the reach, the score and the order, thousands of rows at once.

What is decided here, row by row: a filter excludes only what it certainly excludes; a service must reach the caller;
what is unknown ranks after what is known; `best` is the product of the reasons in `rank.py`. Ties break by id.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from resource_api.places import EARTH_RADIUS_M
from resource_api.search import rank
from resource_api.search.column import NO, NOT_LISTED, Floats, Numbers
from resource_api.search.columns import CAPACITY, DAY, FOCUS, Columns
from resource_api.search.facets import Counts, count_facet
from resource_api.search.filters import Answers, read_filters
from resource_api.search.query import SearchQuery
from resource_api.search.reach import BY_AREA, OUT_OF_REACH, REMOTELY, Reached
from resource_api.search.weigh import weigh

Kind = TypeVar("Kind", bound=np.generic)

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
    hot = columns.hot[slots]
    answers = dict(read_filters(query, columns, slots))
    moment = query.open_at or (datetime.now(UTC) if "open" in query.facets else None)
    reached = Reached(query, columns, slots, hot, moment) if query.place is not None or moment is not None else None
    keep = np.ones(len(slots), np.bool_)
    for found in answers.values():
        keep &= found != NO
    by = chord = site = is_open = None
    if reached is not None:
        chord, site, is_open = reached.chord, reached.site, reached.is_open
        if query.place is not None:
            by = reached.by
            keep &= by != OUT_OF_REACH
        if query.open_at is not None and is_open is not None:
            answers["open_at"] = is_open
            keep &= is_open != NO
    if not keep.all():
        slots, hot = slots[keep], hot.compress(keep, axis=0)
        answers = {name: found[keep] for name, found in answers.items()}
        by, chord, site, is_open = _of(by, keep), _of(chord, keep), _of(site, keep), _of(is_open, keep)
    if not len(slots):
        nothing = hot[:, FOCUS]
        return Judged(slots, nothing, {}, None, None, None, (nothing, nothing), dict.fromkeys(query.facets, ()))
    today = datetime.now(UTC).date().toordinal()
    relevance = weigh(query, columns, slots) * hot[:, FOCUS]
    near = _nearness(columns, slots, by, chord)
    scores = rank.score(relevance, near, rank.freshness(today - hot[:, DAY]), hot[:, CAPACITY])
    order = _order(query, columns, slots, scores, answers, chord, rank_names)
    facets = {name: count_facet(name, columns, slots, by, is_open) for name in query.facets}
    return Judged(slots, scores, answers, by, chord, site, order, facets)


def _of(values: NDArray[Kind] | None, keep: NDArray[np.bool_]) -> NDArray[Kind] | None:
    return None if values is None else values[keep]


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
        return rank.nearness_anywhere(columns.remote[slots])
    # A chord is as good as its arc here.
    return rank.nearness(np.sqrt(chord) * EARTH_RADIUS_M, by_area=by == BY_AREA, remotely=by == REMOTELY)
