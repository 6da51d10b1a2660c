"""GET /problems : what does this refusal mean? Every `type` of problem leads here."""

import marshmallow as ma
import orjson
from flask import Response

from resource_api.api.blueprint import Blueprint, json_bytes
from resource_api.api.context import language
from resource_api.api.errors import problem_type
from resource_api.api.problem_kinds import PROBLEMS, ProblemKind
from resource_api.errors import NotFound

blueprint = Blueprint("problems", __name__)


class ProblemKindSchema(ma.Schema):
    """One kind of problem."""

    type = ma.fields.Url(required=True)
    title = ma.fields.String(required=True)
    status = ma.fields.Integer(required=True)
    meaning = ma.fields.String(required=True)


class ProblemKindsSchema(ma.Schema):
    """Every kind of problem."""

    problems = ma.fields.List(ma.fields.Nested(ProblemKindSchema), required=True)


@blueprint.route("/problems", tags=["operations"])
@blueprint.doc(operationId="listProblems")
@blueprint.response(200, ProblemKindsSchema, description="Every kind of problem, by status.")
def list_problems() -> Response:
    """List every kind of problem that this API answers with."""
    kinds = [_write_kind(kind) for kind in PROBLEMS.values()]
    return json_bytes(orjson.dumps({"problems": kinds}), vary=("Accept-Language",))


@blueprint.route("/problems/<slug>", tags=["operations"])
@blueprint.doc(operationId="getProblem")
@blueprint.response(200, ProblemKindSchema, description="One kind of problem.")
def get_problem(slug: str) -> Response:
    """Explain one kind of problem."""
    kind = PROBLEMS.get(slug)
    if kind is None:
        raise NotFound(f"There is no kind of problem called {slug[:80]!r}", hint="GET /problems lists them")
    return json_bytes(orjson.dumps(_write_kind(kind)), vary=("Accept-Language",))


def _write_kind(kind: ProblemKind) -> dict[str, str | int]:
    return {
        "type": problem_type(kind.slug),
        "title": kind.title(language()),
        "status": kind.status,
        "meaning": kind.meaning,
    }
