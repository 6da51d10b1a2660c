"""HOW MANY AT ONCE: bulkheads between receivers, so that one that hangs never delays the others.

Threads are what is scarce: each attempt holds one until its receiver answers or its time is up. A receiver whose last
attempt succeeded quickly is well, and gets a few at once. Any other (new, slow, failing, or silent for a while) gets
one, and all of those may hold only half of the threads together: the other half is always there for those that are
well. One that keeps failing is given pauses, so that what cannot succeed takes little from what can.
"""

from collections import defaultdict
from collections.abc import Iterable

THREADS = 128
MOST_UNWELL = THREADS // 2
AT_ONCE = 4
QUICK_S = 2.0
# The pause after several failures in a row doubles from the first to the most.
FAILURES_IN_A_ROW = 3
FIRST_PAUSE_S = 0.1
MOST_PAUSE_S = 5.0
# Every address is reached through the same mail server.
MAIL = "mail"


class Lanes:
    """Which receivers are being spoken to, since when, and how each is doing. Times are of one monotonic clock."""

    def __init__(self) -> None:
        self._started: dict[tuple[str, int], tuple[str, float]] = {}
        self._well: set[str] = set()
        self._failures: dict[str, int] = {}
        self._resting: dict[str, float] = {}
        self._turns: dict[str, int] = {}
        self._turn = 0

    @property
    def in_flight(self) -> int:
        """Count the attempts that have not ended."""
        return len(self._started)

    def give(self, targets: Iterable[str], *, at: float) -> dict[str, int]:
        """Say how many attempts each of the targets may begin now; those that waited longest come first."""
        open_since: dict[str, list[float]] = defaultdict(list)
        for lane, since in self._started.values():
            open_since[lane].append(since)
        well = self._well - {lane for lane, times in open_since.items() if at - min(times) > QUICK_S}
        busy = {lane: len(times) for lane, times in open_since.items()}
        left = THREADS - self.in_flight
        left_unwell = MOST_UNWELL - sum(count for lane, count in busy.items() if lane not in well)
        given: dict[str, int] = {}
        for target in sorted(targets, key=lambda target: self._turns.get(target, 0)):
            lane = lane_of(target)
            if self._resting.get(lane, at) > at:
                continue
            at_once, room = (AT_ONCE, left) if lane in well else (1, min(left, left_unwell))
            free = min(at_once - busy.get(lane, 0), room, 1 if lane == MAIL else AT_ONCE)
            if free > 0:
                given[target] = free
                busy[lane] = busy.get(lane, 0) + free
                left -= free
                left_unwell -= free if lane not in well else 0
        return given

    def begin(self, attempt: tuple[str, int], target: str, *, at: float) -> None:
        """Note that an attempt has begun."""
        self._turn += 1
        self._turns[target] = self._turn
        self._started[attempt] = (lane_of(target), at)

    def end(self, attempt: tuple[str, int], *, at: float, failed: bool = False) -> None:
        """Note that an attempt has ended."""
        lane, since = self._started.pop(attempt)
        if not failed and at - since <= QUICK_S:
            self._well.add(lane)
        else:
            self._well.discard(lane)
        if not failed:
            self._failures.pop(lane, None)
            self._resting.pop(lane, None)
            return
        failures = self._failures[lane] = self._failures.get(lane, 0) + 1
        more = failures - FAILURES_IN_A_ROW
        pause = min(FIRST_PAUSE_S * 2.0 ** min(more, 10), MOST_PAUSE_S) if more >= 0 else 0.0
        self._resting[lane] = at + pause


def lane_of(target: str) -> str:
    """Get what a target shares its threads with: a webhook's endpoint nothing, an address the mail server."""
    return MAIL if target.startswith("address:") else target
