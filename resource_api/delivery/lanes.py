"""HOW MANY AT ONCE: bulkheads between receivers, so that one that hangs never delays the others.

Threads are what is scarce: each attempt holds one until its receiver answers or its time is up. A receiver gets a few
at once. One that is slow, failed, or has not answered yet for a while, is ailing: it gets one, and all that ail may
hold only half of the threads together; the other half is always there for those that answer. One that keeps failing
is given pauses, so that what cannot succeed takes little from what can. The first success ends all that.
"""

from collections import defaultdict
from collections.abc import Iterable

THREADS = 128
MOST_AILING = THREADS // 2
AT_ONCE = 4
AILING_AFTER_S = 2.0
# The pause after several failures in a row doubles from the first to the most.
FAILURES_IN_A_ROW = 3
FIRST_PAUSE_S = 0.1
MOST_PAUSE_S = 5.0
# Every address is reached through the same mail server.
MAIL = "mail"


class Lanes:
    """Which receivers are being spoken to, since when, and how each is doing. Times are of one monotonic clock."""

    def __init__(self) -> None:
        self._started: dict[str, tuple[str, float]] = {}
        self._slow: set[str] = set()
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
        ailing = (
            self._slow
            | self._failures.keys()
            | {lane for lane, times in open_since.items() if at - min(times) > AILING_AFTER_S}
        )
        busy = {lane: len(times) for lane, times in open_since.items()}
        left = THREADS - self.in_flight
        left_ailing = MOST_AILING - sum(busy[lane] for lane in ailing if lane in busy)
        given: dict[str, int] = {}
        for target in sorted(targets, key=lambda target: self._turns.get(target, 0)):
            lane = lane_of(target)
            if self._resting.get(lane, at) > at:
                continue
            at_once, room = (1, min(left, left_ailing)) if lane in ailing else (AT_ONCE, left)
            free = min(at_once - busy.get(lane, 0), room, 1 if lane == MAIL else AT_ONCE)
            if free > 0:
                given[target] = free
                busy[lane] = busy.get(lane, 0) + free
                left -= free
                left_ailing -= free if lane in ailing else 0
        return given

    def begin(self, attempt: str, target: str, *, at: float) -> None:
        """Note that an attempt has begun."""
        self._turn += 1
        self._turns[target] = self._turn
        self._started[attempt] = (lane_of(target), at)

    def end(self, attempt: str, *, at: float, failed: bool = False, rest_s: float = 0.0) -> None:
        """Note that an attempt has ended; `rest_s`: how long its receiver asked to be left alone."""
        lane, since = self._started.pop(attempt)
        if at - since > AILING_AFTER_S:
            self._slow.add(lane)
        else:
            self._slow.discard(lane)
        if not failed:
            self._failures.pop(lane, None)
            self._resting.pop(lane, None)
            return
        failures = self._failures[lane] = self._failures.get(lane, 0) + 1
        more = failures - FAILURES_IN_A_ROW
        pause = min(FIRST_PAUSE_S * 2.0 ** min(more, 10), MOST_PAUSE_S) if more >= 0 else 0.0
        self._resting[lane] = max(self._resting.get(lane, at), at + max(pause, rest_s))


def lane_of(target: str) -> str:
    """Get what a target shares its threads with: a webhook's endpoint nothing, an address the mail server."""
    return MAIL if target.startswith("address:") else target
