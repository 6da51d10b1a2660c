"""HOW A CLIENT PROVES WHO IT IS: by a secret, in a header or in the form, or by an assertion that it signed."""

import base64
import binascii
from collections.abc import Mapping
from datetime import UTC, datetime
from threading import BoundedSemaphore
from time import monotonic, sleep
from typing import TYPE_CHECKING
from urllib.parse import unquote_plus

from flask import request

from resource_api.access.assertion import Assertion, read_assertion, verify_signature
from resource_api.access.client import get_client, prove_secret
from resource_api.access.codes import ASSERTION_TYPE
from resource_api.access.key_set import (
    FETCH_S,
    KeySet,
    Known,
    choose_key,
    fetch,
    get_known,
    keep_fetched,
    read_key_set,
    take_turn,
)
from resource_api.api.context import database, egress, keyring, settings, writing
from resource_api.errors import BadInput, NotAuthenticated, NotFound, TooMany

if TYPE_CHECKING:
    from jwt import PyJWK

# Of a worker's threads, those that may wait for clients' hosts at a time.
WAITING = 2
_waiting = BoundedSemaphore(WAITING)
_UNPROVEN = "No client with this id proved itself by this assertion"


def token_url() -> str:
    """Get the URL of the token endpoint as clients see it; never what a request's Host says."""
    return f"{settings().public_url}/oauth/token"


def prove_client(form: Mapping[str, str], now: datetime) -> tuple[str, Assertion | None]:
    """Get the id of the client that proved itself, and the assertion that is still to be used up.

    Raises NotAuthenticated, or BadInput where it did so in no way, or in several.
    """
    ways = [way for way in ("client_secret", "client_assertion") if way in form]
    if "Authorization" in request.headers:
        ways.append("Authorization")
    if len(ways) > 1:
        raise BadInput(f"prove who you are in one way, not by {' and '.join(ways)}")
    if ways == ["client_assertion"]:
        if form.get("client_assertion_type") != ASSERTION_TYPE:
            raise BadInput(f"client_assertion_type is {ASSERTION_TYPE}")
        assertion = _prove_by_assertion(form["client_assertion"], now)
        if form.get("client_id", assertion.client_id) != assertion.client_id:
            raise NotAuthenticated("client_id is not the iss of the assertion")
        return assertion.client_id, assertion
    if not ways:
        raise NotAuthenticated("Nothing here proves who you are")
    client_id, secret = _read_basic() if ways == ["Authorization"] else (form.get("client_id", ""), form[ways[0]])
    with database().read() as session:
        return prove_secret(session, keyring(), client_id, secret, now=now).id, None


def _read_basic() -> tuple[str, str]:
    """Read an id and a secret, each form-encoded (RFC 6749 §2.3.1)."""
    scheme, _, encoded = request.headers["Authorization"].partition(" ")
    try:
        client_id, colon, secret = base64.b64decode(encoded.strip(), validate=True).decode().partition(":")
    except (binascii.Error, ValueError):
        colon = ""
    if scheme.lower() != "basic" or not colon:
        raise NotAuthenticated("Authorization is no Basic id and secret")
    return unquote_plus(client_id), unquote_plus(secret)


def _prove_by_assertion(text: str, now: datetime) -> Assertion:
    assertion = read_assertion(text, audience=token_url(), now=now)
    try:
        with database().read() as session:
            client = get_client(session, assertion.client_id)
        if assertion.jku not in (None, client.jwks_url):
            raise NotAuthenticated("jku is not the registered address")
        if client.jwks is not None:
            key = choose_key(read_key_set(client.jwks), assertion.kid, assertion.alg)
        elif client.jwks_url is not None:
            key = _find_key(client.id, client.jwks_url, assertion, now)
        else:
            raise NotAuthenticated("This client has a secret")
        verify_signature(assertion, key)
    except (NotAuthenticated, NotFound) as error:
        # In one wording, so that a stranger learns neither which clients there are nor which keys they have.
        raise NotAuthenticated(_UNPROVEN) from error
    return assertion


def _find_key(client_id: str, url: str, assertion: Assertion, now: datetime) -> "PyJWK":
    known = _get_known(client_id, now)
    try:
        return choose_key(known.keys, assertion.kid, assertion.alg)
    except NotAuthenticated:
        if not (known.due or known.asking):
            raise
    return choose_key(_ask_for_keys(client_id, url, now), assertion.kid, assertion.alg)


def _ask_for_keys(client_id: str, url: str, now: datetime) -> KeySet:
    """Ask a client's host for its keys, or wait for whoever is asking. No transaction is open meanwhile."""
    if not _waiting.acquire(blocking=False):
        raise TooMany("Others are waiting for their hosts to answer with keys", retry_after=1)
    try:
        with writing() as session:
            mine = take_turn(session, client_id, now)
            session.commit()
        if mine:
            fetched = fetch(egress(), url)
            with writing() as session:
                keep_fetched(session, client_id, fetched, now=datetime.now(UTC))
                session.commit()
        until = monotonic() + FETCH_S
        while (known := _get_known(client_id, datetime.now(UTC))).asking and monotonic() < until:
            sleep(0.05)
        return known.keys
    finally:
        _waiting.release()


def _get_known(client_id: str, now: datetime) -> Known:
    with database().read() as session:
        return get_known(session, client_id, now)
