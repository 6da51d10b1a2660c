"""HOW A FILE IS KEPT SECRET: in parts, each sealed for its place, with a first and a last that cannot be mistaken.

    resource-api sealed file 1\\n | length, sealed key | length, part 0 | length, part 1 | … | length, last (empty)

Lengths are four bytes. The key is the file's own, sealed by one of DATA_KEYS. A part's nonce is its number and whether
it is the last, and all that stands before the parts is bound into each: none can be altered, moved, left out, added or
taken over from another file (the STREAM construction, https://eprint.iacr.org/2015/189).
"""

import secrets
from collections.abc import Iterable, Iterator
from typing import BinaryIO

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from resource_api.errors import Unreadable
from resource_api.privacy.keyring import KEY_BYTES, Keyring

PART_BYTES = 1 << 20
_MAGIC = b"resource-api sealed file 1\n"
_TAG = 16
_PLACE = {"table": "sealed_file", "column": "key", "row": ""}
_NO_KEY_IS_LONGER = 256


def seal_file(keyring: Keyring, parts: Iterable[bytes], out: BinaryIO) -> None:
    """Write parts, of PART_BYTES at most, as a sealed file."""
    key = secrets.token_bytes(KEY_BYTES)
    head = _MAGIC + _with_length(keyring.seal(key, **_PLACE))
    out.write(head)
    cipher, number = AESGCM(key), 0
    for part in parts:
        out.write(_with_length(cipher.encrypt(_nonce(number), part, head)))
        number += 1
    out.write(_with_length(cipher.encrypt(_nonce(number, last=True), b"", head)))


def open_file(keyring: Keyring, file: BinaryIO) -> Iterator[bytes]:
    """Read the parts of a sealed file; only when it has ended by itself was it whole.

    Raises Unreadable where it is no such file, was altered, reordered or cut off, or its key is not here.
    """
    if file.read(len(_MAGIC)) != _MAGIC:
        raise Unreadable("this is no backup of ours")
    sealed_key = _read_with_length(file, _NO_KEY_IS_LONGER)
    try:
        key = keyring.open(sealed_key, **_PLACE)
    except Unreadable as error:
        lost = f"it is sealed by the key {keyring.key_id(sealed_key)!r}; DATA_KEYS has {', '.join(keyring.key_ids)}"
        raise Unreadable(f"its key cannot be opened: {lost}") from error
    head = _MAGIC + _with_length(sealed_key)
    cipher, number = AESGCM(key), 0
    while True:
        sealed = _read_with_length(file, PART_BYTES + _TAG)
        if len(sealed) == _TAG and _open_part(cipher, _nonce(number, last=True), sealed, head) is not None:
            break
        part = _open_part(cipher, _nonce(number), sealed, head)
        if part is None:
            raise Unreadable(f"its part {number} was altered, or stands where another was")
        yield part
        number += 1
    if file.read(1):
        raise Unreadable("something was added after its end")


def _open_part(cipher: AESGCM, nonce: bytes, sealed: bytes, head: bytes) -> bytes | None:
    try:
        return cipher.decrypt(nonce, sealed, head)
    except InvalidTag:
        return None


def _nonce(number: int, *, last: bool = False) -> bytes:
    return number.to_bytes(11, "big") + bytes([last])


def _with_length(part: bytes) -> bytes:
    return len(part).to_bytes(4, "big") + part


def _read_with_length(file: BinaryIO, most: int) -> bytes:
    prefix = file.read(4)
    length = int.from_bytes(prefix, "big")
    if len(prefix) == 4 and length > most:
        raise Unreadable("the length of one of its parts was altered")
    part = file.read(length)
    if len(prefix) < 4 or len(part) < length:
        raise Unreadable("it is cut off before its end")
    return part
