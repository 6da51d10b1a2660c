"""HOW OPERATIONS ON REFERRALS ARE DESCRIBED: who may, which headers they take, and what each refuses."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from resource_api.access.policy import Action
from resource_api.api.authenticate import authorize, guarded
from resource_api.api.errors import MEDIA_TYPE
from resource_api.api.openapi import ProblemSchema

_SAID = {
    401: "No token, or none that is valid.",
    403: "The token's role or scope, or the caller's side, does not allow it.",
    404: "There is no such referral that the caller may know of.",
    409: "It contradicts what is there: `type` says how.",
    410: "What the referral said is kept no longer.",
    412: "The referral is at another version than If-Match says.",
    422: "The Idempotency-Key came before for something else.",
    428: "If-Match is missing.",
}
IF_MATCH = {
    "in": "header",
    "name": "If-Match",
    "description": "The ETag that was last read; without it 428, with another than the present one 412.",
    "schema": {"type": "string", "pattern": '^(W/)?"[0-9]{1,9}"$'},
    "example": '"3"',
}
IDEMPOTENCY_KEY = {
    "in": "header",
    "name": "Idempotency-Key",
    "description": "Of this one act, kept 72 hours: a retry under it is given the first answer.",
    "schema": {"type": "string", "minLength": 1, "maxLength": 255, "pattern": "^[!-~]+$"},
}
_ETAG = {"ETag": {"description": "The referral's version.", "schema": {"type": "string"}}}
_REPLAYED = {"Idempotent-Replayed": {"description": "`true` on an answer given again.", "schema": {"type": "string"}}}


def granted(action: Action) -> Callable[[Any], Any]:
    """Ask the policy before a view's arguments are read, and give the view what it answers as `grants`."""

    def decorator(view: Any) -> Any:
        @wraps(view)
        def asking(*args: Any, **kwargs: Any) -> Any:
            return view(*args, grants=authorize(action), **kwargs)

        documented: Any = asking
        documented._apidoc["manual_doc"].update(guarded(action))
        return asking

    return decorator


def reading(action: Action, operation_id: str, *refusals: int) -> dict[str, Any]:
    """Describe an operation that reads."""
    return {
        **guarded(action),
        "operationId": operation_id,
        "tags": ["referrals"],
        "responses": _refuse(401, 403, *refusals),
    }


def acting(action: Action, operation_id: str, *refusals: int, versioned: bool = False) -> dict[str, Any]:
    """Describe an operation that acts on a referral; `versioned`: it needs If-Match."""
    more = (412, 428) if versioned else ()
    return {
        **guarded(action),
        "operationId": operation_id,
        "tags": ["referrals"],
        "parameters": [IDEMPOTENCY_KEY, *([IF_MATCH] if versioned else [])],
        "responses": _refuse(401, 403, 404, 409, 410, *more, *refusals),
    }


def answered(*, created: bool = False) -> dict[str, Any]:
    """Describe the headers of an answer to an act."""
    where = {"Location": {"description": "Where the referral is.", "schema": {"type": "string"}}} if created else {}
    return _ETAG | _REPLAYED | where


def _refuse(*statuses: int) -> dict[str, Any]:
    content = {MEDIA_TYPE: {"schema": ProblemSchema}}
    return {str(status): {"description": _SAID[status], "content": content} for status in sorted(set(statuses))}
