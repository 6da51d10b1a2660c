"""POST /services/{id}/corrections : what does anybody say is wrong with a service, or still right?"""

from datetime import UTC, datetime

import orjson
from flask import Response

from resource_api.api.arguments import JSON_TYPE, load_fields
from resource_api.api.authenticate import network
from resource_api.api.blueprint import Blueprint
from resource_api.api.context import keyring, writing
from resource_api.api.editing import body_documented, read_body
from resource_api.api.schemas.stewardship import NewCorrectionSchema, SuggestedSchema
from resource_api.directory.correction import NewCorrection

blueprint = Blueprint("suggest_correction", __name__)

# Of one address within an hour, and of everybody to one service: a steward has to read each.
OF_ONE_ADDRESS = 20
TO_ONE_SERVICE = 60
WINDOW_S = 3600


@blueprint.route("/services/<id>/corrections", methods=["POST"], tags=["stewardship"])
@blueprint.doc(
    operationId="suggestCorrection",
    **body_documented(NewCorrectionSchema),
)
@blueprint.response(202, SuggestedSchema, description="Kept for the service's stewards.")
def suggest(id: str) -> Response:
    """Say that a service is wrong, closed or still right: anybody may, without a token."""
    from resource_api.access.rate import count
    from resource_api.directory.correct import suggest_correction

    now = datetime.now(UTC)
    _count(f"corrections:{keyring().hash_secret(network())[:32]}", OF_ONE_ADDRESS, now)
    new = NewCorrection(**load_fields(NewCorrectionSchema, read_body(JSON_TYPE)))
    with writing() as session:
        correction = suggest_correction(session, id, new, now=now)
        count(session, f"corrections of:{id}", limit=TO_ONE_SERVICE, window_s=WINDOW_S, now=now)
        body = {"id": correction.id, "state": correction.state}
        session.commit()
    response = Response(orjson.dumps(body), status=202, mimetype=JSON_TYPE)
    response.headers["Cache-Control"] = "no-store"
    return response


def _count(name: str, limit: int, now: datetime) -> None:
    from resource_api.access.rate import count

    with writing() as session:
        count(session, name, limit=limit, window_s=WINDOW_S, now=now)
        session.commit()
