"""How records are edited: PUT, PATCH and DELETE at a record's URL, each under the version that the caller knows.

https://www.rfc-editor.org/rfc/rfc9110#section-13 https://www.rfc-editor.org/rfc/rfc7396
"""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import marshmallow as ma
from flask import Response, request
from sqlalchemy.orm import Session
from werkzeug.exceptions import RequestEntityTooLarge

from resource_api.access.policy import Grants
from resource_api.api.arguments import JSON_TYPE, check_fields, read_json, refuse
from resource_api.api.authenticate import authorize, guarded
from resource_api.api.blueprint import json_bytes
from resource_api.api.context import settings, writing
from resource_api.api.errors import FieldError, Problem
from resource_api.api.headers import GZIP_SUFFIX
from resource_api.api.limits import MAX_BODY
from resource_api.api.refusals import refusals
from resource_api.errors import NotAllowed
from resource_api.privacy.audit import Action, record

if TYPE_CHECKING:
    from resource_api.directory.edit import EditKind, Precondition

PATCH_TYPE = "application/merge-patch+json"
_PATHS = {"taxonomy": "taxonomies"}
_PRECONDITIONS = (
    {
        "in": "header",
        "name": "If-Match",
        "schema": {"type": "string"},
        "description": "The ETag that the record was last served with.",
    },
    {
        "in": "header",
        "name": "If-None-Match",
        "schema": {"const": "*"},
        "description": "Make the record; there is to be none yet.",
    },
)


def body_documented(
    schema: Any, content_type: str = JSON_TYPE, *, answers: dict[str, Any] | None = None
) -> dict[str, Any]:
    """Document a body that the view reads itself, once it knows who asks, and what else it answers with."""
    body = {"content": {content_type: {"schema": schema}}, "required": True}
    wrong = {"422": {"$ref": "#/components/responses/INVALID_ARGUMENTS"}}
    return {"requestBody": body, "responses": wrong | (answers or {})}


def flatten_schema(noun: str, schema: type[ma.Schema]) -> type[ma.Schema]:
    """Make a schema of what is sent: as what is served, but that lists and shown records are not spelled out again.

    Spelled out, each would contain the other without end.
    """
    fields: dict[str, ma.fields.Field[Any]] = {}
    for name, declared in schema().fields.items():
        said = {"description": f"As `{name}` is served."}
        inner = declared.inner if isinstance(declared, ma.fields.List) else None
        if isinstance(inner, ma.fields.Nested):
            fields[name] = ma.fields.List(ma.fields.Dict(), metadata=said)
        elif isinstance(declared, ma.fields.Nested):
            fields[name] = ma.fields.Dict(metadata=said)
        else:
            fields[name] = declared if name != "id" else ma.fields.UUID(metadata={"description": "That of the URL."})
    return ma.Schema.from_dict(fields, name=f"{noun}ToWriteSchema")


def put_documented(noun: str, schema: type[ma.Schema]) -> dict[str, Any]:
    """Document the PUT of a record."""
    made = {"201": {"description": "Made.", "content": {JSON_TYPE: {"schema": schema}}}}
    said = body_documented(flatten_schema(noun, schema), answers=_answers(schema) | made)
    return _documented(f"put{noun}", _PRECONDITIONS, said)


def patch_documented(noun: str, schema: type[ma.Schema]) -> dict[str, Any]:
    """Document the PATCH of a record."""
    patch = {"type": "object", "description": "A JSON Merge Patch of the document."}
    return _documented(f"patch{noun}", _PRECONDITIONS[:1], body_documented(patch, PATCH_TYPE, answers=_answers(schema)))


def delete_documented(noun: str) -> dict[str, Any]:
    """Document the DELETE of a record."""
    return _documented(f"delete{noun}", _PRECONDITIONS[:1], {"responses": {"204": {"description": "Deleted."}}})


def answer_put(kind: "EditKind", record_id: str, schema: type[ma.Schema]) -> Response:
    """Make or replace one record."""
    from resource_api.directory.edit import put_record

    grants, now = authorize("directory.edit"), datetime.now(UTC)
    known, sent = _read_precondition(), read_body(JSON_TYPE)
    check_fields(schema, {"id": record_id} | sent)
    with denials_audited(grants, "directory.edit", kind, record_id, now), writing() as session:
        edited = put_record(session, grants, kind, record_id, sent, known, now=now)
        if edited.changed:
            _audit(session, grants, "C" if edited.created else "U", kind, record_id, now)
            session.commit()
    response = written(edited.record.json, edited.record.etag)
    if edited.created:
        response.status_code = 201
        response.headers["Location"] = f"{settings().public_url}/{_PATHS.get(kind, f'{kind}s')}/{record_id}"
    return response


