"""WHAT A CLIENT SHOWS AT EACH CALL: an opaque token, which says nothing by itself and ends at once when it must."""

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import cast
from uuid import uuid4

from sqlalchemy import bindparam, insert, select
from sqlalchemy.orm import Session

from resource_api.access.glass import is_glass_broken
from resource_api.access.policy import Caller, Role
from resource_api.access.tables import AccessToken, Client
from resource_api.errors import BadInput, NotAuthenticated
from resource_api.prepared import Prepared
from resource_api.privacy.keyring import Keyring

TOKEN_SECONDS = 300
# Between machines; where a clock was set back by more, what was issued before is over.
CLOCKS_DIFFER = timedelta(seconds=30)
_FIND_CALLER = Prepared(
    select(AccessToken.id, AccessToken.scope, Client.id, Client.participant_id, Client.role, Client.test)
    .join(Client, Client.id == AccessToken.client_id)
    .where(
        AccessToken.hash == bindparam("hash"),
        AccessToken.expires_at > bindparam("now"),
        AccessToken.issued_at <= bindparam("soon"),
        Client.revoked_at.is_(None),
    )
)


@dataclass(frozen=True, slots=True)
class Issued:
    """A token that was issued; `id` is what audits may say of it."""

    token: str
    id: str
    expires_in: int
    scope: str


def choose_scope(client: Client, asked: str | None) -> str:
    """Choose what a token is for: what was asked, else all that the client has. Raises BadInput where it has not."""
    registered = client.scope.split()
    if asked is None:
        return client.scope
    wanted = list(dict.fromkeys(asked.split(" ")))
    if not registered or not set(wanted) <= set(registered):
        raise BadInput(f"This client may ask for: {client.scope or 'no scope at all'}", field="scope")
    return " ".join(wanted)


def issue(session: Session, keyring: Keyring, client: Client, scope: str, now: datetime) -> Issued:
    """Issue a token of 256 random bits; only its keyed hash is kept."""
    token, token_id = secrets.token_urlsafe(32), str(uuid4())
    session.execute(
        insert(AccessToken),
        {
            "hash": keyring.hash_secret(token),
            "id": token_id,
            "client_id": client.id,
            "scope": scope,
            "issued_at": now,
            "expires_at": now + timedelta(seconds=TOKEN_SECONDS),
        },
    )
    return Issued(token, token_id, TOKEN_SECONDS, scope)


def authenticate(session: Session, keyring: Keyring, token: str, *, request_id: str | None, now: datetime) -> Caller:
    """Tell who shows this token. Raises NotAuthenticated where it is unknown, over, or its client was revoked."""
    shown = {"hash": keyring.hash_secret(token), "now": now, "soon": now + CLOCKS_DIFFER}
    known = _FIND_CALLER.run(session, shown)
    if not known:
        raise NotAuthenticated("This token is not valid, or no longer", hint="ask /oauth/token for another")
    token_id, scope, client_id, organization_id, role, test = known[0]
    return Caller(
        client_id=client_id,
        organization_id=organization_id,
        role=cast(Role, role),
        scopes=frozenset(scope.split()),
        token_id=token_id,
        request_id=request_id,
        test=test,
        glass_broken=role == "admin" and is_glass_broken(session, client_id, now),
    )
