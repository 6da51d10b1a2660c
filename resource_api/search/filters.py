"""WHO IS CERTAINLY LEFT OUT: each filter asked of a row, answered yes, no, or not known."""

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from resource_api.search.query import SearchQuery

# An answer to a filter: True fits, False certainly does not, None is not known.
Check = Callable[[Sequence[Any]], bool | None]


def read_filters(query: SearchQuery, column: Callable[[str], int]) -> Iterator[tuple[str, Check]]:
    """Read a query's filters, each with its name; `column` tells where in a row a column stands."""
    if query.age_months is not None:
        yield "age", _within(query.age_months, column("minimum_age"), column("maximum_age"))
    if query.life_stage is not None:
        yield "life_stage", _serves(query.life_stage, column("life_stages"))
    if query.language is not None and query.language != "en":
        yield "language", _among(query.language, column("languages"))
    if query.accessibility is not None:
        yield "accessibility", _says(query.accessibility.casefold(), column("accessible"))
    if query.free is not None:
        yield "free", _is(query.free, column("free"))
    if query.remote is not None:
        yield "remote", _is(query.remote, column("remote"))
    if query.accepts_referrals is not None:
        yield "accepts_referrals", _is("yes" if query.accepts_referrals else "no", column("accepts"))
    if query.capacity is not None:
        yield "capacity", _is(query.capacity, column("capacity"))
    if query.updated_after is not None:
        after, updated = query.updated_after.timestamp(), column("updated_at")
        yield "updated_after", lambda row: bool(row[updated] >= after)


def _is(wanted: str | bool, at: int) -> Check:
    # SQLite keeps true as 1, which equals True.
    return lambda row: None if row[at] is None else bool(row[at] == wanted)


def _among(wanted: str, at: int) -> Check:
    return lambda row: wanted in row[at].split() if row[at] else None


def _serves(stage: str, at: int) -> Check:
    """Find a life stage among those that a service lists, or that its terms only confirm (`?pregnant`)."""

    def check(row: Sequence[Any]) -> bool | None:
        listed = row[at].split()
        if stage in listed or f"?{stage}" in listed:
            return True
        return None if not listed or listed[0].startswith("?") else False

    return check


def _says(wanted: str, at: int) -> Check:
    """Find a text in what is listed; what is not listed may still be there."""
    return lambda row: True if wanted in row[at].casefold() else None


def _within(age: float, at_low: int, at_high: int) -> Check:
    def check(row: Sequence[Any]) -> bool | None:
        low, high = row[at_low], row[at_high]
        if low is None and high is None:
            return None
        return (low is None or age >= low) and (high is None or age <= high)

    return check
