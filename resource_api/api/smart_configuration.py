"""GET /.well-known/smart-configuration : where and how does a SMART client get a token?

https://hl7.org/fhir/smart-app-launch/conformance.html#using-well-known
"""

import orjson
from flask import Response

from resource_api.access.codes import KEY_TYPES
from resource_api.access.policy import SCOPES
from resource_api.api.blueprint import Blueprint, json_bytes
from resource_api.api.context import settings
from resource_api.api.schemas.access import SmartConfigurationSchema

blueprint = Blueprint("smart_configuration", __name__)


@blueprint.route("/.well-known/smart-configuration", tags=["access"])
@blueprint.doc(operationId="getSmartConfiguration")
@blueprint.response(200, SmartConfigurationSchema, description="How a client gets a token.")
def show_smart_configuration() -> Response:
    """Tell where and how a client gets a token."""
    from resource_api.api.prove_client import token_url

    body = {
        "issuer": settings().public_url,
        "token_endpoint": token_url(),
        "token_endpoint_auth_methods_supported": ["private_key_jwt", "client_secret_basic", "client_secret_post"],
        "token_endpoint_auth_signing_alg_values_supported": list(KEY_TYPES),
        "grant_types_supported": ["client_credentials"],
        "scopes_supported": sorted(SCOPES),
        # Required of every SMART server, though none of our clients is sent through a browser.
        "code_challenge_methods_supported": ["S256"],
        "capabilities": ["client-confidential-asymmetric", "client-confidential-symmetric"],
    }
    return json_bytes(orjson.dumps(body))
