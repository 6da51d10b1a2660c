"""HOW A RECEIVER KNOWS THAT IT IS US: Standard Webhooks 1.0, symmetric (v1) and Ed25519 (v1a).

https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md
"""

import base64
import hashlib
import hmac
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Literal, get_args

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey


Signing = Literal["v1", "v1a"]
SIGNINGS: tuple[Signing, ...] = get_args(Signing)
_SECRET_BYTES = 32


@dataclass(frozen=True, slots=True, repr=False)
class SigningKey:
    """The key of one endpoint: a shared secret (v1), or the seed of an Ed25519 key (v1a)."""

    signing: Signing
    secret: bytes

    def sign(self, message: bytes) -> str:
        """Sign bytes, as one part of `webhook-signature`."""
        if self.signing == "v1a":
            signature = self._private_key().sign(message)
        else:
            signature = hmac.new(self.secret, message, hashlib.sha256).digest()
        return f"{self.signing},{base64.b64encode(signature).decode()}"

    @property
    def shown(self) -> str:
        """Write what its receiver verifies with: the secret (`whsec_`), or the public key alone (`whpk_`)."""
        if self.signing == "v1a":
            public = self._private_key().public_key().public_bytes_raw()
            return f"whpk_{base64.b64encode(public).decode()}"
        return f"whsec_{base64.b64encode(self.secret).decode()}"

    def _private_key(self) -> "Ed25519PrivateKey":
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

        return Ed25519PrivateKey.from_private_bytes(self.secret)


def new_key(signing: Signing) -> SigningKey:
    """Draw a key for an endpoint."""
    return SigningKey(signing, secrets.token_bytes(_SECRET_BYTES))


def sign_headers(keys: Sequence[SigningKey], message_id: str, body: bytes, *, now: datetime) -> dict[str, str]:
    """Write the headers of one attempt, signed with every key that is live: a receiver changes over at its leisure."""
    timestamp = str(int(now.timestamp()))
    message = f"{message_id}.{timestamp}.".encode() + body
    return {
        "webhook-id": message_id,
        "webhook-timestamp": timestamp,
        "webhook-signature": " ".join(key.sign(message) for key in keys),
    }
