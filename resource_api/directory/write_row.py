"""HOW ONE ROW IS WRITTEN: its own fields as HSDS JSON.

Nulls are dropped, HSDS's own types are kept, and what HSDS has no legal place for (an extension with a leading zero,
an IANA time zone) stands beside it in our profile's fields.
https://docs.openreferral.org/en/latest/hsds/schema_reference.html
"""

from datetime import UTC, datetime
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo

from resource_api.directory.graph import Row, table

JSON = dict[str, Any]

_PRIVATE = {"source_id", "original_id", "fingerprint", "position", "deleted_at"}
_KEPT_LINKS = {
    "service": {"organization_id", "program_id"},
    "service_at_location": {"service_id", "location_id"},
    "location": {"organization_id"},
    "taxonomy_term": {"taxonomy_id", "parent_id"},
    "organization": {"parent_organization_id"},
    "attribute": {"link_id", "link_entity", "taxonomy_term_id"},
    "metadata": {"resource_id", "resource_type"},
}
_LISTS = {"life_stages"}


def write_row(noun: str, row: Row) -> JSON:
    """Write one row's own fields as HSDS JSON."""
    out: JSON = {}
    for name in fields(noun):
        value = row[name]
        if value is None or value is False:
            continue
        if name in _LISTS:
            value = value.split(";")
        elif isinstance(value, float) and value.is_integer():
            value = int(value)
        out[name] = value
    if noun == "phone":
        _write_extension(out)
    elif noun == "schedule":
        _write_timezone(out)
    elif noun == "service":
        out.pop("needs", None)
    if row.get("original_id"):
        out["original_id"] = row["original_id"]
    return out


@lru_cache(maxsize=64)
def fields(noun: str) -> tuple[str, ...]:
    """List the columns of a noun that are written, in HSDS's order."""
    kept = _KEPT_LINKS.get(noun, set())
    names = [
        column.name
        for column in table(noun).columns
        if column.name not in _PRIVATE and column.name != "id" and (not column.foreign_keys or column.name in kept)
    ]
    return ("id", *names)


def _write_extension(phone: JSON) -> None:
    extension = phone.get("extension")
    if extension is None:
        return
    if extension.isascii() and extension.isdigit() and len(extension) < 16 and str(int(extension)) == extension:
        phone["extension"] = int(extension)
    else:
        del phone["extension"]
        phone["extension_text"] = extension


def _write_timezone(schedule: JSON) -> None:
    zone = schedule.pop("timezone", None)
    if zone is None:
        return
    try:
        offset = float(zone)
    except ValueError:
        schedule["timezone_name"] = zone
        fixed = fixed_offset(zone)
        if fixed is not None:
            schedule["timezone"] = fixed
        return
    schedule["timezone"] = int(offset) if offset.is_integer() else offset


@lru_cache(maxsize=512)
def fixed_offset(zone: str) -> int | float | None:
    """Get a zone's offset in hours, or None where it changes over the year: HSDS has one number for it."""
    try:
        info = ZoneInfo(zone)
    except (OSError, ValueError):
        return None
    year = datetime.now(UTC).year
    offsets = {info.utcoffset(datetime(year, month, 1)) for month in range(1, 13)}  # noqa: DTZ001 - wall time is meant
    if len(offsets) != 1:
        return None
    offset = offsets.pop()
    hours = offset.total_seconds() / 3600 if offset is not None else 0.0
    return int(hours) if hours.is_integer() else hours
