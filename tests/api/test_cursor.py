import pytest
from hypothesis import given
from hypothesis import strategies as st

from resource_api.access.policy import Caller
from resource_api.api.cursor import MAX_CURSOR, read_cursor, write_cursor
from resource_api.errors import BadQuery
from resource_api.privacy.keyring import Keyring
from tests.privacy.conftest import KEYS, SECRET

KEYRING = Keyring(SECRET, KEYS)


def caller(client_id: str = "client") -> Caller:
    return Caller(client_id, "organization", "referral_source", frozenset())


positions = st.lists(
    st.integers(-(2**53), 2**53) | st.text(st.characters(exclude_categories=["Cs"]), max_size=20), max_size=3
)
CURSOR = write_cursor(KEYRING, caller(), {"status": "requested"}, ["2026-01-01", 7])


@given(positions)
def test_a_position_is_read_as_it_was_written(position: list[str | int]) -> None:
    cursor = write_cursor(KEYRING, caller(), {}, position)
    assert read_cursor(KEYRING, caller(), {}, cursor) == position


def test_the_order_of_filters_means_nothing() -> None:
    cursor = write_cursor(KEYRING, caller(), {"a": 1, "b": [2]}, [1])
    assert read_cursor(KEYRING, caller(), {"b": [2], "a": 1}, cursor) == [1]


@given(st.integers(0, len(CURSOR) - 1), st.sampled_from("AZaz09-_.é "))
def test_no_character_can_be_changed(at: int, character: str) -> None:
    altered = CURSOR[:at] + character + CURSOR[at + 1 :]
    try:
        assert read_cursor(KEYRING, caller(), {"status": "requested"}, altered) == ["2026-01-01", 7]
    except BadQuery:
        assert altered != CURSOR
    else:
        # Base64's last character may carry bits that mean nothing.
        assert altered == CURSOR or at == len(CURSOR) - 1


@given(st.text(max_size=60))
def test_anything_else_is_refused(anything: str) -> None:
    with pytest.raises(BadQuery):
        read_cursor(KEYRING, caller(), {"status": "requested"}, anything)


def test_it_is_bound_to_the_caller_the_filters_and_the_instance() -> None:
    for keyring, who, filters in (
        (KEYRING, caller("other"), {"status": "requested"}),
        (KEYRING, caller(), {"status": "accepted"}),
        (KEYRING, caller(), {}),
        (Keyring("another secret key, of another instance", KEYS), caller(), {"status": "requested"}),
    ):
        with pytest.raises(BadQuery):
            read_cursor(keyring, who, filters, CURSOR)


def test_it_is_short() -> None:
    longest = write_cursor(KEYRING, caller(), {}, ["2026-01-01T00:00:00.000000+00:00", "0" * 36])
    assert len(longest) < MAX_CURSOR / 2
