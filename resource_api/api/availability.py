"""PUT /services/{id}/availability : does a service take people now, and until when does that hold?"""

from datetime import UTC, datetime

from flask import Response

from resource_api.api.arguments import JSON_TYPE, load_fields
from resource_api.api.authenticate import authorize, guarded
from resource_api.api.blueprint import Blueprint
from resource_api.api.context import writing
from resource_api.api.editing import body_documented, denials_audited, known_version, read_body, written
from resource_api.api.refusals import refusals
from resource_api.api.schemas.service import ServiceSchema
from resource_api.api.schemas.stewardship import AvailabilitySchema
from resource_api.privacy.audit import record

blueprint = Blueprint("availability", __name__, public=False)


@blueprint.route("/services/<id>/availability", methods=["PUT"], tags=["stewardship"])
@blueprint.doc(
    operationId="putAvailability",
    **guarded("directory.edit"),
    **body_documented(AvailabilitySchema, answers=refusals(401, 403, 404, 410, 412)),
)
@blueprint.response(200, ServiceSchema, description="The service as it is served now.")
def put_service_availability(id: str) -> Response:
    """Say whether a service takes people now; its stewards only. It replaces whatever was said before."""
    from resource_api.directory.availability import Availability, put_availability

    grants, now = authorize("directory.edit"), datetime.now(UTC)
    said = Availability(**load_fields(AvailabilitySchema, read_body(JSON_TYPE)))
    with denials_audited(grants, "directory.edit", "service", id, now), writing() as session:
        served = put_availability(session, grants, id, said, if_match=known_version(), now=now)
        record(session, grants.caller.agent, "U", "directory.availability", now=now, kind="service", ids=[id])
        session.commit()
    return written(served.json, served.etag)
