"""WHO IS CERTAINLY LEFT OUT: each filter asked of rows, answered yes, no, or not known."""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from resource_api.search.column import NO, NOT_LISTED, NOTHING, YES, Column, Flags, Lists, Numbers
from resource_api.search.columns import Columns
from resource_api.search.query import SearchQuery

# By row: YES it fits, NO it certainly does not, NOT_LISTED where that is not known.
Answers = NDArray[np.int8]


def read_filters(query: SearchQuery, columns: Columns, slots: Numbers) -> Iterator[tuple[str, Answers]]:
    """Ask each of a query's filters, under its name."""
    if query.age_months is not None:
        yield "age", _within(query.age_months, columns, slots)
    if query.life_stage is not None:
        yield "life_stage", _serves(query.life_stage, columns, columns.life_stages.gather(slots))
    if query.language is not None and query.language != "en":
        listed = columns.languages.gather(slots)
        yield "language", _answers(listed.say([columns.tags.find(query.language)]), known=_any_listed(listed))
    if query.accessibility is not None:
        wanted = query.accessibility.casefold()
        says = columns.remarks.table(lambda text: wanted in text.casefold(), np.bool_)[columns.accessible[slots]]
        # What is not listed may still be there.
        yield "accessibility", _answers(says, known=says)
    if query.free is not None:
        free = columns.free[slots]
        yield "free", _answers(free == query.free, known=free != NOT_LISTED)
    if query.remote is not None:
        remote = columns.remote[slots]
        yield "remote", _answers(remote == query.remote, known=np.ones(len(slots), np.bool_))
    if query.accepts_referrals is not None:
        wanted = "yes" if query.accepts_referrals else "no"
        yield "accepts_referrals", _is(wanted, columns, columns.accepts, slots)
    if query.capacity is not None:
        yield "capacity", _is(query.capacity, columns, columns.capacity, slots)
    if query.updated_after is not None:
        newer = columns.updated_at[slots] >= query.updated_after.timestamp()
        yield "updated_after", _answers(newer, known=np.ones(len(slots), np.bool_))


def _answers(fits: Flags, *, known: Flags) -> Answers:
    return np.where(known, np.where(fits, YES, NO), NOT_LISTED).astype(np.int8)


def _is(wanted: str, columns: Columns, column: Column, slots: Numbers) -> Answers:
    codes = column[slots]
    return _answers(codes == columns.statuses.find(wanted), known=codes != NOTHING)


def _any_listed(lists: Lists) -> Flags:
    listed: Flags = lists.codes[lists.begins] != NOTHING
    return listed


def _serves(stage: str, columns: Columns, listed: Lists) -> Answers:
    """Find a life stage among those that a service lists, or that its terms only confirm (`?pregnant`)."""
    serves = listed.say([columns.tags.find(stage), columns.tags.find(f"?{stage}")])
    confirmed = columns.tags.table(lambda text: text.startswith("?"), np.bool_)
    first = listed.codes[listed.begins]
    return _answers(serves, known=serves | ((first != NOTHING) & ~confirmed[first]))


def _within(age: float, columns: Columns, slots: Numbers) -> Answers:
    low, high = columns.minimum_age[slots], columns.maximum_age[slots]
    # What is not listed is no number, and whatever it is compared with is false.
    outside = (low > age) | (high < age)
    return _answers(~outside, known=~(np.isnan(low) & np.isnan(high)))
