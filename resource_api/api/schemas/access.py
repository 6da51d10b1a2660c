"""What a client shows to get a token, and an administrator to see what is secret."""

from typing import Any

import marshmallow as ma
from marshmallow import validate

from resource_api.access.codes import ASSERTION_TYPE, LEAST_REASON, MOST_MINUTES
from resource_api.api.arguments import BodyArgs
from resource_api.api.limits import text, whole_number

_TEXT = {"type": "string", "minLength": 1}
# Not a marshmallow schema: the endpoint is OAuth's, and ignores what it does not know.
TOKEN_FORM: dict[str, Any] = {
    "type": "object",
    "required": ["grant_type"],
    "properties": {
        "grant_type": {"type": "string", "enum": ["client_credentials"]},
        "scope": _TEXT | {"description": "Scopes, separated by spaces; without it, all that the client has."},
        "client_id": _TEXT | {"description": "With client_secret; else the assertion or Authorization names it."},
        "client_secret": _TEXT | {"description": "Or in Authorization: Basic."},
        "client_assertion_type": {"type": "string", "enum": [ASSERTION_TYPE]},
        "client_assertion": _TEXT | {"description": "A JWT as SMART Backend Services has it, RS384 or ES384."},
    },
}


class TokenSchema(ma.Schema):
    """A token."""

    access_token = ma.fields.String(required=True)
    token_type = ma.fields.String(required=True, validate=validate.Equal("bearer"))
    expires_in = ma.fields.Integer(required=True, metadata={"description": "Seconds; at most 300."})
    scope = ma.fields.String(required=True)


class OAuthRefusalSchema(ma.Schema):
    """A refusal, as RFC 6749 has it."""

    error = ma.fields.String(
        required=True,
        validate=validate.OneOf(("invalid_request", "invalid_client", "invalid_scope", "unsupported_grant_type")),
    )
    error_description = ma.fields.String(required=True)


class SmartConfigurationSchema(ma.Schema):
    """What a SMART client needs to know to get a token."""

    issuer = ma.fields.Url(required=True)
    token_endpoint = ma.fields.Url(required=True)
    token_endpoint_auth_methods_supported = ma.fields.List(ma.fields.String(), required=True)
    token_endpoint_auth_signing_alg_values_supported = ma.fields.List(ma.fields.String(), required=True)
    grant_types_supported = ma.fields.List(ma.fields.String(), required=True)
    scopes_supported = ma.fields.List(ma.fields.String(), required=True)
    code_challenge_methods_supported = ma.fields.List(ma.fields.String(), required=True)
    capabilities = ma.fields.List(ma.fields.String(), required=True)


class BreakGlassBody(BodyArgs):
    """Why an administrator must see what is secret, and for how long."""

    reason = text(
        max_length=2_000,
        required=True,
        validate=validate.Length(min=LEAST_REASON),
        metadata={"description": "What happened, and whom it serves to look. Kept sealed.", "minLength": LEAST_REASON},
    )
    minutes = whole_number(1, MOST_MINUTES, load_default=15)


class GlassSchema(ma.Schema):
    """An emergency access."""

    id = ma.fields.UUID(required=True)
    until = ma.fields.AwareDateTime(required=True)
