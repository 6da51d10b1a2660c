"""HOW OHANA WRITES HOURS: one row a weekday in regular_schedules.csv, one a holiday in holiday_schedules.csv."""

import re
from datetime import date, datetime

from resource_api.directory.load.read_csv import Cells
from resource_api.directory.load.row import Fields

_DAYS = {name: name[:2].upper() for name in "monday tuesday wednesday thursday friday saturday sunday".split()}
_OWNERS = ("service_id", "location_id")
_DATE_FORMATS = ("%Y-%m-%d", "%B %d, %Y", "%b %d, %Y", "%m/%d/%Y", "%m/%d/%y", "%d %B %Y")
# Ohana writes the year 0001 for a holiday that comes every year.
_EVERY_YEAR = 1


def read_weekday(cells: Cells) -> Fields | None:
    """Read a row of regular_schedules.csv as a schedule; None where it names no weekday."""
    text = cells.get("weekday", "").lower().rstrip(".")
    if text.isdigit() and 1 <= int(text) <= 7:
        day = list(_DAYS.values())[int(text) - 1]
    else:
        found = [code for name, code in _DAYS.items() if len(text) >= 3 and name.startswith(text)]
        if len(found) != 1:
            return None
        day = found[0]
    fields: Fields = _owner(cells) | {"freq": "WEEKLY", "interval": 1, "byday": day}
    return fields | {c: cells[c] for c in ("opens_at", "closes_at") if c in cells}


def read_holiday(cells: Cells) -> Fields | None:
    """Read a row of holiday_schedules.csv as a schedule; None where a date cannot be read."""
    start = read_american_date(cells.get("start_date", ""))
    end = read_american_date(cells.get("end_date", "")) or start
    if start is None or end is None:
        return None
    closed = cells.get("closed", "").lower() in ("true", "t", "1", "yes")
    word = "Closed" if closed else "Open at other hours"
    fields = _owner(cells)
    if not closed:
        fields |= {c: cells[c] for c in ("opens_at", "closes_at") if c in cells}
    if start.year == _EVERY_YEAR:
        # HSDS has no yearly recurrence; the words are kept, and no date that would be wrong next year.
        until = "" if start == end else f" to {end:%B} {end.day}"
        hours = (
            f", {cells['opens_at']} to {cells['closes_at']}" if "opens_at" in fields and "closes_at" in fields else ""
        )
        every = f"{word} every year, {start:%B} {start.day}{until}{hours}"
        return _owner(cells) | {"description": every}
    return fields | {"valid_from": start.isoformat(), "valid_to": end.isoformat(), "description": word}


def read_american_date(text: str) -> date | None:
    """Read a date as Ohana writes it, month first; None for anything else."""
    text = re.sub(r"\s+", " ", text.strip())
    for form in _DATE_FORMATS:
        try:
            return datetime.strptime(text, form).date()  # noqa: DTZ007 - a date has no zone
        except ValueError:
            continue
    return None


def _owner(cells: Cells) -> Fields:
    owner = next((o for o in _OWNERS if o in cells), None)
    return {owner: cells[owner]} if owner else {}
