"""POST /oauth/token : a client proves who it is, and gets a token for five minutes.

OAuth 2.0's client credentials, by a secret or, as SMART Backend Services has it, by a signed assertion.
https://www.rfc-editor.org/rfc/rfc6749#section-4.4 · https://hl7.org/fhir/smart-app-launch/backend-services.html
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import orjson
from flask import Response, g, request
from sqlalchemy.orm import Session

from resource_api.api.authenticate import check_failures, count_failure
from resource_api.api.blueprint import Blueprint
from resource_api.api.context import keyring, writing
from resource_api.api.errors import Problem
from resource_api.api.schemas.access import TOKEN_FORM, OAuthRefusalSchema, TokenSchema
from resource_api.errors import BadInput, NotAuthenticated, NotFound
from resource_api.privacy.audit import Agent, record

if TYPE_CHECKING:
    from resource_api.access.tables import Client
    from resource_api.access.token import Issued

blueprint = Blueprint("oauth", __name__, public=False)

FORM_TYPE = "application/x-www-form-urlencoded"
GRANT = "client_credentials"
# Tokens of one client within a minute: each of its workers may ask for its own.
TOKENS = 300
TOKEN_WINDOW_S = 60
_STATUS = {"invalid_client": 401}


class OAuthRefusal(Exception):
    """A refusal as RFC 6749 §5.2 has it."""

    def __init__(self, error: str, description: str) -> None:
        super().__init__(description)
        self.error = error
        self.description = description


@blueprint.route("/oauth/token", methods=["POST"], tags=["access"])
@blueprint.doc(
    operationId="getToken",
    requestBody={"required": True, "content": {FORM_TYPE: {"schema": TOKEN_FORM}}},
)
@blueprint.response(200, TokenSchema, description="A token.")
@blueprint.alt_response(400, schema=OAuthRefusalSchema, description="`invalid_request`, `invalid_scope` and the like.")
@blueprint.alt_response(401, schema=OAuthRefusalSchema, description="`invalid_client`.")
def give_token() -> Response:
    """Get an access token, for a client that proves who it is."""
    from resource_api.access.assertion import use_once
    from resource_api.access.client import get_client
    from resource_api.api.prove_client import prove_client

    now = datetime.now(UTC)
    form = _read_form()
    check_failures(now)
    try:
        client_id, assertion = prove_client(form, now)
        with writing() as session:
            client = get_client(session, client_id)
            if assertion is not None:
                use_once(session, assertion)
            issued = _issue(session, client, form.get("scope"), now)
            session.commit()
    except (NotAuthenticated, NotFound) as error:
        count_failure(now)
        raise OAuthRefusal("invalid_client", error.message) from error
    except BadInput as error:
        raise OAuthRefusal("invalid_scope" if error.field == "scope" else "invalid_request", error.message) from error
    return _write(
        200,
        {
            "access_token": issued.token,
            "token_type": "bearer",
            "expires_in": issued.expires_in,
            "scope": issued.scope,
        },
    )


def _issue(session: Session, client: "Client", scope: str | None, now: datetime) -> "Issued":
    from resource_api.access.rate import count
    from resource_api.access.token import choose_scope, issue

    count(session, f"tokens:{client.id}", limit=TOKENS, window_s=TOKEN_WINDOW_S, now=now)
    issued = issue(session, keyring(), client, choose_scope(client, scope), now)
    agent = Agent(client.participant_id, client.id, issued.id, g.get("request_id"))
    record(session, agent, "E", "token.issue", now=now, kind="access_token", ids=[issued.id])
    return issued


def _read_form() -> dict[str, str]:
    if request.mimetype != FORM_TYPE:
        raise OAuthRefusal("invalid_request", f"the body is to be {FORM_TYPE}")
    if any(len(values) > 1 for values in request.form.listvalues()):
        raise OAuthRefusal("invalid_request", "a parameter is given more than once")
    # RFC 6749 §3.2: a parameter without a value is as if it were not there.
    form = {name: value for name, value in request.form.items() if value}
    if "grant_type" not in form:
        raise OAuthRefusal("invalid_request", f"grant_type is missing; it is {GRANT}")
    if form["grant_type"] != GRANT:
        raise OAuthRefusal("unsupported_grant_type", f"grant_type is {GRANT}")
    return form


def _refuse(refusal: OAuthRefusal) -> Response:
    body = {"error": refusal.error, "error_description": refusal.description}
    answer = _write(_STATUS.get(refusal.error, 400), body)
    if answer.status_code == 401:
        answer.headers["WWW-Authenticate"] = 'Basic realm="oauth/token", charset="UTF-8"'
    return answer


def _refuse_parameters(problem: Problem) -> Response:
    return _refuse(OAuthRefusal("invalid_request", problem.detail))


def _write(status: int, body: Mapping[str, object]) -> Response:
    # RFC 6749 §5.1 asks for both headers.
    headers = {"Cache-Control": "no-store", "Pragma": "no-cache"}
    return Response(orjson.dumps(body), status=status, mimetype="application/json", headers=headers)


blueprint.register_error_handler(OAuthRefusal, _refuse)
blueprint.register_error_handler(Problem, _refuse_parameters)
