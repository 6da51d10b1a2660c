"""HOW MANY OF EACH KIND: counts over every hit, not only the page."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from resource_api.search.column import NOT_LISTED, Codes, Lists, Numbers
from resource_api.search.columns import Columns
from resource_api.search.query import Reach

MOST_VALUES = 50
REACHES: tuple[Reach, ...] = ("site", "area", "remote")
_YES_NO = {-1: "unknown", 0: "no", 1: "yes"}
_OPEN = {-1: "unknown", 0: "closed", 1: "open"}

Counts = tuple[tuple[str, int], ...]


def count_facet(
    name: str, columns: Columns, slots: Numbers, reach: NDArray[np.int8] | None, is_open: NDArray[np.int8] | None
) -> Counts:
    """Count the values of one facet, the largest first; `reach` and `is_open` where they were asked for."""
    if name == "reached_by":
        return () if reach is None else _count(reach, lambda code: REACHES[code])
    if name == "open":
        return () if is_open is None else _count(is_open, _OPEN.__getitem__)
    if name == "free":
        return _count(columns.free[slots], _YES_NO.__getitem__)
    if name == "need":
        counts = np.bincount(columns.families.values[columns.needs.gather(slots).codes])
        return largest({columns.names.texts[code]: int(counts[code]) for code in np.flatnonzero(counts)})
    if name in ("language", "life_stage"):
        listed = columns.languages if name == "language" else columns.life_stages
        return _count_listed(listed.gather(slots), columns.tags, lambda text: text.lstrip("?"))
    if name in ("city", "organization"):
        column = columns.city if name == "city" else columns.organization
        return _count(column[slots], columns.names.texts.__getitem__)
    column = columns.capacity if name == "capacity" else columns.accepts
    return _count(column[slots], columns.statuses.texts.__getitem__)


def _count(values: NDArray[np.integer], say: Callable[[int], str]) -> Counts:
    counts = np.bincount(values - NOT_LISTED)  # the least there is, and a count is of numbers from 0
    return largest({say(code + NOT_LISTED): int(counts[code]) for code in np.flatnonzero(counts).tolist()})


def _count_listed(lists: Lists, codes: Codes, say: Callable[[str], str]) -> Counts:
    counts = np.bincount(lists.codes)
    found: dict[str, int] = {}
    for code in np.flatnonzero(counts):
        value = say(codes.texts[code])
        found[value] = found.get(value, 0) + int(counts[code])
    return largest(found)


def largest(counts: dict[str, int]) -> Counts:
    """Put counts in order, the largest first, as many as are shown; what is empty is no value."""
    counts.pop("", None)
    return tuple(sorted(counts.items(), key=lambda each: (-each[1], each[0]))[:MOST_VALUES])
