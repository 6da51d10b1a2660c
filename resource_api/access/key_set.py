"""BY WHICH KEYS A CLIENT IS KNOWN: its JWKS, given by value or fetched from its address.

What was fetched is kept in the database, so that all workers together ask a client's host at most once in a while,
however often somebody names that client.
https://hl7.org/fhir/smart-app-launch/client-confidential-asymmetric.html#registering-a-client-communicating-public-keys
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from sqlalchemy import insert, or_, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from resource_api.access.codes import KEY_TYPES
from resource_api.access.tables import FetchedKeys
from resource_api.egress import Egress
from resource_api.errors import BadInput, NotAuthenticated, Refused

if TYPE_CHECKING:
    # Loaded where it is first needed, with the cryptography behind it: whoever only searches need not wait for it.
    from jwt import PyJWK

MOST_KEYS = 20
MOST_BYTES = 64 * 1024
RSA_BITS = range(2048, 8193)
FETCH_S = 5.0
# A host is asked once in this time, whatever it says of caching and whichever key is asked for.
PAUSE = timedelta(seconds=30)
UNSAID = timedelta(minutes=5)
LONGEST = timedelta(hours=1)
_MAX_AGE = re.compile(r"(?:^|[,\s])max-age=\"?([0-9]{1,9})", re.IGNORECASE)
_PRIVATE = frozenset({"d", "p", "q", "dp", "dq", "qi", "oth", "k"})

KeySet = tuple[Mapping[str, Any], ...]


@dataclass(frozen=True, slots=True)
class Fetched:
    """What a client's host answered: a key set, or None; and how long that holds."""

    body: str | None
    fresh_for: timedelta


@dataclass(frozen=True, slots=True)
class Known:
    """What is known of a client's keys. `due`: its host may be asked again; `asking`: somebody is at it."""

    keys: KeySet
    due: bool
    asking: bool


def read_key_set(text: str) -> KeySet:
    """Read a JWKS. Raises BadInput where it is none, holds a secret, or no key that could sign an assertion."""
    try:
        read = json.loads(text) if len(text) <= MOST_BYTES else None
    except (ValueError, RecursionError):
        read = None
    keys = read.get("keys") if isinstance(read, dict) else None
    if not isinstance(keys, list) or not 1 <= len(keys) <= MOST_KEYS or not all(isinstance(key, dict) for key in keys):
        raise BadInput("This is no JWKS", field="jwks", hint=f'{{"keys": […]}}, of 1 to {MOST_KEYS} keys')
    if any(_PRIVATE & set(key) for key in keys):
        raise BadInput("This JWKS holds a private key", field="jwks", hint="the public half; and make a new pair")
    if not any(_is_usable(key, alg) for key in keys for alg in KEY_TYPES):
        raise BadInput(
            "This JWKS holds no key that could sign an assertion",
            field="jwks",
            hint="an RSA key of 2048 bits or more (RS384), or one on P-384 (ES384), each with a `kid`",
        )
    return tuple(keys)


def choose_key(keys: KeySet, kid: str, alg: str) -> "PyJWK":
    """Choose the one key of this name and kind. Raises NotAuthenticated where there is none, or more than one."""
    found = [key for key in keys if key.get("kid") == kid and key.get("kty") == KEY_TYPES[alg]]
    if len(found) != 1 or not _is_usable(found[0], alg):
        raise NotAuthenticated("No one key of this client has this kid")
    from jwt import PyJWK

    return PyJWK(dict(found[0]), alg)


def get_known(session: Session, client_id: str, now: datetime) -> Known:
    """Get what is known of a client's keys."""
    row = session.get(FetchedKeys, client_id)
    if row is None:
        return Known((), due=True, asking=False)
    # Another worker may have begun a little later than this one; but a clock that was set back lets nothing hold long.
    fresh = row.body is not None and row.fetched_at - PAUSE <= now < row.fresh_until
    return Known(
        read_key_set(row.body) if fresh and row.body is not None else (),
        due=not row.asked_at - PAUSE <= now < row.asked_at + PAUSE,
        asking=row.asked_at > row.fetched_at and now < row.asked_at + timedelta(seconds=FETCH_S + 1),
    )


def take_turn(session: Session, client_id: str, now: datetime) -> bool:
    """Take the turn to ask a client's host. False where somebody has just done so, or is at it."""
    is_due = FetchedKeys.asked_at <= now - PAUSE, FetchedKeys.asked_at > now + PAUSE
    taken = session.execute(
        update(FetchedKeys)
        .where(FetchedKeys.client_id == client_id, or_(*is_due))
        .values(asked_at=now)
        .returning(FetchedKeys.client_id)
    ).first()
    if taken is not None:
        return True
    before = now - timedelta(seconds=1)
    first = {"client_id": client_id, "body": None, "asked_at": now, "fetched_at": before, "fresh_until": before}
    try:
        with session.begin_nested():
            session.execute(insert(FetchedKeys), first)
    except IntegrityError:
        return False
    return True


def fetch(egress: Egress, url: str) -> Fetched:
    """Fetch a key set; whatever goes wrong, nothing was fetched."""
    try:
        answer = egress.request(
            "GET", url, headers={"Accept": "application/json"}, timeout_s=FETCH_S, most_bytes=MOST_BYTES
        )
        if answer.status != 200 or not answer.whole:
            return Fetched(None, PAUSE)
        body = answer.body.decode()
        read_key_set(body)
    except (Refused, BadInput, UnicodeDecodeError):
        return Fetched(None, PAUSE)
    return Fetched(body, read_freshness(answer.headers))


def keep_fetched(session: Session, client_id: str, fetched: Fetched, *, now: datetime) -> None:
    """Keep what a client's host answered, in place of what it answered before."""
    session.execute(
        update(FetchedKeys)
        .where(FetchedKeys.client_id == client_id)
        .values(body=fetched.body, fetched_at=now, fresh_until=now + fetched.fresh_for)
    )


def read_freshness(headers: Mapping[str, str]) -> timedelta:
    """Read how long an answer may be kept: no longer than it says, but as long as nobody may ask again."""
    control = headers.get("cache-control", "")
    age = headers.get("age", "")
    said = _MAX_AGE.search(control)
    if "no-store" in control.lower() or "no-cache" in control.lower():
        return PAUSE
    kept = UNSAID if said is None else timedelta(seconds=int(said[1]) - (int(age) if age.isdecimal() else 0))
    return min(max(kept, PAUSE), LONGEST)


def _is_usable(key: Mapping[str, Any], alg: str) -> bool:
    """Tell whether a key is there to verify signatures of an algorithm, and strong enough."""
    if key.get("kty") != KEY_TYPES[alg] or not isinstance(key.get("kid"), str) or key.get("alg", alg) != alg:
        return False
    uses = key.get("key_ops", ["verify"])
    if key.get("use", "sig") != "sig" or not isinstance(uses, list) or "verify" not in uses:
        return False
    from cryptography.hazmat.primitives.asymmetric.ec import SECP384R1, EllipticCurvePublicKey
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
    from jwt import PyJWK
    from jwt.exceptions import PyJWTError

    try:
        public = PyJWK(dict(key), alg).key
    except (PyJWTError, ValueError, TypeError):
        return False
    if isinstance(public, RSAPublicKey):
        return public.key_size in RSA_BITS
    return isinstance(public, EllipticCurvePublicKey) and isinstance(public.curve, SECP384R1)
