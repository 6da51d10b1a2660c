"""HOW A SECRET IS KEPT: keys, field encryption, blind indexes and keyed hashes.

Every field is AES-256-GCM with the place it belongs to as associated data (`table|column|row`): a ciphertext that is
moved, or altered in any bit, cannot be opened. A record has a data key of its own, sealed by one of DATA_KEYS: rotation
seals that key anew, and shredding forgets it. Everything else is derived from SECRET_KEY, one key for each purpose.
"""

import base64
import binascii
import hmac
import os
import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from resource_api.errors import SettingsError, Unreadable
from resource_api.settings import Settings

if TYPE_CHECKING:
    # Loaded where it is first needed: whoever only searches need not wait for it.
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

KEY_BYTES = 32
LEAST_SECRET = 32
BLIND_BYTES = 16
_NONCE = 12
_HASH = "sha256"
# How a sealed value begins: by a record's key, or by one of DATA_KEYS, whose id follows.
_BY_RECORD = b"\x01"
_BY_KEYRING = b"\x02"
_KEY_ID = re.compile(r"[A-Za-z0-9]{1,32}")


@dataclass(frozen=True, slots=True)
class RecordKey:
    """The data key of one record; seals and opens its fields."""

    key: bytes = field(repr=False)

    def seal(self, plain: str, *, table: str, column: str, row: str) -> bytes:
        """Encrypt one field: `\\x01 nonce ciphertext`."""
        return _encrypt(self.key, plain.encode(), _BY_RECORD, _place(table, column, row))

    def open(self, sealed: bytes, *, table: str, column: str, row: str) -> str:
        """Decrypt one field. Raises Unreadable where it was altered, moved, or is of another key."""
        if sealed[:1] != _BY_RECORD:
            raise Unreadable(f"{table}.{column} holds no sealed value")
        return _decrypt(self.key, sealed, 1, _place(table, column, row)).decode()


class Keyring:
    """The keys of one instance."""

    def __init__(self, secret_key: str, data_keys: Mapping[str, bytes]) -> None:
        if len(secret_key) < LEAST_SECRET:
            raise SettingsError(
                f"SECRET_KEY has {len(secret_key)} characters", field="SECRET_KEY", hint=f"at least {LEAST_SECRET}"
            )
        if not data_keys:
            raise SettingsError("DATA_KEYS is empty", field="DATA_KEYS", hint="id:base64 of 32 bytes")
        self._secret = secret_key.encode()
        self._data_keys = dict(data_keys)
        self.current = next(iter(self._data_keys))

    @property
    def key_ids(self) -> tuple[str, ...]:
        """List the ids of the data keys, the one that writes first."""
        return tuple(self._data_keys)

    def seal(self, plain: bytes, *, table: str, column: str, row: str) -> bytes:
        """Encrypt bytes under the data key that writes: `\\x02 id-length id nonce ciphertext`."""
        return _encrypt(self._data_keys[self.current], plain, self.mark(self.current), _place(table, column, row))

    def open(self, sealed: bytes, *, table: str, column: str, row: str) -> bytes:
        """Decrypt bytes. Raises Unreadable where they were altered or moved, or their key is not here."""
        key_id = self.key_id(sealed)
        key = self._data_keys.get(key_id)
        if key is None:
            raise Unreadable(f"{table}.{column} is sealed by the key {key_id!r}, which DATA_KEYS does not have")
        return _decrypt(key, sealed, 2 + sealed[1], _place(table, column, row))

    @staticmethod
    def mark(key_id: str) -> bytes:
        """Write how every value begins that a data key sealed."""
        name = key_id.encode("ascii")
        return _BY_KEYRING + bytes([len(name)]) + name

    def key_id(self, sealed: bytes) -> str:
        """Tell which data key sealed something."""
        if len(sealed) < 2 or sealed[:1] != _BY_KEYRING or len(sealed) < 2 + sealed[1]:
            raise Unreadable("this is no sealed value")
        return sealed[2 : 2 + sealed[1]].decode("ascii", errors="replace")

    def new_record_key(self, *, table: str, row: str) -> tuple[RecordKey, bytes]:
        """Draw a data key for a record; get it, and how it is stored."""
        key = secrets.token_bytes(KEY_BYTES)
        return RecordKey(key), self.seal(key, table=table, column="data_key", row=row)

    def open_record_key(self, sealed: bytes, *, table: str, row: str) -> RecordKey:
        """Open a record's data key. Raises Unreadable."""
        return RecordKey(self.open(sealed, table=table, column="data_key", row=row))

    def blind(self, organization_id: str, field: str, value: str) -> bytes:
        """Blind a normalised value so that one organization can find it again, and nobody else."""
        key = self.derive("blind", organization_id, field)
        return hmac.digest(key, value.encode(), _HASH)[:BLIND_BYTES]

    def hash_secret(self, secret: str) -> str:
        """Hash a random secret for keeping: only who has both it and SECRET_KEY can make the same."""
        return hmac.digest(self.derive("secret-hash"), secret.encode(), _HASH).hex()

    def derive(self, purpose: str, *parts: str) -> bytes:
        """Derive 32 bytes for one purpose (HKDF-expand of one block, RFC 5869; the parts cannot run together)."""
        info = b"".join([len(part).to_bytes(4, "big") + part for part in map(str.encode, (purpose, *parts))])
        return hmac.digest(self._secret, info + b"\x01", _HASH)

    def derive_token(self, purpose: str, *parts: str) -> str:
        """Derive a 256-bit token for a URL: the same for the same parts, so that it need not be stored."""
        return base64.urlsafe_b64encode(self.derive(purpose, *parts)).decode().rstrip("=")

    def signing_key(self, purpose: str) -> "Ed25519PrivateKey":
        """Derive an Ed25519 key for one purpose."""
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

        return Ed25519PrivateKey.from_private_bytes(self.derive("ed25519", purpose))


