"""GET|PUT /locations/{id}/confidential-address : where is a confidential location? For its owner's stewards alone."""

from datetime import UTC, datetime

from flask import Response
from flask.views import MethodView

from resource_api.api.arguments import JSON_TYPE, check_fields
from resource_api.api.authenticate import authorize, guarded
from resource_api.api.blueprint import Blueprint
from resource_api.api.context import writing
from resource_api.api.editing import body_documented, denials_audited, flatten_schema, known_version, read_body, written
from resource_api.api.refusals import refusals
from resource_api.api.schemas.stewardship import ConfidentialAddressSchema
from resource_api.privacy.audit import record

blueprint = Blueprint("confidential_address", __name__, public=False)
_IF_MATCH = {"in": "header", "name": "If-Match", "schema": {"type": "string"}}


@blueprint.route("/locations/<id>/confidential-address")
class ConfidentialAddress(MethodView):
    """Where one confidential location is."""

    @blueprint.doc(
        operationId="getConfidentialAddress",
        tags=["stewardship"],
        responses=refusals(401, 403, 404, 409, 410),
        **guarded("directory.edit"),
    )
    @blueprint.response(200, ConfidentialAddressSchema)
    def get(self, id: str) -> Response:
        """Show where a confidential location is; each look is audited."""
        from resource_api.directory.confidential_address import read_address

        grants, now = authorize("directory.edit"), datetime.now(UTC)
        with denials_audited(grants, "directory.address", "location", id, now), writing() as session:
            found = read_address(session, grants, id)
            record(session, grants.caller.agent, "R", "directory.address", now=now, kind="location", ids=[id])
            session.commit()
        return written(found.json, found.etag)

    @blueprint.doc(
        operationId="putConfidentialAddress",
        tags=["stewardship"],
        parameters=[_IF_MATCH],
        **guarded("directory.edit"),
        **body_documented(
            flatten_schema("ConfidentialAddress", ConfidentialAddressSchema),
            answers=refusals(401, 403, 404, 409, 410, 412, 428),
        ),
    )
    @blueprint.response(200, ConfidentialAddressSchema)
    def put(self, id: str) -> Response:
        """Replace where a confidential location is, under the ETag of this form."""
        from resource_api.directory.confidential_address import put_address
        from resource_api.directory.edit import Precondition

        grants, now = authorize("directory.edit"), datetime.now(UTC)
        known, sent = Precondition(known_version()), read_body(JSON_TYPE)
        check_fields(ConfidentialAddressSchema, sent)
        with denials_audited(grants, "directory.address", "location", id, now), writing() as session:
            found = put_address(session, grants, id, sent, known, now=now)
            record(session, grants.caller.agent, "U", "directory.address", now=now, kind="location", ids=[id])
            session.commit()
        return written(found.json, found.etag)
