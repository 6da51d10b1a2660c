"""What does one HSDS schedule say, as far as it says it for certain?

The fields are those of HSDS 3 `schedule`, recurrence that of RFC 5545. People fill them in by hand, so
reading is tolerant of form ("9:00Z", "mo, we") and strict of sense: what could mean two things is refused.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Literal

from resource_api.directory.hours import DAY

_LONGEST_EXCEPTION = 31  # days; a longer range is a season, not a holiday
_OLDEST_DATE = 1900  # exporters write years such as 0001 for "none"
_WEEKDAYS = ("MONDAY", "TUESDAY", "WEDNESDAY", "THURSDAY", "FRIDAY", "SATURDAY", "SUNDAY")
_EVERY_DAY = tuple((weekday, 0) for weekday in range(7))

_TIME = re.compile(
    r"(\d{1,2})(?::(\d\d))?(?::\d\d(?:\.\d+)?)?\s*(?:([ap])\.?m\.?)?\s*(?:z|([+-]\d\d):?(\d\d)?)?",
    re.IGNORECASE,
)
_BYDAY = re.compile(r"([+-]?\d{1,2})?([A-Z]{2,9})")
_SAYS_DAILY = re.compile(r"\b(daily|every ?day|seven days|7 days|todos los d[ií]as|diario)\b", re.IGNORECASE)


class Uncertain(ValueError):
    """The schedule does not say when."""


@dataclass(frozen=True, slots=True)
class Schedule:
    """One schedule: what recurs, or an exception: what the dates first to last have instead.

    A window is (opens, closes) in minutes since midnight, over 1440 if past midnight; None is closed.
    byday pairs a weekday (Monday is 0) with the how-manieth of its month, or 0 for each.
    """

    kind: Literal["weekly", "monthly", "exception"]
    window: tuple[int, int] | None
    first: date | None
    last: date | None
    byday: tuple[tuple[int, int], ...] = ()
    bymonthday: tuple[int, ...] = ()
    byweekno: tuple[int, ...] = ()
    byyearday: tuple[int, ...] = ()
    interval: int = 1
    count: int | None = None
    starts: date | None = None
    wkst: int = 0
    offset: str | None = None  # written behind opens_at
    timezone_name: str = ""
    timezone: str = ""

    @property
    def is_every_week(self) -> bool:
        """Tell whether the same weekdays come every week, with no end but a date."""
        narrowed = self.bymonthday or self.byweekno or self.byyearday
        return self.kind == "weekly" and self.interval == 1 and self.count is None and not narrowed


def read_schedule(row: Mapping[str, object]) -> Schedule:
    """Read one HSDS schedule. Raises Uncertain where it does not say when."""
    frequency = _text(row, "freq").upper()
    byday, bymonthday = _byday(_text(row, "byday")), _numbers(row, "bymonthday")
    window, offset = _window(_text(row, "opens_at"), _text(row, "closes_at"))
    starts, first, last, until = (_date(row, key) for key in ("dtstart", "valid_from", "valid_to", "until"))
    named, numbered = _text(row, "timezone_name"), _text(row, "timezone")
    if first and last and last < first:
        raise Uncertain("valid_to is before valid_from")
    if frequency not in ("", "DAILY", "WEEKLY", "MONTHLY"):
        raise Uncertain(f"{frequency} is not a frequency of HSDS")
    if not frequency and not byday and not bymonthday:
        if not (first and last and (last - first).days < _LONGEST_EXCEPTION):
            raise Uncertain("neither days of the week nor dates")
        return Schedule("exception", window, first, last, offset=offset, timezone_name=named, timezone=numbered)

    if window is None:
        raise Uncertain("no opening and closing time")
    starts = starts or first
    monthly = frequency == "MONTHLY" or (not frequency and not byday) or any(nth for _, nth in byday)
    if monthly and not byday and not bymonthday:
        bymonthday = (_known(starts).day,)
    if not monthly and not byday:
        byday = _unsaid_days(frequency, _text(row, "description"), bymonthday, starts)
    interval, count = _positive(row, "interval") or 1, _positive(row, "count")
    if interval > 1 or count:
        starts = _known(starts)  # else nobody can tell which weeks
    if frequency == "DAILY" and (interval > 1 or monthly):
        raise Uncertain("daily, and yet not every day")
    return Schedule(
        "monthly" if monthly else "weekly",
        window,
        max((day for day in (first, starts) if day), default=None),
        min((day for day in (last, until) if day), default=None),
        byday,
        bymonthday,
        _numbers(row, "byweekno"),
        _numbers(row, "byyearday"),
        interval,
        count,
        starts,
        _weekday(_text(row, "wkst").upper()) or 0,
        offset,
        named,
        numbered,
    )


def _unsaid_days(
    frequency: str, description: str, bymonthday: tuple[int, ...], starts: date | None
) -> tuple[tuple[int, int], ...]:
    if frequency == "DAILY" or bymonthday or _SAYS_DAILY.search(description):
        return _EVERY_DAY
    return ((_known(starts).weekday(), 0),)


def _known(starts: date | None) -> date:
    if starts is None:
        raise Uncertain("recurs from an unknown date")
    return starts


def _text(row: Mapping[str, object], key: str) -> str:
    value = row.get(key)
    if isinstance(value, list | tuple):
        return ",".join(str(item) for item in value)
    return "" if value is None else str(value).strip()


def _window(opens: str, closes: str) -> tuple[tuple[int, int] | None, str | None]:
    if not opens and not closes:
        return None, None
    (start, offset), (end, _) = _time(opens), _time(closes)
    if start >= DAY:
        raise Uncertain("opens at 24:00")
    if start == 0 and end in (0, DAY - 1):
        end = DAY  # "00:00-23:59" is how forms that know no 24:00 say all day
    return (start, end if end > start else end + DAY), offset


def _time(text: str) -> tuple[int, str | None]:
    """Read minutes since midnight and the UTC offset, if written. The clock is the place's own anyway."""
    matched = _TIME.fullmatch(text)
    if not matched or not (matched[2] or matched[3]):
        raise Uncertain(f"{text!r} is not a time of day")
    hour, minute, half = int(matched[1]), int(matched[2] or 0), (matched[3] or "").lower()
    if minute > 59 or hour * 60 + minute > DAY or (half and not 1 <= hour <= 12):
        raise Uncertain(f"{text!r} is not a time of day")
    if half:
        hour = hour % 12 + (12 if half == "p" else 0)
    return hour * 60 + minute, f"UTC{matched[4]}:{matched[5] or '00'}" if matched[4] else None


