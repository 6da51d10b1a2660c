"""POST /oauth/token : a client proves who it is, and gets a token for five minutes.

OAuth 2.0's client credentials (RFC 6749 §4.4), by a secret or, as SMART Backend Services has it, by a signed assertion.
https://hl7.org/fhir/smart-app-launch/backend-services.html
"""

import base64
import binascii
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from urllib.parse import unquote_plus

import orjson
from flask import Response, g, request

from resource_api.access.client import prove_secret
from resource_api.access.rate import count
from resource_api.access.tables import Client
from resource_api.access.token import Issued, choose_scope, issue
from resource_api.api.authenticate import check_failures, count_failure
from resource_api.api.blueprint import Blueprint
from resource_api.api.context import keyring, writing
from resource_api.errors import BadInput, NotAuthenticated
from resource_api.privacy.audit import Agent, record

blueprint = Blueprint("oauth", __name__, public=False)

FORM_TYPE = "application/x-www-form-urlencoded"
GRANT = "client_credentials"
# Tokens of one client within a minute: many workers may each ask for their own.
TOKENS = 300
TOKEN_WINDOW_S = 60
_NO_STORE = {"Cache-Control": "no-store", "Pragma": "no-cache"}


class OAuthRefusal(Exception):
    """A refusal as RFC 6749 §5.2 has it."""

    def __init__(self, error: str, description: str) -> None:
        super().__init__(description)
        self.error = error
        self.description = description


@dataclass(frozen=True, slots=True)
class Proof:
    """What a client showed to prove who it is."""

    client_id: str
    secret: str


@blueprint.route("/oauth/token", methods=["POST"], tags=["access"])
@blueprint.doc(operationId="getToken")
def give_token() -> Response:
    """Get an access token for a client that proves who it is."""
    now = datetime.now(UTC)
    check_failures(now)
    form = _read_form()
    if form.get("grant_type") != GRANT:
        raise OAuthRefusal("unsupported_grant_type" if "grant_type" in form else "invalid_request", f"only {GRANT}")
    proof = _read_proof(form)
    try:
        with writing() as session:
            client = prove_secret(session, keyring(), proof.client_id, proof.secret, now=now)
            issued = _issue(session, client, form.get("scope"), now)
            session.commit()
    except NotAuthenticated as error:
        count_failure(now)
        raise OAuthRefusal("invalid_client", error.message) from error
    except BadInput as error:
        raise OAuthRefusal("invalid_scope", error.message) from error
    return _write(200, _write_token(issued))


def _refuse(refusal: OAuthRefusal) -> Response:
    body = {"error": refusal.error, "error_description": refusal.description}
    if refusal.error != "invalid_client":
        return _write(400, body)
    answer = _write(401, body)
    answer.headers["WWW-Authenticate"] = 'Basic realm="oauth/token", charset="UTF-8"'
    return answer


def _issue(session: Any, client: Client, scope: str | None, now: datetime) -> Issued:
    count(session, f"tokens:{client.id}", limit=TOKENS, window_s=TOKEN_WINDOW_S, now=now)
    issued = issue(session, keyring(), client, choose_scope(client, scope), now)
    agent = Agent(client.participant_id, client.id, issued.id, g.get("request_id"))
    record(session, agent, "E", "token.issue", now=now, kind="access_token", ids=[issued.id])
    return issued


def _write_token(issued: Issued) -> dict[str, object]:
    return {
        "access_token": issued.token,
        "token_type": "bearer",
        "expires_in": issued.expires_in,
        "scope": issued.scope,
    }


def _read_form() -> dict[str, str]:
    if request.mimetype != FORM_TYPE:
        raise OAuthRefusal("invalid_request", f"the body is {FORM_TYPE}")
    if any(len(values) > 1 for values in request.form.listvalues()):
        raise OAuthRefusal("invalid_request", "a parameter is given more than once")
    # RFC 6749 §3.2: a parameter without a value is as if it were not there.
    return {name: value for name, value in request.form.items() if value}


def _read_proof(form: dict[str, str]) -> Proof:
    basic = "Authorization" in request.headers
    if basic and "client_secret" in form:
        raise OAuthRefusal("invalid_request", "prove who you are in one way, not in several")
    if basic:
        return _read_basic(request.headers["Authorization"])
    if "client_secret" not in form:
        raise OAuthRefusal("invalid_client", "nothing here proves who you are")
    return Proof(form.get("client_id", ""), form["client_secret"])


def _read_basic(header: str) -> Proof:
    """Read a name and a secret, each form-encoded (RFC 6749 §2.3.1)."""
    scheme, _, encoded = header.partition(" ")
    try:
        client_id, colon, secret = base64.b64decode(encoded.strip(), validate=True).decode().partition(":")
    except (binascii.Error, ValueError):
        colon = ""
    if scheme.lower() != "basic" or not colon:
        raise OAuthRefusal("invalid_client", "Authorization is no Basic id and secret")
    return Proof(unquote_plus(client_id), unquote_plus(secret))


def _write(status: int, body: Mapping[str, object]) -> Response:
    return Response(orjson.dumps(body), status=status, mimetype="application/json", headers=_NO_STORE)


blueprint.register_error_handler(OAuthRefusal, _refuse)
