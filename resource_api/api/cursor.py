"""WHERE A LIST GOES ON: a cursor that means something only to the caller and the filters it was written for.

It carries a position and grants nothing: what may be seen is decided anew for each page.
"""

import base64
import binascii
import hashlib
import hmac
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import orjson

from resource_api.access.policy import Caller
from resource_api.errors import BadQuery

if TYPE_CHECKING:
    from resource_api.privacy.keyring import Keyring

Position = list[str | int]

MAX_CURSOR = 400
_MAC_BYTES = 16


def write_cursor(keyring: "Keyring", caller: Caller, filters: Mapping[str, Any], position: Position) -> str:
    """Write where the next page begins: the sort keys of the last row of this one."""
    written = orjson.dumps(position)
    return base64.urlsafe_b64encode(_mac(keyring, caller, filters, written) + written).decode().rstrip("=")


def read_cursor(keyring: "Keyring", caller: Caller, filters: Mapping[str, Any], cursor: str) -> Position:
    """Read a position. Raises BadQuery where the cursor was altered, or written for another caller or other filters."""
    try:
        read = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        read = b""
    mac, written = read[:_MAC_BYTES], read[_MAC_BYTES:]
    if not hmac.compare_digest(mac, _mac(keyring, caller, filters, written)):
        raise BadQuery(
            "is none that this list gave to this client", field="cursor", hint="`next` of the page before; same filters"
        )
    position: Position = orjson.loads(written)
    return position


def _mac(keyring: "Keyring", caller: Caller, filters: Mapping[str, Any], written: bytes) -> bytes:
    bound = [caller.client_id, sorted((name, str(value)) for name, value in filters.items()), written.decode("latin-1")]
    return hmac.new(keyring.derive("cursor"), orjson.dumps(bound), hashlib.sha256).digest()[:_MAC_BYTES]
