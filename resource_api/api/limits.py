"""HOW MUCH IS TOO MUCH: the bounds on every request, and the kinds of field that keep them.

A field knows whether its value came as text (a query string) or as JSON: from text, "20" is a number; from JSON it
is not, and what a schema promises is exactly what is taken.
"""

import re
from typing import Any

import marshmallow as ma
from flask import Flask, request
from marshmallow import validate

from resource_api.api.errors import Problem

MAX_BODY = 1024 * 1024
MAX_QUERY = 8_000  # under gunicorn's own limit on the request line, so that the refusal is ours and says why
MAX_DEPTH = 32
TOO_DEEP = f"The body is nested more than {MAX_DEPTH} deep"
MAX_PER_PAGE = 100
MAX_PAGE = 1_000_000
MAX_TEXT = 500

_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
TEXT_PATTERN = r"^[^\x00-\x08\x0b\x0c\x0e-\x1f\x7f]*$"
_WHOLE = re.compile(r"-?[0-9]{1,18}")
_NUMBER = re.compile(r"-?[0-9]{1,18}(\.[0-9]{1,18})?([eE][+-]?[0-9]{1,2})?")


def add_limits(app: Flask) -> None:
    """Refuse requests that are too large, before anything is read from them."""
    app.config["MAX_CONTENT_LENGTH"] = MAX_BODY
    app.before_request(_refuse_excess)


def has_control_characters(text: str) -> bool:
    """Tell whether a text has characters that nobody types and databases refuse."""
    return _CONTROL.search(text) is not None


def text(*, max_length: int = MAX_TEXT, **options: Any) -> ma.fields.String:
    """Make a field for a text without control characters."""
    metadata = {"pattern": TEXT_PATTERN} | options.pop("metadata", {})
    extra = options.pop("validate", [])
    checks = [
        validate.Length(max=max_length),
        _refuse_control,
        *(extra if isinstance(extra, list) else [extra]),
    ]
    return ma.fields.String(validate=checks, metadata=metadata, **options)


def shaped(pattern: str, error: str, **options: Any) -> ma.fields.String:
    """Make a field for a text that has one shape, `^…$`, from its beginning to its very end."""
    # To Python, `$` may have a line's end behind it; to who reads the definition it may not.
    check = validate.Regexp(pattern.removesuffix("$") + r"\Z", error=error)
    return text(validate=check, metadata={"pattern": pattern} | options.pop("metadata", {}), **options)


def whole_number(low: int, high: int, **options: Any) -> ma.fields.Integer:
    """Make a field for a whole number between two bounds, both included."""
    return WholeNumber(validate=validate.Range(low, high, error=f"is not between {low} and {high}"), **options)


def number(low: float, high: float, **options: Any) -> ma.fields.Float:
    """Make a field for a number between two bounds, both included."""
    return Number(validate=validate.Range(low, high, error=f"is not between {low:g} and {high:g}"), **options)


def flag(**options: Any) -> ma.fields.Boolean:
    """Make a field for true or false."""
    return Flag(**options)


class WholeNumber(ma.fields.Integer):
    """A whole number in plain ASCII digits."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> int:
        if _from_text(self):
            if not (isinstance(value, str) and _WHOLE.fullmatch(value)):
                raise ma.ValidationError("is not a whole number")
            return int(value)
        if isinstance(value, float) and value.is_integer():
            value = int(value)  # JSON Schema: 1.0 is an integer
        if not isinstance(value, int) or isinstance(value, bool):
            raise ma.ValidationError("is not a whole number")
        return value


class Number(ma.fields.Float):
    """A decimal number in plain ASCII digits."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> float:
        if _from_text(self):
            if not (isinstance(value, str) and _NUMBER.fullmatch(value)):
                raise ma.ValidationError("is not a number")
        elif not isinstance(value, int | float) or isinstance(value, bool):
            raise ma.ValidationError("is not a number")
        return float(value)


class Flag(ma.fields.Boolean):
    """True or false, and no other word for it."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> bool:
        found = {"true": True, "false": False}.get(value) if _from_text(self) else value
        if not isinstance(found, bool):
            raise ma.ValidationError("is neither true nor false")
        return found


def check_depth(value: Any) -> None:
    """Refuse JSON that is nested too deeply."""
    level = [value]
    for _ in range(MAX_DEPTH):
        nested = (v.values() if isinstance(v, dict) else v for v in level if isinstance(v, dict | list))
        level = [child for children in nested for child in children if isinstance(child, dict | list)]
        if not level:
            return
    raise Problem("content-too-large", TOO_DEEP)


def _from_text(field: ma.fields.Field[Any]) -> bool:
    return getattr(field.root, "from_text", False)


def _refuse_control(value: str) -> None:
    if has_control_characters(value):
        raise ma.ValidationError("has control characters")


def _refuse_excess() -> None:
    if len(request.query_string) > MAX_QUERY:
        raise Problem(
            "uri-too-long",
            f"The query string has {len(request.query_string)} bytes, not {MAX_QUERY} or fewer",
        )
    if has_control_characters(request.path):
        raise Problem("not-found", "There is nothing at this path: it has control characters")
