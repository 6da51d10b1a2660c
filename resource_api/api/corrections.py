"""GET /corrections, POST /corrections/{id}/decision : what is said to be wrong, and what do its stewards make of it?"""

from datetime import UTC, datetime
from typing import Any

import orjson
from flask import Response

from resource_api.api.arguments import JSON_TYPE, load_fields
from resource_api.api.authenticate import authorize, guarded
from resource_api.api.blueprint import Blueprint
from resource_api.api.context import session, writing
from resource_api.api.editing import body_documented, read_body
from resource_api.api.refusals import refusals
from resource_api.api.schemas.stewardship import CorrectionArgs, CorrectionPageSchema, CorrectionSchema, RulingSchema
from resource_api.directory.correction import Correction, Ruling
from resource_api.directory.lookup import write_time
from resource_api.privacy.audit import record

blueprint = Blueprint("corrections", __name__, public=False)


@blueprint.route("/corrections", methods=["GET"], tags=["stewardship"])
@blueprint.doc(operationId="listCorrections", responses=refusals(401, 403, 404), **guarded("corrections.decide"))
@blueprint.arguments(CorrectionArgs)
@blueprint.response(200, CorrectionPageSchema)
def list_corrections(args: dict[str, Any]) -> Response:
    """List the corrections to services that the caller may write, the oldest first."""
    from resource_api.directory.correct import find_corrections

    grants = authorize("corrections.decide")
    size = args["per_page"]
    wanted = {name: args.get(name) for name in ("state", "service_id", "after")}
    found = find_corrections(session(), grants, **wanted, limit=size)
    page: dict[str, Any] = {"contents": [write_correction(correction) for correction in found]}
    if len(found) == size:
        page["next"] = found[-1].id
    return _private(page)


@blueprint.route("/corrections/<id>/decision", methods=["POST"], tags=["stewardship"])
@blueprint.doc(
    operationId="decideCorrection",
    **guarded("corrections.decide"),
    **body_documented(RulingSchema, answers=refusals(401, 403, 404, 409, 410)),
)
@blueprint.response(200, CorrectionSchema)
def decide(id: str) -> Response:
    """Accept or decline a correction, or say that the service is still right."""
    from resource_api.directory.correct import decide_correction

    grants, now = authorize("corrections.decide"), datetime.now(UTC)
    ruling = Ruling(**load_fields(RulingSchema, read_body(JSON_TYPE)))
    with writing() as writer:
        correction = decide_correction(writer, grants, id, ruling, now=now)
        record(
            writer, grants.caller.agent, "U", "correction.decide", now=now, kind="service", ids=[correction.service_id]
        )
        body = write_correction(correction)
        writer.commit()
    return _private(body)


def write_correction(correction: Correction) -> dict[str, Any]:
    """Write a correction for the service's stewards."""
    names = ("id", "service_id", "kind", "field", "value", "note", "state", "reason")
    out = {name: value for name in names if (value := getattr(correction, name)) is not None}
    for name in ("created_at", "decided_at"):
        if (moment := getattr(correction, name)) is not None:
            out[name] = write_time(moment)
    return out


def _private(body: dict[str, Any]) -> Response:
    response = Response(orjson.dumps(body), mimetype=JSON_TYPE)
    response.headers["Cache-Control"] = "no-store"
    return response
