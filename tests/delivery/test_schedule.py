"""When it is tried again, and who gets how many attempts at once."""

from datetime import UTC, datetime, timedelta

import pytest

from resource_api.delivery.lanes import AT_ONCE, MOST_PAUSE_S, MOST_UNWELL, QUICK_S, THREADS, Lanes
from resource_api.delivery.schedule import MOST_ATTEMPTS, SCHEDULE, next_attempt, read_retry_after

NOW = datetime(2026, 11, 1, 12, tzinfo=UTC)


def test_the_schedule_is_the_specs() -> None:
    assert sum(SCHEDULE) == (75 * 60 + 35) * 60 + 5


@pytest.mark.parametrize("attempts", range(1, MOST_ATTEMPTS))
def test_each_wait_is_the_schedules_give_or_take_a_fifth(attempts: int) -> None:
    waits = [(next_attempt(attempts, now=NOW) or NOW) - NOW for _ in range(200)]
    assert timedelta(seconds=SCHEDULE[attempts] * 0.8) <= min(waits) < max(waits)
    assert max(waits) <= timedelta(seconds=SCHEDULE[attempts] * 1.2)


def test_after_ten_attempts_there_is_no_other() -> None:
    assert next_attempt(MOST_ATTEMPTS, now=NOW) is None


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("120", 120),
        ("0", 0),
        (" 5 ", 5),
        ("86401", 86_400),
        ("9" * 300, 86_400),
        ("Sun, 01 Nov 2026 12:10:00 GMT", 600),
        ("Sun, 01 Nov 2026 11:00:00 GMT", 0),
        ("Fri, 01 Jan 2100 00:00:00 GMT", 86_400),
    ],
)
def test_retry_after_is_seconds_or_a_date_and_a_day_at_most(value: str, seconds: int) -> None:
    assert read_retry_after(value, now=NOW) == NOW + timedelta(seconds=seconds)


@pytest.mark.parametrize("value", [None, "", "soon", "-5", "1.5", "٣", "Sun, 99 Nov 2026 12:10:00 GMT"])
def test_what_is_no_retry_after_is_none(value: str | None) -> None:
    assert read_retry_after(value, now=NOW) is None


def begin(lanes: Lanes, target: str, count: int, *, at: float) -> list[tuple[str, int]]:
    attempts = [(f"{target}/{number}", 1) for number in range(count)]
    for attempt in attempts:
        lanes.begin(attempt, target, at=at)
    return attempts


def be_well(lanes: Lanes, *targets: str) -> None:
    for target in targets:
        lanes.begin((target, 1), target, at=0)
        lanes.end((target, 1), at=0.1)


def test_a_receiver_that_is_well_gets_a_few_at_once_and_any_other_one() -> None:
    lanes = Lanes()
    assert lanes.give(["endpoint:a"], at=0) == {"endpoint:a": 1}, "nobody knows it yet"
    be_well(lanes, "endpoint:a")
    assert lanes.give(["endpoint:a"], at=1) == {"endpoint:a": AT_ONCE}
    attempts = begin(lanes, "endpoint:a", AT_ONCE, at=1)
    assert lanes.give(["endpoint:a"], at=2) == {}
    for attempt in attempts:
        lanes.end(attempt, at=QUICK_S + 2)
    assert lanes.give(["endpoint:a"], at=5) == {"endpoint:a": 1}, "it was slow"
    be_well(lanes, "endpoint:a")
    assert lanes.give(["endpoint:a"], at=6) == {"endpoint:a": AT_ONCE}


def test_however_many_hang_half_of_the_threads_are_left_for_the_others() -> None:
    lanes, at = Lanes(), 1.0
    be_well(lanes, "endpoint:well")
    hanging = [f"endpoint:hanging-{number}" for number in range(200)]
    for step in range(100):
        given = lanes.give([*hanging, "endpoint:well"], at=at)
        assert given["endpoint:well"] == AT_ONCE
        for target in hanging:
            for number in range(given.get(target, 0)):
                lanes.begin((f"{target}/{step}", number), target, at=at)
        assert lanes.in_flight <= MOST_UNWELL
        for attempt, (_, since) in list(lanes._started.items()):
            if at - since >= 15:
                lanes.end(attempt, at=at, failed=True)
        at += 0.7
    assert len(lanes._failures) > MOST_UNWELL, "and all of them have their turn"


def test_one_that_keeps_failing_is_given_pauses_until_it_succeeds() -> None:
    lanes, at = Lanes(), 0.0
    pauses = []
    for number in range(12):
        while not lanes.give(["endpoint:a"], at=at):
            at += 0.05
        begin(lanes, "endpoint:a", 1, at=at)
        lanes.end(("endpoint:a/0", 1), at=at, failed=number < 11)
        failed_at = at
        while not lanes.give(["endpoint:a"], at=at):
            at += 0.05
        pauses.append(at - failed_at)
    assert pauses[:2] == [0, 0]
    assert pauses[2:6] == sorted(pauses[2:6])
    assert max(pauses) <= MOST_PAUSE_S + 0.1
    assert pauses[-1] == 0


def test_a_letter_at_a_time_to_each_address_and_a_few_to_the_mail_server() -> None:
    lanes = Lanes()
    be_well(lanes, "address:0")
    given = lanes.give([f"address:{number}" for number in range(10)], at=1)
    assert set(given.values()) == {1}
    assert len(given) == AT_ONCE


def test_who_waited_longest_comes_first() -> None:
    lanes = Lanes()
    many = [f"endpoint:{number:03}" for number in range(THREADS)]
    served = list(lanes.give(many, at=0))
    be_well(lanes, *served)
    assert next(iter(lanes.give(many, at=1))) not in served
