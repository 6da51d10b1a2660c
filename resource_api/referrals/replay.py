"""WHAT WAS ANSWERED BEFORE under a key, so that a retry does nothing twice; kept 72 hours.

Scoped to the client and the route. The answer is sealed with the referral's key, and given again only to who may still
know of that referral.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import orjson
from sqlalchemy import bindparam, delete, insert, select
from sqlalchemy.orm import Session

from resource_api.access.policy import Grants
from resource_api.database import Base
from resource_api.errors import KeyReused
from resource_api.prepared import Prepared
from resource_api.privacy.keyring import Keyring
from resource_api.referrals.seal import key_of
from resource_api.referrals.tables import Referral, Replay
from resource_api.referrals.visible import get_visible

KEPT = timedelta(hours=72)
_REPLAY = Base.metadata.tables[Replay.__tablename__]
_ADD = Prepared(insert(_REPLAY))
_FOUND = Prepared(
    select(
        *(_REPLAY.c[name] for name in ("fingerprint", "status", "headers", "body", "referral_id", "created_at"))
    ).where(
        _REPLAY.c.client_id == bindparam("client"),
        _REPLAY.c.route == bindparam("route"),
        _REPLAY.c.key_hash == bindparam("key"),
    )
)


@dataclass(frozen=True, slots=True)
class Retry:
    """A request that may come again: its route's template, its key, and a keyed hash of all that it asks."""

    route: str
    key_hash: str
    fingerprint: str


@dataclass(frozen=True, slots=True)
class Answer:
    """What is answered to an act."""

    status: int
    headers: Mapping[str, str]
    body: bytes


def read_retry(keyring: Keyring, *, route: str, key: str, asked: bytes) -> Retry:
    """Make of a request what is kept of it: people write names into keys and bodies, so both are hashed under a key."""
    return Retry(route, keyring.hash_secret(f"key {key}"), keyring.hash_secret(f"asked {asked.hex()}"))


def find_answer(
    session: Session, keyring: Keyring, grants: Grants, retry: Retry, *, now: datetime, make_room: bool = False
) -> Answer | None:
    """Find what was answered before; `make_room`: an answer that is kept no longer gives its place to another.

    Raises KeyReused where something else was asked under the key, NotFound where the caller may no longer know of it.
    """
    asked = {"client": grants.caller.client_id, "route": retry.route, "key": retry.key_hash}
    found = _FOUND.run(session, asked)
    if not found:
        return None
    fingerprint, status, headers, sealed, referral_id, created_at = found[0]
    if created_at <= now - KEPT:
        if make_room:
            forget_answers(session, now=now)
        return None
    if fingerprint != retry.fingerprint:
        raise KeyReused("This Idempotency-Key came before with something else", field="Idempotency-Key")
    referral = get_visible(session, grants, referral_id)
    body = key_of(keyring, referral).open(sealed, table=_REPLAY.name, column="body", row=referral.id)
    return Answer(status, orjson.loads(headers), body.encode())


def answer_row(
    keyring: Keyring, grants: Grants, retry: Retry, referral: Referral, answer: Answer, *, now: datetime
) -> dict[str, Any]:
    """Make the row in which an answer is kept; it needs no turn to write."""
    body = key_of(keyring, referral).seal(answer.body.decode(), table=_REPLAY.name, column="body", row=referral.id)
    return {
        "client_id": grants.caller.client_id,
        "route": retry.route,
        "key_hash": retry.key_hash,
        "fingerprint": retry.fingerprint,
        "status": answer.status,
        "headers": orjson.dumps(dict(answer.headers)).decode(),
        "body": body,
        "referral_id": referral.id,
        "created_at": now,
    }


def keep_answer(session: Session, row: dict[str, Any]) -> None:
    """Keep what is being answered, in the transaction of what was done."""
    _ADD.run(session, row)


def forget_answers(session: Session, *, now: datetime) -> int:
    """Forget what was answered longer ago than it is kept; get how many there were."""
    gone = session.execute(delete(_REPLAY).where(_REPLAY.c.created_at <= now - KEPT))
    return int(getattr(gone, "rowcount", 0))