def answer_patch(kind: "EditKind", record_id: str) -> Response:
    """Change some of what one record says."""
    from resource_api.directory.edit import patch_record

    grants, now = authorize("directory.edit"), datetime.now(UTC)
    known, patch = _read_precondition(), read_body(PATCH_TYPE)
    with denials_audited(grants, "directory.edit", kind, record_id, now), writing() as session:
        edited = patch_record(session, grants, kind, record_id, patch, known, now=now)
        if edited.changed:
            _audit(session, grants, "U", kind, record_id, now)
            session.commit()
    return written(edited.record.json, edited.record.etag)


def answer_delete(kind: "EditKind", record_id: str) -> Response:
    """Delete one record."""
    from resource_api.directory.edit import delete_record

    grants, now = authorize("directory.edit"), datetime.now(UTC)
    known = _read_precondition()
    with denials_audited(grants, "directory.edit", kind, record_id, now), writing() as session:
        delete_record(session, grants, kind, record_id, known, now=now)
        _audit(session, grants, "D", kind, record_id, now)
        session.commit()
    response = Response(status=204)
    response.headers["Cache-Control"] = "no-store"
    return response


def read_body(content_type: str) -> dict[str, Any]:
    """Read a body that is to be one JSON object of this type. Raises Problem."""
    if request.mimetype != content_type:
        accept = "Accept-Patch" if content_type == PATCH_TYPE else "Accept-Post"
        said = request.mimetype or "of no stated type"
        raise Problem(
            "unsupported-media-type", f"The body is {said}, not {content_type}", headers={accept: content_type}
        )
    body = request.get_data(cache=False)
    if request.content_length is None and len(body) >= MAX_BODY:  # werkzeug cuts a chunked body off, silently
        raise RequestEntityTooLarge
    found = read_json(body)
    if not isinstance(found, dict):
        raise refuse((FieldError("", "The body is not a JSON object"),))
    return found


def known_version() -> frozenset[str] | None:
    """Read the ETags that If-Match names, without quotes; None where it names none."""
    if "If-Match" not in request.headers:
        return None
    given = request.if_match
    if given.star_tag:
        return None  # any version at all is none that anybody knows
    return frozenset((tag or "").removesuffix(GZIP_SUFFIX) for tag in given.as_set())  # `""` is read as None


def written(body: bytes, etag: str) -> Response:
    """Answer a write with what was written: nothing that may be kept."""
    response = json_bytes(body, etag=etag)
    response.headers["Cache-Control"] = "no-store"
    return response


@contextmanager
def denials_audited(grants: Grants, what: str, kind: str, record_id: str, now: datetime) -> Iterator[None]:
    """Audit where somebody who is known is refused a record that is not theirs."""
    try:
        yield
    except NotAllowed:
        with writing() as session:
            record(
                session, grants.caller.agent, "E", what, now=now, kind=kind, ids=[record_id], outcome="denied",
                reason="not-own",
            )  # fmt: skip
            session.commit()
        raise


def _read_precondition() -> "Precondition":
    """Read what the caller says of the version it knows."""
    from resource_api.directory.edit import Precondition

    return Precondition(known_version(), is_new=request.if_none_match.star_tag)


def _audit(session: Session, grants: Grants, action: Action, kind: str, record_id: str, now: datetime) -> None:
    record(session, grants.caller.agent, action, "directory.edit", now=now, kind=kind, ids=[record_id])


def _answers(schema: type[ma.Schema]) -> dict[str, Any]:
    return {"200": {"description": "As it is served now.", "content": {JSON_TYPE: {"schema": schema}}}}


def _documented(operation: str, headers: tuple[dict[str, Any], ...], said: dict[str, Any]) -> dict[str, Any]:
    responses = refusals(401, 403, 404, 409, 410, 412, 428) | said["responses"]
    about = {"operationId": operation, "tags": ["stewardship"], "parameters": list(headers)}
    return guarded("directory.edit") | about | said | {"responses": responses}
