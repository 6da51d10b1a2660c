"""WHO IS TO BE TOLD: one row for each endpoint or address, written in the transaction of what happened."""

import uuid
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import orjson
from sqlalchemy import Boolean, bindparam, exists, insert, select
from sqlalchemy.orm import Session

from resource_api.access.tables import Client
from resource_api.database import Base
from resource_api.delivery.codes import EVERY_TYPE
from resource_api.delivery.tables import Delivery, Endpoint, ReferralAddress
from resource_api.prepared import Prepared

# What a holder of an address is written to about: what asks something of them, and what takes it back.
EMAILED = frozenset({"referral.requested", "referral.message", "referral.reminder", "referral.cancelled"})
TEST_CALL = "endpoint.test"
CONFIRMATION = "address.confirm"
CODE = "reply.code"

_ADD = Prepared(insert(Base.metadata.tables[Delivery.__tablename__]))
_OPEN_ADDRESS = ReferralAddress.confirmed_at.is_not(None) & ReferralAddress.removed_at.is_(None)
_ENDPOINTS = Prepared(
    select(Endpoint.id, Endpoint.types)
    .join(Client, Client.id == Endpoint.client_id)
    .where(
        Endpoint.participant_id == bindparam("organization"),
        Endpoint.disabled_at.is_(None),
        Client.revoked_at.is_(None),
        Endpoint.test == bindparam("test"),
    )
    .order_by(Endpoint.id)
)
_ADDRESSES = Prepared(
    select(ReferralAddress.id)
    .where(_OPEN_ADDRESS, ReferralAddress.participant_id == bindparam("organization"))
    .order_by(ReferralAddress.id)
)
_HAS_CHANNEL = Prepared(
    select(
        exists().where(
            Client.participant_id == bindparam("organization"),
            Client.role == "referral_recipient",
            Client.revoked_at.is_(None),
            Client.test == bindparam("test"),
        )
        | exists().where(
            Endpoint.participant_id == bindparam("organization"),
            Endpoint.disabled_at.is_(None),
            Endpoint.test == bindparam("test"),
            Client.id == Endpoint.client_id,
            Client.revoked_at.is_(None),
        )
        | (
            ~bindparam("test", type_=Boolean)
            & exists().where(ReferralAddress.participant_id == bindparam("organization"), _OPEN_ADDRESS)
        )
    )
)


@dataclass(frozen=True, slots=True)
class Happened:
    """One event of a referral that others are to be told of; `detail` never holds PHI."""

    type: str
    referral_id: str
    seq: int
    version: int
    at: datetime
    test: bool
    detail: Mapping[str, str] = field(default_factory=dict)


def tell(session: Session, happened: Happened, organizations: Collection[str], *, now: datetime) -> int:
    """Write what is to be told to the endpoints of some organizations, or to the addresses of those without any.

    A test referral reaches only test endpoints; nobody is written to about one. Returns the number of rows.
    """
    common: dict[str, Any] = {
        "type": happened.type,
        "referral_id": happened.referral_id,
        "seq": happened.seq,
        "version": happened.version,
        "detail": orjson.dumps(dict(happened.detail)).decode() if happened.detail else None,
        "happened_at": happened.at,
    }
    emailed = happened.type in EMAILED and not happened.test
    rows = []
    for organization in organizations:
        endpoints = _ENDPOINTS.run(session, {"organization": organization, "test": happened.test})
        targets = [f"endpoint:{id}" for id, types in endpoints if {EVERY_TYPE, happened.type} & {*types.split()}]
        if emailed and not endpoints:
            targets = [f"address:{id}" for (id,) in _ADDRESSES.run(session, {"organization": organization})]
        rows += [pending(target, now=now, **common) for target in targets]
    if rows:
        _ADD.run(session, *rows)
    return len(rows)


def pending(target: str, type: str, *, now: datetime, **more: Any) -> dict[str, Any]:
    """Make the row of something that is to be told to a target now."""
    kind, _, target_id = target.partition(":")
    row = {
        "id": str(uuid.uuid4()),
        "target": target,
        "endpoint_id": target_id if kind == "endpoint" else None,
        "address_id": target_id if kind == "address" else None,
        "type": type,
        "referral_id": None,
        "seq": None,
        "version": None,
        "detail": None,
        "created_at": now,
        "happened_at": now,
        "state": "pending",
        "attempts": 0,
        "next_at": now,
    }
    return row | more


def has_channel(session: Session, organization_id: str, *, test: bool) -> bool:
    """Tell whether an organization would learn of a referral: by a client that asks, an endpoint, or an address."""
    ((has,),) = _HAS_CHANNEL.run(session, {"organization": organization_id, "test": test})
    return bool(has)
