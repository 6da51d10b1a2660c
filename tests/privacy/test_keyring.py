"""A sealed value opens in its place, whole, with its key; and never otherwise."""

import base64
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from resource_api.errors import SettingsError, Unreadable
from resource_api.privacy.keyring import Keyring, RecordKey, load_keyring, read_data_keys
from resource_api.settings import Settings
from tests.privacy.conftest import KEYS, SECRET

KEYRING = Keyring(SECRET, KEYS)
RECORD_KEY = RecordKey(bytes(range(64, 96)))
PLACE = {"table": "referral", "column": "patient", "row": "r-1"}
CANARY = "Jane Q. Canary"

plain_texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=60)


@given(plain_texts)
def test_what_a_record_key_seals_it_opens(plain: str) -> None:
    assert RECORD_KEY.open(RECORD_KEY.seal(plain, **PLACE), **PLACE) == plain


@given(st.binary(max_size=60))
def test_what_the_keyring_seals_it_opens(plain: bytes) -> None:
    assert KEYRING.open(KEYRING.seal(plain, **PLACE), **PLACE) == plain


def test_a_sealed_value_shows_nothing_and_is_never_twice_the_same() -> None:
    ones = {RECORD_KEY.seal(CANARY, **PLACE) for _ in range(50)}
    assert len(ones) == 50
    assert not any(CANARY.encode() in one for one in ones)


