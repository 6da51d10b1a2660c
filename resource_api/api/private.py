"""HOW WHAT IS NOT PUBLIC IS ANSWERED: never kept by anybody on the way."""

from datetime import datetime
from typing import Any

import orjson
from flask import Response


def answer_private(body: Any = None, status: int = 200, **headers: str) -> Response:
    """Answer with JSON that nobody stores; what is None in an object is left out."""
    content = b"" if body is None else orjson.dumps(_known(body), default=_write_other)
    response = Response(content, status=status, mimetype="application/json" if content else None)
    response.headers["Cache-Control"] = "no-store"
    response.headers.update(headers)
    if not content:
        response.headers.pop("Content-Type", None)
    return response


def _known(body: Any) -> Any:
    if isinstance(body, dict):
        return {name: _known(value) for name, value in body.items() if value is not None}
    return [_known(value) for value in body] if isinstance(body, list) else body


def _write_other(value: Any) -> str:
    if isinstance(value, datetime):
        return value.isoformat()
    raise TypeError(type(value).__name__)
