"""A database with something sealed in every column that is."""

from typing import Any

from sqlalchemy import insert
from sqlalchemy.orm import Session

import resource_api.access.tables
import resource_api.delivery.tables
import resource_api.privacy.tables
import resource_api.referrals.tables  # noqa: F401 - each registers its tables
from resource_api.database import Base
from resource_api.privacy.keyring import Keyring
from resource_api.referrals.events import digest_detail, hash_event
from tests.privacy.conftest import NOW

CANARY = "Canary Q. Patient"
FIELDS = ("patient", "identifiers", "place", "note", "reason_text", "outcome_note", "appointment")


def write_sealed_rows(session: Session, keyring: Keyring, count: int = 1, *, first: int = 0) -> None:
    """Write `count` rows into each table with a sealed column; their client is written with the first."""
    if first == 0:
        _insert(session, "client", [{"id": "client", "name": "c", "role": "admin", "scope": "", "created_at": NOW,
                                     "origins": "", "test": False}])  # fmt: skip
    rows: dict[str, list[dict[str, Any]]] = {
        name: [] for name in ("referral", "referral_event", "referral_consent", "replay", "endpoint", "broken_glass")
    }
    for number in range(first, first + count):
        id = f"r-{number:06}"
        key, data_key = keyring.new_record_key(table="referral", row=id)
        fields = {name: key.seal(CANARY, table="referral", column=name, row=id) for name in FIELDS}
        rows["referral"].append(
            {"id": id, "status": "requested", "version": 1, "seq": 1, "created_at": NOW, "updated_at": NOW,
             "requester_id": "o", "requester_client_id": "client", "priority": "routine", "needs": "", "codes": "",
             "sensitive": False, "test": False, "data_key": data_key, **fields}
        )  # fmt: skip
        detail = key.seal(CANARY, table="referral_event", column="detail", row=f"{id}/1")
        event = {"transaction": 0, "referral_id": id, "seq": 1, "version": 1, "type": "referral.requested", "at": NOW,
                 "status": "requested", "detail": detail, "detail_digest": digest_detail(detail),
                 "organization_id": None, "client_id": None, "owner_id": None, "reason_code": None}  # fmt: skip
        rows["referral_event"].append(event | {"hash": hash_event(event, b"")})
        rows["referral_consent"].append(
            {"referral_id": id, "scope": "", "recipients": "", "purpose": "", "given_at": NOW,
             "evidence": key.seal(CANARY, table="referral_consent", column="evidence", row=id)}
        )  # fmt: skip
        rows["replay"].append(
            {"client_id": "client", "route": "POST /referrals", "key_hash": f"k-{number:06}", "fingerprint": "",
             "status": 201, "headers": "", "referral_id": id, "created_at": NOW,
             "body": key.seal(CANARY, table="replay", column="body", row=id)}
        )  # fmt: skip
        rows["endpoint"].append(
            {"id": f"e-{number:06}", "client_id": "client", "url": "https://x", "types": "*", "signing": "v1",
             "created_at": NOW, "enabled_at": NOW, "test": False,
             **{
                 name: keyring.seal(CANARY.encode(), table="endpoint", column=name, row=f"e-{number:06}")
                 for name in ("secret", "previous_secret")
             }}
        )  # fmt: skip
        rows["broken_glass"].append(
            {"id": f"g-{number:06}", "client_id": "client", "since": NOW, "until": NOW,
             "reason": keyring.seal(CANARY.encode(), table="broken_glass", column="reason", row=f"g-{number:06}")}
        )  # fmt: skip
    for name, values in rows.items():
        _insert(session, name, values)


def _insert(session: Session, name: str, values: list[dict[str, Any]]) -> None:
    session.execute(insert(Base.metadata.tables[name]), values)