@given(st.data())
def test_no_bit_can_be_flipped(data: st.DataObject) -> None:
    for sealed, open_ in (
        (RECORD_KEY.seal(CANARY, **PLACE), RECORD_KEY.open),
        (KEYRING.seal(CANARY.encode(), **PLACE), KEYRING.open),
    ):
        bit = data.draw(st.integers(0, len(sealed) * 8 - 1))
        altered = bytearray(sealed)
        altered[bit // 8] ^= 1 << bit % 8
        with pytest.raises(Unreadable):
            open_(bytes(altered), **PLACE)


@given(st.integers(0, 60))
def test_a_shortened_value_does_not_open(length: int) -> None:
    for sealed, open_ in (
        (RECORD_KEY.seal(CANARY, **PLACE), RECORD_KEY.open),
        (KEYRING.seal(CANARY.encode(), **PLACE), KEYRING.open),
    ):
        with pytest.raises(Unreadable):
            open_(sealed[: min(length, len(sealed) - 1)], **PLACE)


@given(st.binary(max_size=80))
def test_what_was_never_sealed_does_not_open(anything: bytes) -> None:
    for open_ in (RECORD_KEY.open, KEYRING.open):
        with pytest.raises(Unreadable):
            open_(anything, **PLACE)


@pytest.mark.parametrize("moved", [{"row": "r-2"}, {"column": "note"}, {"table": "referral_event"}])
def test_a_ciphertext_that_was_moved_does_not_open(moved: dict[str, str]) -> None:
    for sealed, open_ in (
        (RECORD_KEY.seal(CANARY, **PLACE), RECORD_KEY.open),
        (KEYRING.seal(CANARY.encode(), **PLACE), KEYRING.open),
    ):
        with pytest.raises(Unreadable, match="altered or moved"):
            open_(sealed, **PLACE | moved)


def test_two_rows_that_swapped_their_values_do_not_open() -> None:
    sealed = {row: KEYRING.seal(row.encode(), **PLACE | {"row": row}) for row in ("r-1", "r-2")}
    for row, other in (("r-1", "r-2"), ("r-2", "r-1")):
        with pytest.raises(Unreadable):
            KEYRING.open(sealed[other], **PLACE | {"row": row})


def test_two_records_that_swapped_their_keys_do_not_open() -> None:
    _, stored = KEYRING.new_record_key(table="referral", row="r-1")
    with pytest.raises(Unreadable):
        KEYRING.open_record_key(stored, table="referral", row="r-2")


def test_another_records_key_does_not_open_a_field() -> None:
    sealed = RECORD_KEY.seal(CANARY, **PLACE)
    other, _ = KEYRING.new_record_key(table="referral", row="r-1")
    with pytest.raises(Unreadable):
        other.open(sealed, **PLACE)


def test_a_refusal_says_where_and_neither_which_row_nor_what() -> None:
    with pytest.raises(Unreadable) as refused:
        RECORD_KEY.open(RECORD_KEY.seal(CANARY, **PLACE), **PLACE | {"row": "r-2"})
    assert "referral|patient" in str(refused.value)
    assert CANARY not in str(refused.value)
    assert "r-2" not in str(refused.value)


def test_a_key_that_is_not_here_is_named() -> None:
    sealed = KEYRING.seal(b"x", **PLACE)
    with pytest.raises(Unreadable, match="'new', which DATA_KEYS does not have"):
        Keyring(SECRET, {"old": KEYS["old"]}).open(sealed, **PLACE)


def test_a_value_under_another_key_of_the_same_name_does_not_open() -> None:
    sealed = KEYRING.seal(b"x", **PLACE)
    with pytest.raises(Unreadable, match="altered or moved"):
        Keyring(SECRET, {"new": bytes(32)}).open(sealed, **PLACE)


def test_a_value_cannot_be_passed_off_as_another_keys() -> None:
    same = Keyring(SECRET, {"a": KEYS["new"], "b": KEYS["new"]})
    sealed = same.seal(b"x", **PLACE)
    with pytest.raises(Unreadable):
        same.open(sealed.replace(b"\x01a", b"\x01b", 1), **PLACE)


def test_every_key_opens_and_the_first_one_writes() -> None:
    old = Keyring(SECRET, {"old": KEYS["old"]}).seal(b"x", **PLACE)
    assert KEYRING.open(old, **PLACE) == b"x"
    assert KEYRING.key_id(old) == "old"
    assert KEYRING.key_id(KEYRING.seal(b"x", **PLACE)) == "new" == KEYRING.current
    assert KEYRING.key_ids == ("new", "old")


def test_a_blind_index_is_one_organizations_and_one_fields() -> None:
    blinds = {
        KEYRING.blind(organization, field, value)
        for organization in ("org-1", "org-2")
        for field in ("phone", "email")
        for value in ("+14105550100", "+14105550101")
    }
    assert len(blinds) == 8
    assert KEYRING.blind("org-1", "phone", "+14105550100") == KEYRING.blind("org-1", "phone", "+14105550100")


@given(st.tuples(plain_texts, plain_texts), st.tuples(plain_texts, plain_texts))
def test_organization_and_field_cannot_run_into_each_other(one: tuple[str, str], other: tuple[str, str]) -> None:
    same = KEYRING.blind(*one, "v") == KEYRING.blind(*other, "v")
    assert same == (one == other)


def test_a_blind_index_needs_the_secret() -> None:
    other = Keyring("another secret key for these tests only", KEYS)
    assert KEYRING.blind("o", "phone", "+14105550100") != other.blind("o", "phone", "+14105550100")


def test_each_purpose_has_a_key_of_its_own() -> None:
    purposes = [("a",), ("b",), ("a", "b"), ("ab",), ("a", "b", ""), ("", "ab"), ("secret-hash",), ("ed25519", "x")]
    assert len({KEYRING.derive(*parts) for parts in purposes}) == len(purposes)
    assert KEYRING.derive_token("reply", "link") != KEYRING.derive_token("reply", "link2")
    assert re.fullmatch(r"[A-Za-z0-9_-]{43}", KEYRING.derive_token("reply", "link"))


def test_hkdf_agrees_with_the_library() -> None:
    from cryptography.hazmat.primitives.hashes import SHA256
    from cryptography.hazmat.primitives.kdf.hkdf import HKDFExpand

    info = b"\x00\x00\x00\x01a\x00\x00\x00\x02bc"
    assert KEYRING.derive("a", "bc") == HKDFExpand(SHA256(), 32, info).derive(SECRET.encode())


def test_keys_show_in_no_representation() -> None:
    settings = Settings(database_url="sqlite://", secret_key=CANARY, data_keys=CANARY, smtp_url=CANARY)
    assert CANARY not in repr(settings)
    assert "key" not in repr(RECORD_KEY)
    assert SECRET not in repr(KEYRING)


def encoded(key: bytes) -> str:
    return base64.b64encode(key).decode()


def test_data_keys_are_read_in_their_order() -> None:
    text = f" b:{encoded(KEYS['new'])} , a:{encoded(KEYS['old'])}"
    assert list(read_data_keys(text).items()) == [("b", KEYS["new"]), ("a", KEYS["old"])]


@pytest.mark.parametrize(
    "text",
    [
        "", ":", "k1", "k1:", "k1:not base64!", f"k1:{encoded(bytes(31))}", f"k1:{encoded(bytes(33))}",
        f":{encoded(bytes(32))}", f"k 1:{encoded(bytes(32))}", f"ñ:{encoded(bytes(32))}",
        f"{'k' * 33}:{encoded(bytes(32))}", f"a:{encoded(bytes(32))},",
        f"a:{encoded(bytes(32))},a:{encoded(KEYS['new'])}", f"a:{encoded(bytes(32))},b:{encoded(bytes(32))}",
    ],
)  # fmt: skip
def test_malformed_data_keys_are_refused_and_not_repeated(text: str) -> None:
    with pytest.raises(SettingsError) as refused:
        read_data_keys(text)
    assert refused.value.field == "DATA_KEYS"
    assert encoded(bytes(32)) not in f"{refused.value} {refused.value.hint}"


def test_a_short_secret_is_refused() -> None:
    with pytest.raises(SettingsError, match="SECRET_KEY has 5"):
        Keyring("short", KEYS)


def make_settings(folder: Path, **given) -> Settings:
    return Settings(database_url="sqlite://", instance=folder, **given)


def test_keys_are_made_once_for_their_owner_alone(tmp_path: Path) -> None:
    settings = make_settings(tmp_path / "instance")
    first, second = load_keyring(settings), load_keyring(settings)
    assert second.open(first.seal(b"x", **PLACE), **PLACE) == b"x"
    assert first.derive("x") == second.derive("x")
    files = sorted((tmp_path / "instance").iterdir())
    assert [file.name for file in files] == ["data_keys", "secret_key"]
    assert all(file.stat().st_mode & 0o777 == 0o600 for file in files)


def test_keys_made_for_two_folders_differ_in_their_ids_too(tmp_path: Path) -> None:
    one, other = (load_keyring(make_settings(tmp_path / name)) for name in ("one", "other"))
    with pytest.raises(Unreadable, match="does not have"):
        other.open(one.seal(b"x", **PLACE), **PLACE)


def test_processes_that_start_at_once_draw_the_same_keys(tmp_path: Path) -> None:
    code = (
        "import sys; from pathlib import Path; from resource_api.settings import Settings;"
        "from resource_api.privacy.keyring import load_keyring;"
        "k = load_keyring(Settings(database_url='sqlite://', instance=Path(sys.argv[1])));"
        "print(k.derive('x').hex(), k.key_ids)"
    )
    started = [
        subprocess.Popen([sys.executable, "-c", code, str(tmp_path / "i")], stdout=subprocess.PIPE, text=True)
        for _ in range(4)
    ]
    assert len({process.communicate(timeout=60)[0] for process in started}) == 1
    assert len(os.listdir(tmp_path / "i")) == 2


@pytest.mark.parametrize(
    ("given", "missing"),
    [({}, "SECRET_KEY"), ({"secret_key": SECRET}, "DATA_KEYS"), ({"data_keys": "x"}, "SECRET_KEY")],
)
def test_production_takes_no_generated_key(tmp_path: Path, given: dict[str, str], missing: str) -> None:
    with pytest.raises(SettingsError) as refused:
        load_keyring(make_settings(tmp_path, production=True, **given))
    assert refused.value.field == missing
    assert list(tmp_path.iterdir()) == []
