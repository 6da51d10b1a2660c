"""WHERE A CLIENT WANTS TO BE TOLD: its endpoints, their keys, and what becomes of what is queued when one goes."""

import uuid
from collections.abc import Collection
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, func, insert, or_, select, update
from sqlalchemy.orm import Session

from resource_api.access.policy import Grants
from resource_api.delivery.outbox import TEST_CALL, pending
from resource_api.delivery.sign import Signing, SigningKey, new_key
from resource_api.delivery.tables import Delivery, Endpoint
from resource_api.errors import Conflict, NotFound
from resource_api.privacy.audit import Action, Agent, record
from resource_api.privacy.keyring import Keyring

REMOVED = "removed"
GONE = "gone"
MOST_ENDPOINTS = 20
# How long what is sent is signed with the key before, too.
CHANGE_OVER = timedelta(hours=24)


def register_endpoint(
    session: Session,
    keyring: Keyring,
    grants: Grants,
    *,
    url: str,
    types: Collection[str],
    signing: Signing,
    test: bool,
    now: datetime,
) -> tuple[Endpoint, SigningKey]:
    """Register a URL for event types; get it, and the key that its receiver is shown once.

    Raises Conflict where the client has too many.
    """
    caller = grants.caller
    count = session.scalar(select(func.count()).select_from(Endpoint).where(_own(grants))) or 0
    if count >= MOST_ENDPOINTS:
        raise Conflict(f"This client has {count} webhooks already", hint="delete one that is not needed")
    key = new_key(signing)
    endpoint = Endpoint(
        id=str(uuid.uuid4()),
        client_id=caller.client_id,
        participant_id=caller.organization_id,
        url=url,
        types=" ".join(sorted(set(types))),
        signing=signing,
        test=test or caller.test,
        created_at=now,
    )
    endpoint.secret = _seal(keyring, endpoint, "secret", key)
    session.add(endpoint)
    session.flush()
    _audit(session, grants, "C", "webhook.register", endpoint, now)
    return endpoint, key


def list_endpoints(session: Session, grants: Grants) -> list[Endpoint]:
    """List a client's endpoints, oldest first."""
    return list(session.scalars(select(Endpoint).where(_own(grants)).order_by(Endpoint.created_at, Endpoint.id)))


def get_endpoint(session: Session, grants: Grants, endpoint_id: str) -> Endpoint:
    """Get one of a client's endpoints. Raises NotFound."""
    endpoint = session.scalar(select(Endpoint).where(_own(grants), Endpoint.id == endpoint_id))
    if endpoint is None:
        raise NotFound(f"There is no webhook {endpoint_id}")
    return endpoint


def remove_endpoint(session: Session, grants: Grants, endpoint_id: str, *, now: datetime) -> None:
    """Remove an endpoint; what is queued for it is cancelled."""
    endpoint = get_endpoint(session, grants, endpoint_id)
    disable(session, endpoint, REMOVED, now=now)
    _audit(session, grants, "D", "webhook.remove", endpoint, now)


def disable(session: Session, endpoint: Endpoint, reason: str, *, now: datetime) -> None:
    """Send an endpoint nothing more: what is queued is cancelled where it was removed, else parked."""
    endpoint.disabled_at, endpoint.disabled_reason = now, reason
    session.flush()
    state = "cancelled" if reason == REMOVED else "parked"
    queued = update(Delivery).where(
        Delivery.target == f"endpoint:{endpoint.id}",
        Delivery.state.in_(("pending", "parked")),
        # Those in hand are settled by the worker that has them.
        or_(Delivery.leased_until.is_(None), Delivery.leased_until <= now),
    )
    session.execute(
        queued.values(state=state, reason=f"endpoint-{reason}"), execution_options={"synchronize_session": False}
    )
    agent = Agent(endpoint.participant_id, endpoint.client_id)
    record(
        session, agent, "E", f"delivery.{state}", now=now, kind="endpoint", ids=(endpoint.id,),
        outcome="denied", reason=f"endpoint-{reason}",
    )  # fmt: skip


def enable_endpoint(session: Session, grants: Grants, endpoint_id: str, *, now: datetime) -> Endpoint:
    """Take up an endpoint again that was disabled; what was parked is due again, in its order."""
    endpoint = get_endpoint(session, grants, endpoint_id)
    if endpoint.disabled_at is not None:
        endpoint.disabled_at = endpoint.disabled_reason = None
        endpoint.enabled_at = now
        session.flush()
        parked = update(Delivery).where(Delivery.target == f"endpoint:{endpoint.id}", Delivery.state == "parked")
        again = parked.values(state="pending", reason=None, attempts=0, next_at=now, leased_until=None)
        session.execute(again, execution_options={"synchronize_session": False})
        _audit(session, grants, "U", "webhook.enable", endpoint, now)
    return endpoint


def rotate_key(
    session: Session, keyring: Keyring, grants: Grants, endpoint_id: str, *, now: datetime
) -> tuple[Endpoint, SigningKey]:
    """Give an endpoint a new key; the old one signs too for a day."""
    endpoint = get_endpoint(session, grants, endpoint_id)
    old = _open(keyring, endpoint, "secret", endpoint.secret)
    key = new_key(old.signing)
    endpoint.previous_secret = _seal(keyring, endpoint, "previous_secret", old)
    endpoint.previous_until = now + CHANGE_OVER
    endpoint.secret = _seal(keyring, endpoint, "secret", key)
    session.flush()
    _audit(session, grants, "U", "webhook.rotate", endpoint, now)
    return endpoint, key


def call_test(session: Session, grants: Grants, endpoint_id: str, *, now: datetime) -> str:
    """Queue a test call; get the delivery's id. Raises Conflict where the endpoint is disabled."""
    endpoint = get_endpoint(session, grants, endpoint_id)
    if endpoint.disabled_at is not None:
        raise Conflict("This webhook is disabled", hint=f"POST /webhooks/{endpoint.id}/enable first")
    row = pending(f"endpoint:{endpoint.id}", TEST_CALL, now=now)
    session.execute(insert(Delivery), [row])
    return str(row["id"])


def live_keys(keyring: Keyring, endpoint: Endpoint, *, now: datetime) -> tuple[SigningKey, ...]:
    """Open the keys that what is sent now is signed with, the newest first. Raises Unreadable."""
    keys = [_open(keyring, endpoint, "secret", endpoint.secret)]
    if endpoint.previous_secret is not None and endpoint.previous_until is not None and endpoint.previous_until > now:
        keys.append(_open(keyring, endpoint, "previous_secret", endpoint.previous_secret))
    return tuple(keys)


def _own(grants: Grants) -> ColumnElement[bool]:
    kept = or_(Endpoint.disabled_reason.is_(None), Endpoint.disabled_reason != REMOVED)
    return (Endpoint.client_id == grants.caller.client_id) & kept


def _seal(keyring: Keyring, endpoint: Endpoint, column: str, key: SigningKey) -> bytes:
    return keyring.seal(key.secret, table="endpoint", column=column, row=endpoint.id)


def _open(keyring: Keyring, endpoint: Endpoint, column: str, sealed: bytes) -> SigningKey:
    signing: Signing = "v1a" if endpoint.signing == "v1a" else "v1"
    return SigningKey(signing, keyring.open(sealed, table="endpoint", column=column, row=endpoint.id))


def _audit(session: Session, grants: Grants, action: Action, what: str, endpoint: Endpoint, now: datetime) -> None:
    record(session, grants.caller.agent, action, what, now=now, kind="endpoint", ids=(endpoint.id,))
