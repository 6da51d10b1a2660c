"""WHAT WAS ASKED: query strings and JSON bodies, read strictly.

An unknown parameter is refused and the nearest known one is named; a parameter that takes one value is refused
when it comes twice; a body of another type than JSON is a 415, never an empty body.
"""

from collections.abc import Iterator, Mapping
from typing import Any, ClassVar, NoReturn

import marshmallow as ma
import orjson
from flask import Request, request
from marshmallow import validate
from webargs.flaskparser import FlaskParser
from werkzeug.exceptions import RequestEntityTooLarge

from resource_api.api.context import LANGUAGES
from resource_api.api.errors import FieldError, Problem
from resource_api.api.limits import MAX_BODY, TOO_DEEP, check_depth, text

JSON_TYPE = "application/json"
_UNKNOWN = "Unknown field."


class Arguments(ma.Schema):
    """What an operation takes; whatever it does not name is refused."""

    from_text: ClassVar[bool]

    class Meta:
        """How marshmallow treats the schema."""

        unknown = ma.RAISE


class QueryArgs(Arguments):
    """The parameters of a query string; those here every operation takes."""

    from_text = True

    lang = text(
        validate=validate.OneOf(LANGUAGES),
        metadata={"description": "Language of labels and errors; else Accept-Language decides."},
    )


class BodyArgs(Arguments):
    """The fields of a JSON body."""

    from_text = False


class StrictParser(FlaskParser):
    """Reads arguments strictly, and quickly: a plain dict of exactly what was sent."""

    DEFAULT_UNKNOWN_BY_LOCATION: dict[str, str | None] = {}  # noqa: RUF012 - as the base class has it

    def load_querystring(self, req: Request, schema: ma.Schema) -> dict[str, Any]:
        """Read the query string. Raises Problem where a parameter that takes one value comes twice."""
        found: dict[str, Any] = {}
        for name, values in req.args.lists():
            field = _field(schema, name)
            if isinstance(field, ma.fields.List):
                found[name] = values
            elif len(values) > 1 and field is not None:
                raise refuse((FieldError(name, "is given more than once", "give it once"),))
            else:
                found[name] = values[0]
        return found

    def load_json(self, req: Request, schema: ma.Schema) -> Any:
        """Read a JSON body. Raises Problem where it is none."""
        if req.mimetype != JSON_TYPE:
            raise Problem(
                "unsupported-media-type",
                f"The body is {req.mimetype or 'of no stated type'}, not {JSON_TYPE}",
                headers={"Accept-Post": JSON_TYPE},
            )
        body = req.get_data(cache=False)
        if req.content_length is None and len(body) >= MAX_BODY:  # werkzeug cuts a chunked body off, silently
            raise RequestEntityTooLarge
        return read_json(body)

    def handle_error(self, error: ma.ValidationError, req: Request, schema: ma.Schema, **_: Any) -> NoReturn:
        """Refuse what the schema does not take."""
        messages = next(iter(error.messages.values())) if isinstance(error.messages, dict) else error.messages
        raise refuse(tuple(_field_errors(messages, schema, "")))


def read_json(body: bytes) -> Any:
    """Decode a JSON body. Raises Problem saying where it breaks off."""
    try:
        value = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        if "depth" in error.msg:  # orjson's own limit lies far above ours
            raise Problem("content-too-large", TOO_DEEP) from error
        where = f"line {error.lineno}, column {error.colno}"
        raise Problem("bad-json", f"The body is not JSON: {error.msg} ({where})") from error
    check_depth(value)
    return value


def check_fields(schema: type[ma.Schema], found: dict[str, Any]) -> None:
    """Check an object against a schema. Raises Problem, which names every field that is wrong."""
    instance = schema()
    if messages := instance.validate(found):
        raise refuse(tuple(_field_errors(messages, instance, "")))


def load_fields(schema: type[ma.Schema], found: dict[str, Any]) -> dict[str, Any]:
    """Read an object through a schema. Raises Problem, which names every field that is wrong."""
    instance = schema()
    try:
        loaded: dict[str, Any] = instance.load(found)
    except ma.ValidationError as error:
        raise refuse(tuple(_field_errors(error.messages, instance, ""))) from error
    return loaded


def refuse(errors: tuple[FieldError, ...]) -> Problem:
    """Make the problem that lists what is wrong with which arguments."""
    said = "; ".join(f"`{e.field}` {e.detail}" if e.field else e.detail for e in errors[:3])
    return Problem("invalid-arguments", said, errors=errors)


def refuse_parameters() -> None:
    """Refuse any parameter but those that every operation takes."""
    if request.query_string:
        _PARSER.parse(_ONLY_COMMON, location="query")


def _field(schema: ma.Schema, name: str) -> ma.fields.Field[Any] | None:
    for field in schema.load_fields.values():
        if name == (field.data_key or field.name):
            return field
    return None


def _names(schema: ma.Schema) -> list[str]:
    return sorted(str(field.data_key or field.name) for field in schema.load_fields.values())


def _field_errors(messages: Any, schema: ma.Schema | None, path: str) -> Iterator[FieldError]:
    if isinstance(messages, Mapping):
        for key, inner in messages.items():
            if isinstance(key, int):
                yield from _field_errors(inner, schema, f"{path}[{key}]")
            elif key == "_schema":
                yield from _field_errors(inner, schema, path)
            else:
                name = f"{path}.{key}" if path else str(key)
                if inner == [_UNKNOWN]:
                    yield _unknown(name, str(key), schema)
                else:
                    yield from _field_errors(inner, _inner_schema(schema, str(key)), name)
    else:
        for message in messages if isinstance(messages, list) else [messages]:
            yield FieldError(path, _lower(str(message)))


def _unknown(path: str, name: str, schema: ma.Schema | None) -> FieldError:
    from difflib import get_close_matches

    known = _names(schema) if schema is not None else []
    near = get_close_matches(name, known, n=1, cutoff=0.5)
    hint = f"did you mean `{near[0]}`?" if near else f"known here: {', '.join(known) or 'nothing'}"
    return FieldError(path, "is not known here", hint)


def _lower(message: str) -> str:
    """Make marshmallow's sentence the rest of ours, which begins with the field's name."""
    return message[:1].lower() + message[1:].rstrip(".")


def _inner_schema(schema: ma.Schema | None, key: str) -> ma.Schema | None:
    field = _field(schema, key) if schema is not None else None
    if isinstance(field, ma.fields.List):
        field = field.inner
    return field.schema if isinstance(field, ma.fields.Nested) else None


_PARSER = StrictParser()
_ONLY_COMMON = QueryArgs()
