"""HOW REFUSALS ARE DOCUMENTED of what is not public: each operation says which it may answer with."""

from typing import Any

from resource_api.api.errors import MEDIA_TYPE
from resource_api.api.openapi import ProblemSchema
from resource_api.api.problem_kinds import PROBLEMS

_KINDS = {
    401: "unauthorized",
    403: "forbidden",
    404: "not-found",
    409: "conflict",
    410: "gone",
    412: "stale",
    422: "bad-input",
    428: "version-required",
    429: "too-many-requests",
}


def refusals(*statuses: int) -> dict[str, Any]:
    """Document the refusals of an operation, by their statuses."""
    content = {MEDIA_TYPE: {"schema": ProblemSchema}}
    return {str(s): {"description": PROBLEMS[_KINDS[s]].meaning, "content": content} for s in statuses}
