"""POST|DELETE /break-glass : may an administrator see what is secret, for a while?"""

from datetime import UTC, datetime
from typing import Any

import orjson
from flask import Response
from flask.views import MethodView

from resource_api.api.authenticate import authorize, guarded
from resource_api.api.blueprint import Blueprint
from resource_api.api.context import keyring, settings, writing
from resource_api.api.schemas.access import BreakGlassBody, GlassSchema
from resource_api.logs import log_warning

blueprint = Blueprint("break_glass", __name__, public=False)
_NO_STORE = {"Cache-Control": "no-store"}


@blueprint.route("/break-glass", tags=["access"])
class BreakGlass(MethodView):
    """Emergency access: for a reason, for a while, on the record and in the operator's log."""

    @blueprint.doc(operationId="breakGlass", **guarded("glass.break"))
    @blueprint.arguments(BreakGlassBody, location="json")
    @blueprint.response(201, GlassSchema, description="Until when referrals can be seen.")
    def post(self, args: dict[str, Any]) -> Response:
        """See referrals for some minutes, for a reason."""
        from resource_api.access.glass import break_glass

        grants, now = authorize("glass.break"), datetime.now(UTC)
        with writing() as session:
            glass = break_glass(session, keyring(), grants, args["reason"], args["minutes"], now=now)
            session.commit()
        until = glass.until.isoformat()
        log_warning("glass_broken", level=settings().log_level, client_id=grants.caller.client_id, until=until)
        return Response(
            orjson.dumps({"id": glass.id, "until": until}), 201, mimetype="application/json", headers=_NO_STORE
        )

    @blueprint.doc(operationId="mendGlass", **guarded("glass.break"))
    @blueprint.response(204, description="It is over.")
    def delete(self) -> Response:
        """End an emergency access early."""
        from resource_api.access.glass import mend_glass

        grants = authorize("glass.break")
        with writing() as session:
            mend_glass(session, grants, now=datetime.now(UTC))
            session.commit()
        return Response(status=204, headers=_NO_STORE)
