"""WHY A HIT RANKS WHERE IT DOES: one small pure function, with its reasons.

`best` = relevance x nearness x freshness x capacity. What is unknown of an asked filter is no part of the score: such
a hit ranks after those that are known to fit, whatever its score.
"""

from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

Weight = TypeVar("Weight", float, NDArray[np.float64])

# How much a need counts by how surely the service answers it.
CONFIDENCE_WEIGHT = {"9": 1.0, "8": 0.9, "7": 0.8, "6": 0.7, "4": 0.45, "3": 0.3}

# A service that does one thing is a likelier answer than a department that lists forty.
FOCUS_LOSS = 0.025
LEAST_FOCUS = 0.6

HALF_NEAR_M = 6_000.0
AREA_NEARNESS = 0.4
REMOTE_NEARNESS = 0.25
# With no place to measure from, a hotline of the whole nation still comes after what is somewhere.
REMOTE_ANYWHERE = 0.6

CAPACITY_WEIGHT = {
    "capacity": 1.0,
    "additional-assessment-required": 0.9,
    "waitlist": 0.75,
    "no-capacity": 0.4,
}
UNKNOWN_CAPACITY = 0.95

FRESH_DAYS = 365
STALE_DAYS = 3 * 365
STALE_WEIGHT = 0.8
UNKNOWN_FRESHNESS = 0.9


def focus(needs: int) -> float:
    """Weigh how focused a service is by the number of needs it answers."""
    return max(LEAST_FOCUS, 1.0 - FOCUS_LOSS * max(0, needs - 1))


def nearness(distance_m: float | None, reached_by: str | None, *, remote: bool) -> float:
    """Weigh a distance: half at six kilometres; an area or a remote service counts like a longer way."""
    if reached_by is None:
        return REMOTE_ANYWHERE if remote else 1.0
    if distance_m is None:
        return AREA_NEARNESS if reached_by == "area" else REMOTE_NEARNESS
    return 1.0 / (1.0 + distance_m / HALF_NEAR_M)


def freshness(age_days: float | None) -> float:
    """Weigh when a service was last assured: fully for a year, then falling to its least at three."""
    if age_days is None:
        return UNKNOWN_FRESHNESS
    if age_days <= FRESH_DAYS:
        return 1.0
    share = min(1.0, (age_days - FRESH_DAYS) / (STALE_DAYS - FRESH_DAYS))
    return 1.0 - share * (1.0 - STALE_WEIGHT)


def score(relevance: Weight, near: Weight, fresh: Weight, capacity: Weight) -> Weight:
    """Join the four reasons, of one hit or of many; each is between 0 and about 1."""
    return relevance * near * fresh * capacity
