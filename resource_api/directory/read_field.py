"""HOW A STEWARD'S VALUE IS READ as what its column holds: strictly, for whoever wrote it can be asked again.

A load mends what is certain; here nothing is written otherwise than it was sent. The kinds are the same.
"""

import re
from typing import Any

from resource_api.directory.clock import zone
from resource_api.directory.load.read_values import BadValue, converters_of
from resource_api.directory.load.report import Report
from resource_api.directory.load.shape import LIFE_STAGES, Column, columns, longest
from resource_api.directory.write_row import JSON, fixed_offset
from resource_api.errors import BadInput
from resource_api.needs import vocabulary

# Where our profile has a member beside HSDS's own.
_MEMBERS = {
    ("phone", "extension"): ("extension", "extension_text"),
    ("schedule", "timezone"): ("timezone", "timezone_name"),
}
_RANGES = {"latitude": 90.0, "longitude": 180.0}
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")


def members_of(noun: str, column: str) -> tuple[str, ...]:
    """Name the members of a JSON object that say one column."""
    return _MEMBERS.get((noun, column), (column,))


def read_field(noun: str, column: Column, said: JSON, path: str) -> Any:
    """Read one column of an object; None where it says nothing. Raises BadInput."""
    where = f"{path}.{column.name}" if path else column.name
    if noun == "phone" and column.name == "extension":
        value: Any = _read_extension(said, where)
    elif noun == "schedule" and column.name == "timezone":
        value = _read_timezone(said, where)
    else:
        value = _read(noun, column, said.get(column.name), where)
    if value is None and column.may_be_empty:
        return ""
    if value is None and column.required:
        raise BadInput(f"the {noun.replace('_', ' ')} lacks its {column.name}", field=where, hint="fill it in")
    return value


def required_columns(noun: str) -> tuple[Column, ...]:
    """List the columns that a new row cannot do without, links aside."""
    return tuple(c for c in columns(noun) if (c.required or c.may_be_empty) and c.kind != "link")


def _read(noun: str, column: Column, value: Any, where: str) -> Any:
    name, kind = column.name, column.kind
    if value is None or value == "" or (value == [] and name in ("needs", "life_stages")):
        return None  # says nothing
    if kind in ("number", "integer"):
        return _read_number(noun, column, value, where)
    if kind == "flag":
        if not isinstance(value, bool):
            raise BadInput("is neither true nor false", field=where)
        return value
    if name == "needs":
        return _read_needs(value, where)
    if kind == "stages":
        if not isinstance(value, list) or not set(map(str, value)) <= set(LIFE_STAGES):
            raise BadInput("is no list of life stages", field=where, hint=f"of {', '.join(LIFE_STAGES)}")
        return ";".join(stage for stage in LIFE_STAGES if stage in value)
    text = _read_text(value, name, where)
    if kind in ("line", "prose"):
        return text
    return _convert(noun, name, text, where)


def _read_text(value: Any, name: str, where: str) -> str:
    if not isinstance(value, str):
        raise BadInput("is not a text", field=where)
    if len(value) > longest(name):
        raise BadInput(f"has {len(value):,} characters", field=where, hint=f"at most {longest(name):,}")
    if _CONTROL.search(value):
        raise BadInput("has control characters", field=where)
    return value


def _read_number(noun: str, column: Column, value: Any, where: str) -> float | int:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise BadInput("is not a number", field=where, hint="a number such as 12 or 12.5")
    limit = _RANGES.get(column.name, 1e15)
    if not -limit <= value <= limit:
        raise BadInput(f"is not between {-limit:g} and {limit:g}", field=where)
    number: float | int = _convert(noun, column.name, value, where)
    return number


def _convert(noun: str, name: str, value: Any, where: str) -> Any:
    try:
        converted = converters_of(noun)[name](value, Report())
    except BadValue as bad:
        raise BadInput(bad.reason, field=where, hint=bad.hint) from bad
    if converted != value:
        raise BadInput(f"is written otherwise: {value}", field=where, hint=str(converted))
    return converted


def _read_extension(said: JSON, where: str) -> str | None:
    number, text = said.get("extension"), said.get("extension_text")
    if number is not None and text is not None:
        raise BadInput("is given twice", field=where, hint="`extension_text` where it is no number, such as 0123")
    if number is None:
        return None if text is None else _read_text(text, "extension", f"{where}_text")
    if isinstance(number, bool) or not isinstance(number, int | float) or number != int(number) or number < 0:
        raise BadInput("is no number", field=where, hint="put it into `extension_text`")
    return str(int(number))


def _read_timezone(said: JSON, where: str) -> str | None:
    offset, name = said.get("timezone"), said.get("timezone_name")
    if offset is not None and (isinstance(offset, bool) or not isinstance(offset, int | float) or abs(offset) > 15):
        raise BadInput("is no offset from UTC in hours", field=where, hint="-5, or `timezone_name` America/New_York")
    if name is None:
        return None if offset is None else str(offset)
    try:
        zone(_read_text(name, "timezone", f"{where}_name"))
    except ValueError as error:
        raise BadInput(str(error), field=f"{where}_name", hint="America/New_York") from error
    if offset is not None and offset != fixed_offset(name):
        raise BadInput(f"contradicts `timezone_name` {name}", field=where, hint="leave it out: the name says it all")
    return str(name)


def given_needs(value: Any, where: str) -> list[str]:
    """List the needs that are given; those that are inferred will be inferred again. Raises BadInput."""
    if not isinstance(value, list) or not all(isinstance(link, dict) for link in value):
        raise BadInput("is no list of needs", field=where, hint='[{"need": "food", "certainty": "given"}]')
    return sorted({str(link.get("need")) for link in value if link.get("certainty") == "given"})


def _read_needs(value: Any, where: str) -> str | None:
    given = given_needs(value, where)
    known = vocabulary().needs
    for need in given:
        if need not in known:
            raise BadInput(f"there is no such need: {str(need)[:80]}", field=where, hint="GET /needs lists them")
    return ";".join(given) or None
