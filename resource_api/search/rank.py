"""WHY A HIT RANKS WHERE IT DOES: one small pure file, with its reasons.

`best` = relevance x nearness x freshness x capacity. What is unknown of an asked filter is no part of the score: such
a hit ranks after those that are known to fit, whatever its score.
"""

import numpy as np
from numpy.typing import NDArray

Weights = NDArray[np.float64]
Flags = NDArray[np.bool_]

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


def nearness(distance_m: Weights, *, by_area: Flags, remotely: Flags) -> Weights:
    """Weigh distances: half at six kilometres; an area or a remote service counts like a longer way."""
    near = 1.0 / (1.0 + distance_m / HALF_NEAR_M)
    return np.where(by_area, AREA_NEARNESS, np.where(remotely, REMOTE_NEARNESS, near))


def nearness_anywhere(remote: Flags) -> Weights:
    """Weigh services where there is no place to measure from."""
    return np.where(remote, REMOTE_ANYWHERE, 1.0)


def freshness(age_days: Weights) -> Weights:
    """Weigh when services were last assured: fully for a year, falling to the least at three."""
    share = np.clip((age_days - FRESH_DAYS) / (STALE_DAYS - FRESH_DAYS), 0.0, 1.0)
    return np.where(np.isnan(age_days), UNKNOWN_FRESHNESS, 1.0 - share * (1.0 - STALE_WEIGHT))


def score(relevance: Weights, near: Weights, fresh: Weights, capacity: Weights) -> Weights:
    """Join the four reasons; each is between 0 and about 1."""
    return relevance * near * fresh * capacity
