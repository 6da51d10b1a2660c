"""GET /audit : who looked at what, and who was refused? For auditors."""

from typing import Any

import orjson
from flask import Response
from sqlalchemy import Row

from resource_api.api.authenticate import authorize, guarded
from resource_api.api.blueprint import Blueprint
from resource_api.api.context import keyring, session
from resource_api.api.cursor import read_cursor, write_cursor
from resource_api.api.schemas.audit import AuditArgs, AuditSchema

blueprint = Blueprint("audit", __name__, public=False)


@blueprint.route("/audit", tags=["access"])
@blueprint.doc(operationId="listAudit", **guarded("audit.read"))
@blueprint.arguments(AuditArgs)
@blueprint.response(200, AuditSchema)
def list_audit(args: dict[str, Any]) -> Response:
    """List what was done with what is secret, the newest first."""
    from resource_api.privacy.looks import LookQuery, find_looks

    caller = authorize("audit.read").caller
    filters = {name: value for name, value in args.items() if name in LookQuery.__dataclass_fields__}
    before = int(read_cursor(keyring(), caller, filters, args["cursor"])[0]) if "cursor" in args else None
    size = args["per_page"]
    rows = find_looks(session(), LookQuery(**filters), before=before, limit=size + 1)
    page, more = rows[:size], len(rows) > size
    body = {
        "contents": [_write_row(row) for row in page],
        "next": write_cursor(keyring(), caller, filters, [page[-1].id]) if more else None,
    }
    return Response(orjson.dumps(body), mimetype="application/json", headers={"Cache-Control": "no-store"})


def _write_row(row: Row[Any]) -> dict[str, Any]:
    return row._asdict() | {"object_ids": row.object_ids.split()}
