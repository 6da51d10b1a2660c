"""HOW FAR THE AUDIT REACHED: signed checkpoints, as they are kept in a file outside the database.

Who can write to the database can cut off its end with the checkpoints in it, not those in the file. Of a restored
backup the audit is shorter by right: `resource-api restore` signs that too, and what it set aside counts no longer.
"""

import base64
import os
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

import orjson
from cryptography.exceptions import InvalidSignature

from resource_api.errors import Unreadable
from resource_api.privacy.keyring import Keyring

FILE_NAME = "audit_checkpoints"
Kind = Literal["reached", "restored"]


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """The audit's chain had `seq` links at that time and ended in `hash`."""

    seq: int
    at: datetime
    hash: bytes
    signature: bytes
    kind: Kind = "reached"

    @classmethod
    def sign(cls, keyring: Keyring, seq: int, at: datetime, hash: bytes, kind: Kind = "reached") -> "Checkpoint":
        """Sign a checkpoint."""
        signature = keyring.signing_key("audit-checkpoint").sign(_statement(seq, at, hash, kind))
        return cls(seq, at, hash, signature, kind)

    def is_signed_by(self, keyring: Keyring) -> bool:
        """Tell whether this instance's key has signed it."""
        public = keyring.signing_key("audit-checkpoint").public_key()
        try:
            public.verify(self.signature, _statement(self.seq, self.at, self.hash, self.kind))
        except InvalidSignature:
            return False
        return True


def keep_checkpoint(path: Path, made: Checkpoint) -> None:
    """Add a checkpoint to the file of those kept outside the database, and wait until it is on disk."""
    line = orjson.dumps(
        {
            "kind": made.kind,
            "seq": made.seq,
            "at": _write_time(made.at),
            "hash": made.hash.hex(),
            "signature": base64.b64encode(made.signature).decode(),
        },
        option=orjson.OPT_APPEND_NEWLINE,
    )
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    try:
        os.write(descriptor, line)
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def read_checkpoints(path: Path, keyring: Keyring) -> Iterator[Checkpoint]:
    """Read the checkpoints that still count. Raises Unreadable where a line is none, or is signed by another key."""
    counting: list[Checkpoint] = []
    lines = path.read_bytes().splitlines() if path.exists() else []
    for number, line in enumerate(lines, 1):
        made = _read_line(line)
        if made is None or not made.is_signed_by(keyring):
            raise Unreadable(f"line {number} of {path.name} is no checkpoint that this instance's key has signed")
        if made.kind == "restored":
            counting = [one for one in counting if one.seq <= made.seq]
        counting.append(made)
    yield from counting


def _read_line(line: bytes) -> Checkpoint | None:
    try:
        read = orjson.loads(line)
        at, signature = datetime.fromisoformat(read["at"]), base64.b64decode(read["signature"], validate=True)
        return Checkpoint(int(read["seq"]), at, bytes.fromhex(read["hash"]), signature, read["kind"])
    except (ValueError, KeyError, TypeError):
        return None


def _statement(seq: int, at: datetime, hash: bytes, kind: str) -> bytes:
    return f"audit {kind}|{seq}|{_write_time(at)}|{hash.hex()}".encode()


def _write_time(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="microseconds")
