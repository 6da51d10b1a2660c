"""A sealed file opens whole or not at all, whatever was done to it."""

import io
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from resource_api.errors import Unreadable
from resource_api.privacy.keyring import Keyring
from resource_api.privacy.sealed_file import _MAGIC, PART_BYTES, open_file, seal_file
from tests.privacy.conftest import KEYS, SECRET

KEYRING = Keyring(SECRET, KEYS)
PARTS = [b"manifest", b"a" * 1000, b"b" * 1000, b"c" * 10]


def seal(parts: list[bytes], keyring: Keyring = KEYRING) -> bytes:
    out = io.BytesIO()
    seal_file(keyring, parts, out)
    return out.getvalue()


def open_(sealed: bytes, keyring: Keyring = KEYRING) -> list[bytes]:
    return list(open_file(keyring, io.BytesIO(sealed)))


def frames(sealed: bytes) -> list[bytes]:
    """Take a sealed file apart: the sealed key, every part, the end; each with its length."""
    found, at = [], len(_MAGIC)
    while at < len(sealed):
        end = at + 4 + int.from_bytes(sealed[at : at + 4], "big")
        found.append(sealed[at:end])
        at = end
    return found


SEALED = seal(PARTS)
OTHER = frames(seal(PARTS))


@given(st.lists(st.binary(max_size=50), max_size=6))
def test_what_was_sealed_is_opened(parts: list[bytes]) -> None:
    assert open_(seal(parts)) == parts


def test_the_largest_part_fits() -> None:
    assert open_(seal([bytes(PART_BYTES)])) == [bytes(PART_BYTES)]


def test_nothing_of_what_is_sealed_shows() -> None:
    assert b"manifest" not in SEALED
    assert b"aaaa" not in SEALED


@given(st.integers(0, len(SEALED) - 1))
def test_a_file_cut_off_anywhere_is_refused(length: int) -> None:
    with pytest.raises(Unreadable):
        open_(SEALED[:length])


@given(st.integers(0, len(SEALED) * 8 - 1))
def test_no_bit_can_be_flipped(bit: int) -> None:
    altered = bytearray(SEALED)
    altered[bit // 8] ^= 1 << bit % 8
    with pytest.raises(Unreadable):
        open_(bytes(altered))


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (lambda f: [f[0], f[1], f[3], f[2], *f[4:]], "part 1 was altered, or stands where"),
        (lambda f: [*f[:2], *f[3:]], "part 1 was altered, or stands where"),
        (lambda f: [*f[:3], *f[2:]], "part 2 was altered, or stands where"),
        (lambda f: f[:-1], "cut off"),
        (lambda f: [*f[:-2], f[-1]], "part 3 was altered"),
        (lambda f: [*f[:2], f[-1]], "part 1 was altered"),
        (lambda f: [*f, f[-1]], "added after its end"),
        (lambda f: [*f[:2], OTHER[2], *f[3:]], "part 1 was altered"),
        (lambda f: [OTHER[0], *f[1:]], "part 0 was altered"),
        (lambda f: [], "cut off"),
    ],
    ids=["reordered", "one left out", "one twice", "end left out", "last part left out", "ended early", "added to",
         "part of another file", "key of another file", "nothing but its name"],
)  # fmt: skip
def test_parts_that_were_moved_are_found(change: Callable[[list[bytes]], list[bytes]], told: str) -> None:
    with pytest.raises(Unreadable, match=told):
        open_(_MAGIC + b"".join(change(frames(SEALED))))


def test_a_file_of_another_kind_is_refused() -> None:
    with pytest.raises(Unreadable, match="no backup of ours"):
        open_(b"SQLite format 3\x00")


def test_the_key_that_is_needed_is_named() -> None:
    with pytest.raises(Unreadable, match="sealed by the key 'new'; DATA_KEYS has old"):
        open_(SEALED, Keyring(SECRET, {"old": KEYS["old"]}))


def test_another_key_of_the_same_name_does_not_open_it() -> None:
    with pytest.raises(Unreadable, match="its key cannot be opened"):
        open_(SEALED, Keyring(SECRET, {"new": bytes(32)}))


def test_an_old_key_that_is_still_there_opens_it() -> None:
    assert open_(seal(PARTS, Keyring(SECRET, {"old": KEYS["old"]}))) == PARTS
