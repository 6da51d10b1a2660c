"""HOW A REFERRAL'S FIELDS ARE SEALED: each under the referral's own key, in its own place."""

from typing import Any

import orjson

from resource_api.errors import Gone
from resource_api.privacy.keyring import Keyring, RecordKey
from resource_api.referrals.tables import Referral

TABLE = "referral"
JSON = Any


def key_of(keyring: Keyring, referral: Referral) -> RecordKey:
    """Open the key of a referral. Raises Gone where it was shredded, Unreadable where it was altered."""
    if referral.data_key is None:
        raise Gone(f"What the referral {referral.id} said is kept no longer")
    return keyring.open_record_key(referral.data_key, table=TABLE, row=referral.id)


def seal_json(key: RecordKey, value: JSON, *, column: str, row: str, table: str = TABLE) -> bytes | None:
    """Seal a JSON value; what is empty stays empty."""
    if value in (None, [], {}, ""):
        return None
    return key.seal(orjson.dumps(value).decode(), table=table, column=column, row=row)


def open_json(key: RecordKey, sealed: bytes | None, *, column: str, row: str, table: str = TABLE) -> JSON:
    """Open a sealed JSON value; None where there is none. Raises Unreadable."""
    if sealed is None:
        return None
    return orjson.loads(key.open(sealed, table=table, column=column, row=row))
