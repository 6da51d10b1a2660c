"""Why a hit ranks where it does: the promises, not the weights."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from resource_api.search import rank

METRES = st.floats(0, 20_000_000)
NO, YES = np.array([False]), np.array([True])


def one(value: float) -> NDArray[np.float64]:
    return np.array([value])


@given(METRES, METRES)
def test_nearer_is_never_worse(a: float, b: float) -> None:
    near, far = rank.nearness(np.array(sorted((a, b))), by_area=NO, remotely=NO)
    assert 1 >= near >= far >= 0


def test_where_no_place_is_asked_nearness_says_nothing_but_the_nation_comes_last() -> None:
    here, hotline = rank.nearness_anywhere(np.array([False, True]))
    assert here == 1.0
    assert 0 < hotline < 1.0


def test_an_area_counts_like_a_longer_way_and_the_phone_like_a_longer_one_still() -> None:
    area = rank.nearness(one(np.nan), by_area=YES, remotely=NO)
    remote = rank.nearness(one(np.nan), by_area=NO, remotely=YES)
    assert 1 > area > remote > 0


@given(st.floats(0, 20_000), st.floats(0, 20_000))
def test_fresher_is_never_worse(a: float, b: float) -> None:
    new, old = rank.freshness(np.array(sorted((a, b))))
    assert 1 >= new >= old > 0


def test_a_date_that_is_not_known_is_neither_the_best_nor_the_worst() -> None:
    assert rank.freshness(one(0)) > rank.freshness(one(np.nan)) > rank.freshness(one(10_000))


@given(st.integers(0, 200), st.integers(0, 200))
def test_a_service_that_does_one_thing_is_the_likelier_answer(a: int, b: int) -> None:
    few, many = sorted((a, b))
    assert 1 >= rank.focus(few) >= rank.focus(many) > 0


def test_who_has_room_ranks_before_a_waitlist_and_that_before_who_is_full() -> None:
    weights = rank.CAPACITY_WEIGHT
    assert weights["capacity"] > weights["waitlist"] > weights["no-capacity"] > 0
    assert weights["capacity"] >= rank.UNKNOWN_CAPACITY >= weights["waitlist"]


def test_a_surer_need_is_worth_more() -> None:
    by_confidence = sorted(rank.CONFIDENCE_WEIGHT.items())
    assert [weight for _, weight in by_confidence] == sorted(weight for _, weight in by_confidence)


UNIT = st.floats(0, 1)


@given(UNIT, UNIT, UNIT, UNIT, UNIT)
def test_a_better_reason_never_lowers_the_score(a: float, b: float, near: float, fresh: float, capacity: float) -> None:
    less, more = map(one, sorted((a, b)))
    others = one(near), one(fresh), one(capacity)
    assert rank.score(less, *others) <= rank.score(more, *others)
    assert rank.score(others[0], less, *others[1:]) <= rank.score(others[0], more, *others[1:])
