"""GET /openapi.json : the API's own definition, OpenAPI 3.1, made from the views.

Made when first asked for: starting must not wait for it.
https://spec.openapis.org/oas/v3.1.0
"""

from typing import Any

import flask_smorest  # type: ignore[import-untyped]
import marshmallow as ma
import orjson
from flask import Flask, Response, current_app

from resource_api import VERSION
from resource_api.api.blueprint import Blueprint, json_bytes
from resource_api.api.context import Wiring
from resource_api.api.errors import MEDIA_TYPE

JSON = dict[str, Any]

_REQUIREMENT = "https://docs.openreferral.org/en/latest/hsds/codelists.html#api-endpoint-requirement"
_TAGS = (
    {"name": "search", "description": "Find what fits: by need, place, time and person."},
    {"name": "needs", "description": "What people need, in plain words and in clinical codes."},
    {
        "name": "required",
        "description": "Required by the HSDS API specification.",
        "externalDocs": {"url": _REQUIREMENT},
    },
    {
        "name": "optional",
        "description": "Optional in the HSDS API specification.",
        "externalDocs": {"url": _REQUIREMENT},
    },
    {"name": "access", "description": "How a client gets a token, and what an administrator does in an emergency."},
    {"name": "stewardship", "description": "Who may write the directory, and how it is kept right."},
    {"name": "referrals", "description": "Send somebody, and learn what came of it."},
    {"name": "delivery", "description": "Who is told of what happens to referrals, and what did not arrive."},
    {"name": "profile", "description": "How our documents differ from plain HSDS."},
    {"name": "operations", "description": "Health, and what each refusal means."},
)
# The tags of HSDS's own operations, and what stands beside operations under a path.
_HSDS = {"required", "optional"}
_BESIDE = ("parameters", "summary")
_ERRORS = (
    ("DEFAULT_ERROR", "Any other refusal, as a problem (RFC 9457)."),
    ("INVALID_ARGUMENTS", "A parameter or field is unknown, missing or wrong."),
)

blueprint = Blueprint("openapi", __name__, documented=False)


class FieldErrorSchema(ma.Schema):
    """One thing wrong with one field."""

    field = ma.fields.String(required=True)
    detail = ma.fields.String(required=True)
    hint = ma.fields.String(metadata={"description": "What would be right."})


class ProblemSchema(ma.Schema):
    """A problem, as RFC 9457 has it: each kind may have members of its own."""

    class Meta:
        """A client is not to stumble over those it does not know."""

        unknown = ma.INCLUDE

    type = ma.fields.Url(required=True, metadata={"description": "Names the kind, and leads to its meaning."})
    title = ma.fields.String(required=True)
    status = ma.fields.Integer(required=True)
    detail = ma.fields.String(required=True)
    request_id = ma.fields.String(required=True, metadata={"description": "Under which it was logged."})
    errors = ma.fields.List(ma.fields.Nested(FieldErrorSchema))
    suggestions = ma.fields.List(ma.fields.String())


class _Definition(flask_smorest.Api):  # type: ignore[misc]
    """flask-smorest's maker of definitions, without what it would add to the application."""

    def _register_error_handlers(self) -> None:
        pass

    def _register_responses(self) -> None:
        for name, description in _ERRORS:
            content = {MEDIA_TYPE: {"schema": ProblemSchema}}
            self.spec.components.response(name, {"description": description, "content": content}, lazy=True)


@blueprint.route("/openapi.json")
def show_openapi() -> Response:
    """Get the definition of this API."""
    return json_bytes(orjson.dumps(write_openapi(current_app)))


def write_openapi(app: Flask) -> JSON:
    """Write the definition of every documented operation of an application."""
    if "openapi" not in app.extensions:
        app.extensions["openapi"] = _define(app)
    definition: JSON = app.extensions["openapi"]
    return definition


def write_openapi_patch(definition: JSON) -> JSON:
    """Write, as a merge patch of HSDS's own openapi.json, the operations that HSDS does not have."""
    ours: dict[str, JSON] = {}
    for path, item in definition["paths"].items():
        own = {name: each for name, each in item.items() if name not in _BESIDE and not set(each["tags"]) & _HSDS}
        if own:
            ours[path] = own | {name: item[name] for name in _BESIDE if name in item}
    needed: dict[str, JSON] = {}
    _collect(ours, definition, needed)
    return {"info": definition["info"], "tags": definition["tags"], "paths": ours, "components": needed}


def _define(app: Flask) -> JSON:
    wiring: Wiring = app.extensions["resource_api"]
    api = _Definition(
        app,
        spec_kwargs={
            "title": wiring.settings.publisher_name,
            "version": VERSION,
            "openapi_version": "3.1.0",
            "info": {
                "summary": "A community resource directory: what help exists, for this need, near this person.",
                "license": {"name": "Apache-2.0", "url": "https://www.apache.org/licenses/LICENSE-2.0"},
            },
            "servers": [{"url": wiring.settings.public_url}],
            "externalDocs": {
                "description": "Open Referral HSDS",
                "url": "https://docs.openreferral.org/en/latest/hsds/",
            },
        },
    )
    for tag in _TAGS:
        api.spec.tag(tag)
    api.spec.components.security_scheme("token", _token_scheme(wiring.settings.public_url))
    for group in app.blueprints.values():
        if isinstance(group, Blueprint) and group.documented:
            group.register_views_in_doc(api, app, api.spec, name=group.name, parameters=None)
    # Once to JSON and back: status codes become strings, as they are in what is served.
    definition: JSON = orjson.loads(orjson.dumps(api.spec.to_dict(), option=orjson.OPT_NON_STR_KEYS))
    return definition


def _token_scheme(public_url: str) -> JSON:
    from resource_api.access.policy import ACTIONS, SCOPES, scope_for

    scopes = {scope: ", ".join(action for action in ACTIONS if scope_for(action) == scope) for scope in SCOPES}
    flow = {"tokenUrl": f"{public_url}/oauth/token", "scopes": scopes}
    return {"type": "oauth2", "flows": {"clientCredentials": flow}}


def _collect(part: Any, definition: JSON, needed: dict[str, JSON]) -> None:
    """Collect the components that a part of the definition refers to, and those that they refer to."""
    if isinstance(part, list):
        for child in part:
            _collect(child, definition, needed)
    elif isinstance(part, dict):
        reference = part.get("$ref")
        if isinstance(reference, str) and reference.startswith("#/components/"):
            _, _, kind, name = reference.split("/")
            if name not in needed.setdefault(kind, {}):
                needed[kind][name] = definition["components"][kind][name]
                _collect(needed[kind][name], definition, needed)
        for child in part.values():
            _collect(child, definition, needed)
