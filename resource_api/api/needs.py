"""GET /needs : which needs are there, what are they called, and which clinical codes express them?"""

from functools import lru_cache
from typing import Any

import orjson
from flask import Response

from resource_api.api.arguments import QueryArgs
from resource_api.api.blueprint import Blueprint, json_bytes
from resource_api.api.context import language
from resource_api.api.limits import text
from resource_api.api.schemas.search import NeedsSchema
from resource_api.needs import Need, needs_for_code, vocabulary

blueprint = Blueprint("needs", __name__)


class NeedsArgs(QueryArgs):
    """Which needs are wanted."""

    code = text(
        max_length=60,
        metadata={"description": "Those that this clinical code expresses.", "example": "Z59.41"},
    )


@blueprint.route("/needs")
@blueprint.doc(operationId="listNeeds")
@blueprint.arguments(NeedsArgs)
@blueprint.response(200, NeedsSchema)
def list_needs(args: dict[str, Any]) -> Response:
    """List the need vocabulary with its codes."""
    if "code" not in args:
        return json_bytes(_write_every_need(language()), vary=("Accept-Language",))
    known = vocabulary().needs
    wanted = (slug for slug, _ in needs_for_code(args["code"]))
    body = {"needs": [_write_need(known[slug], language()) for slug in wanted]}
    return json_bytes(orjson.dumps(body), vary=("Accept-Language",))


@lru_cache(maxsize=4)
def _write_every_need(lang: str) -> bytes:
    return orjson.dumps({"needs": [_write_need(need, lang) for need in vocabulary().needs.values()]})


def _write_need(need: Need, lang: str) -> dict[str, Any]:
    out: dict[str, Any] = {
        "slug": need.slug,
        "label": need.label(lang),
        "parent": need.parent,
        "en": need.en,
        "es": need.es,
    }
    for key in ("life_stages", "sdohcc", "icd10", "loinc", "taxonomy"):
        out[key] = list(getattr(need, key))
    if need.sensitive:
        out["sensitive"] = True
    return {key: value for key, value in out.items() if value not in (None, [])}
