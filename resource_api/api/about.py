"""GET / : what is this API? HSDS's own description of a feed; a person's browser is shown the documentation.

https://docs.openreferral.org/en/latest/hsds/api_reference.html
"""

import marshmallow as ma
import orjson
from flask import Response, redirect, request, url_for

from resource_api.api.blueprint import Blueprint, json_bytes
from resource_api.api.context import settings

HSDS_VERSION = "3.2"
DESCRIPTION = "Services of community-based organizations, as Open Referral HSDS, searchable by need and place."

blueprint = Blueprint("about", __name__)


class PublisherSchema(ma.Schema):
    """Who publishes the feed."""

    name = ma.fields.String(required=True)


class AboutSchema(ma.Schema):
    """HSDS's description of a feed."""

    version = ma.fields.String(required=True, metadata={"description": "HSDS version of this API."})
    profile = ma.fields.Url(required=True, metadata={"description": "URL of the HSDS profile of this API."})
    openapi_url = ma.fields.Url(required=True, metadata={"description": "URL of this API's definition."})
    description = ma.fields.String(required=True)
    publisher = ma.fields.Nested(PublisherSchema, required=True)


@blueprint.route("/", tags=["required"])
@blueprint.doc(operationId="getAPIMetaInformation")
@blueprint.response(200, AboutSchema, description="What this API is.")
@blueprint.alt_response(302, description="To the documentation, for a client that prefers HTML.")
def read_about() -> Response:
    """Retrieve information about this API and its relationship with HSDS."""
    if request.accept_mimetypes.best_match(("application/json", "text/html")) == "text/html":
        shown = redirect(url_for("docs.show_docs"))
        shown.headers["Vary"] = "Accept"
        return shown  # type: ignore[return-value]
    here = settings().public_url
    about = {
        "version": HSDS_VERSION,
        "profile": f"{here}/profile",
        "openapi_url": f"{here}/openapi.json",
        "description": DESCRIPTION,
        "publisher": {"name": settings().publisher_name},
    }
    return json_bytes(orjson.dumps(about), vary=("Accept",))
