"""WHO CALLS: systems and apps, each in one role for one organization, and the secrets they prove it by.

A client proves itself by a secret or by the key of its key set, never by either of two. A reader has neither: its id
is a publishable key, and only for the web origins it was made for.
"""

import hmac
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import uuid4

from sqlalchemy import delete, or_, select, update
from sqlalchemy.orm import Session

from resource_api.access.origin import read_origin
from resource_api.access.policy import WITHOUT_ORGANIZATION, Role, default_scopes
from resource_api.access.tables import AccessToken, Client, ClientSecret, FetchedKeys, Participant
from resource_api.errors import BadInput, NotAuthenticated, NotFound
from resource_api.privacy.audit import SYSTEM, record
from resource_api.privacy.keyring import Keyring

# So that scanners which look for leaked secrets know one of ours.
SECRET_PREFIX = "crd_"  # noqa: S105 - the prefix of every secret
LIVE_SECRETS = 2
OVERLAP = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class NewClient:
    """A client to be added. `scope`: empty for all that its role can use. `jwks` or `jwks_url`: instead of a secret."""

    name: str
    role: Role
    organization_id: str | None = None
    scope: frozenset[str] = frozenset()
    origins: tuple[str, ...] = ()
    jwks: str | None = None
    jwks_url: str | None = None
    test: bool = False


def add_client(session: Session, keyring: Keyring, new: NewClient, *, now: datetime) -> tuple[Client, str | None]:
    """Add a client; get it, and its secret, which nobody can read again. Raises BadInput."""
    _check(session, new)
    client = Client(
        id=str(uuid4()),
        name=new.name,
        participant_id=new.organization_id,
        role=new.role,
        scope=" ".join(sorted(new.scope or default_scopes(new.role))),
        origins=" ".join(read_origin(origin) for origin in new.origins),
        jwks=new.jwks,
        jwks_url=new.jwks_url,
        test=new.test,
        created_at=now,
        revoked_at=None,
    )
    session.add(client)
    session.flush()
    record(session, SYSTEM, "C", "client.add", now=now, kind="client", ids=[client.id])
    keyless = new.role == "reader" or new.jwks is not None or new.jwks_url is not None
    return client, None if keyless else _add_secret(session, keyring, client.id, now)


def list_clients(session: Session) -> Sequence[Client]:
    """List every client, those that were revoked too."""
    return session.scalars(select(Client).order_by(Client.created_at, Client.id)).all()


def get_client(session: Session, client_id: str) -> Client:
    """Get a client that is not revoked. Raises NotFound."""
    client = session.get(Client, client_id)
    if client is None or client.revoked_at is not None:
        raise NotFound(f"No client has the id {client_id[:100]}")
    return client


def rotate_secret(
    session: Session, keyring: Keyring, client_id: str, *, now: datetime, overlap: timedelta = OVERLAP
) -> str:
    """Give a client a new secret; the one before it lives on for `overlap`, any older one ends. Raises NotFound."""
    client = get_client(session, client_id)
    if client.role == "reader" or client.jwks is not None or client.jwks_url is not None:
        raise BadInput(
            "This client has no secret", field="client_id", hint="a client with a key set gets a new key set"
        )
    live = _live_secrets(session, client_id, now)
    for age, secret in enumerate(sorted(live, key=lambda one: (one.created_at, one.id), reverse=True)):
        until = now + overlap if age < LIVE_SECRETS - 1 else now
        secret.expires_at = min(until, secret.expires_at or until)
    session.flush()
    record(session, SYSTEM, "U", "client.rotate", now=now, kind="client", ids=[client_id])
    return _add_secret(session, keyring, client_id, now)


def replace_keys(session: Session, client_id: str, *, jwks: str | None, jwks_url: str | None, now: datetime) -> None:
    """Give a client that signs other keys: those before it end at once. Raises NotFound, BadInput."""
    client = get_client(session, client_id)
    if client.jwks is None and client.jwks_url is None:
        raise BadInput("This client has no key set", field="client_id", hint="add another client, with --jwks")
    session.execute(delete(FetchedKeys).where(FetchedKeys.client_id == client_id))
    client.jwks, client.jwks_url = jwks, jwks_url
    session.flush()
    record(session, SYSTEM, "U", "client.rotate", now=now, kind="client", ids=[client_id])


def revoke_client(session: Session, client_id: str, *, now: datetime) -> None:
    """Revoke a client: its secrets, keys and tokens end at once. Raises NotFound."""
    get_client(session, client_id)
    session.execute(update(Client).where(Client.id == client_id).values(revoked_at=now))
    session.execute(delete(AccessToken).where(AccessToken.client_id == client_id))
    record(session, SYSTEM, "D", "client.revoke", now=now, kind="client", ids=[client_id])


def find_reader_origins(session: Session, client_id: str) -> frozenset[str] | None:
    """Find the web origins that a reader's publishable key is for; None where there is no such reader."""
    reader = Client.id == client_id, Client.role == "reader", Client.revoked_at.is_(None)
    origins = session.scalar(select(Client.origins).where(*reader))
    return None if origins is None else frozenset(origins.split())


def prove_secret(session: Session, keyring: Keyring, client_id: str, secret: str, *, now: datetime) -> Client:
    """Get the client whose secret this is. Raises NotAuthenticated."""
    shown = keyring.hash_secret(secret)
    live = _live_secrets(session, client_id, now)
    # Every live one is compared, so that the time taken tells nothing of which it was.
    same = [hmac.compare_digest(one.hash, shown) for one in live]
    client = session.get(Client, client_id)
    if client is None or client.revoked_at is not None or not any(same):
        raise NotAuthenticated("No client has this id and this secret")
    return client


def _check(session: Session, new: NewClient) -> None:
    if not new.name.strip():
        raise BadInput("A client needs a name", field="name")
    unusable = new.scope - default_scopes(new.role)
    if unusable:
        usable = ", ".join(sorted(default_scopes(new.role))) or "none"
        raise BadInput(
            f"A {new.role} cannot use {', '.join(sorted(unusable))}", field="scope", hint=f"it has: {usable}"
        )
    if new.organization_id is None and new.role not in WITHOUT_ORGANIZATION:
        raise BadInput(f"A {new.role} acts for an organization", field="organization", hint="give its id")
    if new.organization_id is not None and session.get(Participant, new.organization_id) is None:
        raise BadInput(
            f"No organization takes part with the id {new.organization_id}",
            field="organization",
            hint="`resource-api organization add`, or the id of one in the directory",
        )
    if (new.role == "reader") != bool(new.origins):
        raise BadInput("A reader needs an origin, and nobody else has one", field="origin", hint="https://example.org")
    if new.jwks is not None and new.jwks_url is not None:
        raise BadInput("A key set is given by value or by its address, not by both", field="jwks")
    if new.role == "reader" and (new.jwks or new.jwks_url):
        raise BadInput("A reader has no keys: its id is all it shows", field="jwks")


def _live_secrets(session: Session, client_id: str, now: datetime) -> Sequence[ClientSecret]:
    return session.scalars(
        select(ClientSecret).where(
            ClientSecret.client_id == client_id,
            or_(ClientSecret.expires_at.is_(None), ClientSecret.expires_at > now),
        )
    ).all()


def _add_secret(session: Session, keyring: Keyring, client_id: str, now: datetime) -> str:
    secret = SECRET_PREFIX + secrets.token_urlsafe(32)
    session.add(ClientSecret(client_id=client_id, hash=keyring.hash_secret(secret), created_at=now, expires_at=None))
    session.flush()
    return secret