def load_keyring(settings: Settings) -> Keyring:
    """Load the keys of an instance: those given, else those kept in its folder, which are made when first needed.

    Raises SettingsError where they are malformed, or missing in production.
    """
    if settings.production and (settings.secret_key is None or settings.data_keys is None):
        missing = "SECRET_KEY" if settings.secret_key is None else "DATA_KEYS"
        raise SettingsError(
            f"{missing} is not set", field=missing, hint="production takes no generated keys; README.md says how"
        )
    secret = settings.secret_key or _kept(settings.instance / "secret_key", secrets.token_urlsafe(48))
    # An id of its own: were the folder lost, what the old key sealed would say that its key is missing.
    drawn = f"k{secrets.token_hex(4)}:{base64.b64encode(secrets.token_bytes(KEY_BYTES)).decode()}"
    return Keyring(secret, read_data_keys(settings.data_keys or _kept(settings.instance / "data_keys", drawn)))


def read_data_keys(text: str) -> dict[str, bytes]:
    """Read `id:base64,…`; raises SettingsError."""
    found: dict[str, bytes] = {}
    for part in text.split(","):
        key_id, _, encoded = part.strip().partition(":")
        try:
            key = base64.b64decode(encoded, validate=True)
        except (binascii.Error, ValueError):
            key = b""
        if not _KEY_ID.fullmatch(key_id) or len(key) != KEY_BYTES or key_id in found or key in found.values():
            raise SettingsError(
                f"DATA_KEYS: part {len(found) + 1} is no key",
                field="DATA_KEYS",
                hint="id:base64 of 32 random bytes, several separated by commas, the first writes; each once",
            )
        found[key_id] = key
    return found


def _kept(path: Path, drawn: str) -> str:
    """Read a file of the instance's folder, made whole and readable by its owner alone when first needed."""
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        unfinished = path.with_name(f".{path.name}.{os.getpid()}.{secrets.token_hex(4)}")
        descriptor = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w") as file:
            file.write(drawn + "\n")
            file.flush()
            os.fsync(file.fileno())
        try:
            os.link(unfinished, path)  # of two that come at once, the first one's stays
        except FileExistsError:
            pass
        finally:
            unfinished.unlink()
        folder = os.open(path.parent, os.O_RDONLY)  # a key must not be lost where what it sealed is kept
        os.fsync(folder)
        os.close(folder)
    return path.read_text("ascii").strip()


def _place(table: str, column: str, row: str) -> bytes:
    return f"{table}|{column}|{row}".encode()


def _encrypt(key: bytes, plain: bytes, mark: bytes, place: bytes) -> bytes:
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    nonce = secrets.token_bytes(_NONCE)
    return mark + nonce + AESGCM(key).encrypt(nonce, plain, mark + place)


def _decrypt(key: bytes, sealed: bytes, start: int, place: bytes) -> bytes:
    from cryptography.exceptions import InvalidTag
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    mark, nonce, ciphertext = sealed[:start], sealed[start : start + _NONCE], sealed[start + _NONCE :]
    try:
        return AESGCM(key).decrypt(nonce, ciphertext, mark + place)
    except (InvalidTag, ValueError) as error:
        raise Unreadable(f"what stands at {place.decode().rpartition('|')[0]} was altered or moved") from error