def _byday(text: str) -> tuple[tuple[int, int], ...]:
    found = []
    for word in filter(None, re.split(r"[,;\s]+", text.upper())):
        matched = _BYDAY.fullmatch(word)
        weekday = _weekday(matched[2]) if matched else None
        nth = int(matched[1] or 0) if matched else 0
        if weekday is None or abs(nth) > 5:
            raise Uncertain(f"{word!r} is not a day of the week")
        found.append((weekday, nth))
    return tuple(found)


def _weekday(text: str) -> int | None:
    """Read "MO", "MON" or "MONDAY" as 0."""
    return next((n for n, name in enumerate(_WEEKDAYS) if len(text) > 1 and name.startswith(text)), None)


def _numbers(row: Mapping[str, object], key: str) -> tuple[int, ...]:
    try:
        numbers = tuple(int(word) for word in re.split(r"[,;\s]+", _text(row, key)) if word)
    except ValueError as error:
        raise Uncertain(f"{key} is not a list of numbers") from error
    if any(not 1 <= abs(number) <= 366 for number in numbers):
        raise Uncertain(f"{key} is out of range")
    return numbers


def _positive(row: Mapping[str, object], key: str) -> int | None:
    text = _text(row, key)
    if not text:
        return None
    if not re.fullmatch("[0-9]{1,3}", text) or int(text) < 1:
        raise Uncertain(f"{key} is not a number from 1 to 999")
    return int(text)


def _date(row: Mapping[str, object], key: str) -> date | None:
    text = _text(row, key)[:10]
    if not text:
        return None
    try:
        found = date.fromisoformat(text)
    except ValueError as error:
        raise Uncertain(f"{key} is not a date") from error
    return found if found.year >= _OLDEST_DATE else None
