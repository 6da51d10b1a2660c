"""HOW MANY OF EACH KIND: counts over every hit, not only the page."""

from collections import Counter
from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Any

from resource_api.search.query import Reach

MOST_VALUES = 50

_COLUMNS = {
    "need": "needs",
    "language": "languages",
    "city": "city",
    "organization": "organization_id",
    "free": "free",
    "accepts_referrals": "accepts",
    "capacity": "capacity",
    "life_stage": "life_stages",
}
_YES_NO = {None: "unknown", True: "yes", False: "no"}
_OPEN = {None: "unknown", True: "open", False: "closed"}


class FacetCounter:
    """Counts the facets that a query asks for; `column` tells where in a row a column stands."""

    def __init__(self, names: Sequence[str], column: Callable[[str], int]) -> None:
        self._counters = {name: Counter[str]() for name in names}
        self._columns = {name: column(_COLUMNS[name]) for name in names if name in _COLUMNS}

    def count(self, row: Sequence[Any], reached: Reach | None, is_open: bool | None) -> None:
        """Count one hit."""
        for name, counter in self._counters.items():
            if name == "reached_by":
                if reached is not None:
                    counter[reached] += 1
            elif name == "open":
                counter[_OPEN[is_open]] += 1
            else:
                value = row[self._columns[name]]
                if name == "free":
                    counter[_YES_NO[value]] += 1
                elif name == "need":
                    counter.update(_families(value))
                elif name in ("language", "life_stage"):
                    counter.update(each.lstrip("?") for each in value.split())
                elif value:
                    counter[value] += 1

    def write(self) -> dict[str, tuple[tuple[str, int], ...]]:
        """Write the counts, the largest first."""
        return {
            name: tuple(sorted(counter.items(), key=lambda each: (-each[1], each[0]))[:MOST_VALUES])
            for name, counter in self._counters.items()
        }


@lru_cache(maxsize=10_000)
def _families(needs: str) -> tuple[str, ...]:
    """List the needs that a row answers, their parents included."""
    return tuple(part[1:].partition(":")[0] for part in needs.split(",") if part.startswith("^"))
