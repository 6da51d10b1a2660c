"""WHAT A CLIENT SIGNS TO PROVE WHO IT IS: one short-lived JWT for one token, as SMART Backend Services demands.

All that needs no key is checked first, so that nobody's host is asked for keys on the word of a malformed assertion.
https://hl7.org/fhir/smart-app-launch/client-confidential-asymmetric.html#authenticating-to-the-token-endpoint
"""

import base64
import hashlib
import json
import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import TYPE_CHECKING, Any

from sqlalchemy import insert
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from resource_api.access.codes import KEY_TYPES
from resource_api.access.tables import SeenAssertion
from resource_api.errors import NotAuthenticated

if TYPE_CHECKING:
    from jwt import PyJWK, PyJWS

LONGEST_LIFE_S = 300
LEEWAY_S = 30
MOST_CHARACTERS = 8_192
_COMPACT = re.compile(r"([A-Za-z0-9_-]+)\.([A-Za-z0-9_-]+)\.[A-Za-z0-9_-]+")
_NAME = re.compile(r"[\x21-\x7e]{1,2000}")
# Keys that come with the assertion prove nothing, and extensions that must be understood are not.
_REFUSED_HEADERS = frozenset({"jwk", "x5u", "x5c", "crit", "b64", "zip", "enc"})


@dataclass(frozen=True, slots=True)
class Assertion:
    """What an assertion says, once all is checked that needs no key."""

    text: str
    client_id: str
    kid: str
    alg: str
    jku: str | None
    jti: str
    expires_at: datetime


def read_assertion(text: str, *, audience: str, now: datetime) -> Assertion:
    """Read an assertion that is meant for `audience`, now. Raises NotAuthenticated."""
    parts = _COMPACT.fullmatch(text) if len(text) <= MOST_CHARACTERS else None
    if parts is None:
        raise NotAuthenticated("The assertion is no signed JWT")
    header, claims = _decode(parts[1]), _decode(parts[2])
    _check_header(header)
    client_id = _text(claims, "iss")
    if _text(claims, "sub") != client_id:
        raise NotAuthenticated("iss and sub of the assertion are not the same client_id")
    if claims.get("aud") not in (audience, [audience]):
        raise NotAuthenticated(f"aud of the assertion is not {audience}")
    clock = int(now.timestamp())
    expires = _seconds(claims, "exp")
    if expires is None or not clock - LEEWAY_S < expires <= clock + LONGEST_LIFE_S + LEEWAY_S:
        raise NotAuthenticated(f"exp of the assertion is over, or more than {LONGEST_LIFE_S} s ahead")
    for name in ("iat", "nbf"):
        since = _seconds(claims, name)
        if since is not None and since > clock + LEEWAY_S:
            raise NotAuthenticated(f"{name} of the assertion lies in the future")
    return Assertion(
        text=text,
        client_id=client_id,
        kid=_text(header, "kid"),
        alg=header["alg"],
        jku=_text(header, "jku") if "jku" in header else None,
        jti=_text(claims, "jti"),
        expires_at=datetime.fromtimestamp(expires, UTC),
    )


def verify_signature(assertion: Assertion, key: "PyJWK") -> None:
    """Verify that a key signed an assertion. Raises NotAuthenticated."""
    from jwt.exceptions import PyJWTError

    try:
        _verifier().decode(assertion.text, key, algorithms=[assertion.alg])
    except (PyJWTError, ValueError) as error:
        raise NotAuthenticated("The assertion was not signed by this key") from error


def use_once(session: Session, assertion: Assertion) -> None:
    """Use an assertion up, for all workers: its jti stands in the transaction that issues the token.

    Raises NotAuthenticated where it was used before; the transaction is then of no more use.
    """
    used = {
        "client_id": assertion.client_id,
        "jti_hash": hashlib.sha256(assertion.jti.encode()).hexdigest(),
        "expires_at": assertion.expires_at + timedelta(seconds=LEEWAY_S),
    }
    try:
        session.execute(insert(SeenAssertion), used)
    except IntegrityError as error:
        raise NotAuthenticated("This assertion was used before (its jti)") from error


def _check_header(header: dict[str, Any]) -> None:
    if header.get("alg") not in list(KEY_TYPES):  # a list, since what somebody sends may have no hash
        raise NotAuthenticated(f"alg of the assertion is not one of {', '.join(KEY_TYPES)}")
    if header.get("typ") != "JWT":
        raise NotAuthenticated("typ of the assertion is not JWT")
    if _REFUSED_HEADERS & set(header):
        raise NotAuthenticated("The assertion's header names a key or an extension of its own")


def _text(found: dict[str, Any], name: str) -> str:
    value = found.get(name)
    if not isinstance(value, str) or not _NAME.fullmatch(value):
        raise NotAuthenticated(f"{name} of the assertion is missing, or is no name")
    return value


def _seconds(claims: dict[str, Any], name: str) -> int | None:
    """Read a NumericDate. Fractions, and numbers in quotes, are refused rather than rounded."""
    value = claims.get(name)
    if name in claims and (not isinstance(value, int) or isinstance(value, bool)):
        raise NotAuthenticated(f"{name} of the assertion is no whole number of seconds")
    return value


def _decode(part: str) -> dict[str, Any]:
    try:
        decoded = base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)).decode()
        read = json.loads(decoded, object_pairs_hook=_once_each, parse_constant=_no_constant)
    except (ValueError, RecursionError):
        read = None
    if not isinstance(read, dict):
        raise NotAuthenticated("The assertion is no signed JWT")
    return read


def _once_each(pairs: Iterable[tuple[str, Any]]) -> dict[str, Any]:
    listed = list(pairs)
    read = dict(listed)
    if len(read) != len(listed):
        raise ValueError("a name comes twice")
    return read


def _no_constant(_name: str) -> None:
    raise ValueError("NaN and Infinity are no JSON")


@cache
def _verifier() -> "PyJWS":
    from jwt import PyJWS

    return PyJWS(algorithms=list(KEY_TYPES), options={"verify_signature": True, "enforce_minimum_key_length": True})
