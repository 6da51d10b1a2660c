"""What do all the schedules of a service come to, week by week and date by date?

What recurs every week stays a week. Anything else that recurs is expanded into dates, up to a horizon:
compile again before it is reached. An exception replaces all that its dates would have; of two, the narrower
wins.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime, timedelta
from itertools import islice

from resource_api.directory.clock import zone
from resource_api.directory.hours import DAY, Hours, Week, merge_windows, windows_on
from resource_api.directory.read_schedule import Schedule, Uncertain, read_schedule

HORIZON_DAYS = 400  # thirteen months: whoever recompiles yearly is in time
_FOREVER = (date.min.toordinal(), date.max.toordinal())
_OFFSET = re.compile(r"(?:UTC|GMT)?([+-]?)(\d{1,2})(?:(\.\d{1,9})|:?(\d\d))?")


def compile_hours(
    schedules: Sequence[Mapping[str, object]], *, default_timezone: str | None, today: date
) -> Hours | None:
    """Compile HSDS schedules for the dates from yesterday on; None when nothing is known for certain.

    Schedules that do not say when are left out, as are those that have ended. The zone is what the schedules
    name, else default_timezone; without either, only a service that never closes is known.
    """
    yesterday, horizon = today - timedelta(days=1), today + timedelta(days=HORIZON_DAYS)
    said = [s for s in map(_read, schedules) if s and (s.last is None or s.last >= yesterday)]
    if not any(s.window for s in said):
        return None  # closed on some dates, and otherwise who knows
    weeks = _weeks(s for s in said if s.is_every_week)
    others = [s for s in said if not s.is_every_week]
    timezone = _zone_of(said, default_timezone)
    if not others and weeks == [Week(*_FOREVER, [[0, DAY]] * 7)]:
        return Hours(timezone or "UTC", weeks, {}, always=True)
    if timezone is None:
        return None

    dates: dict[int, list[int]] = {}
    recurring = [s for s in others if s.kind != "exception"]
    for schedule in recurring:
        for day in _occurrences(schedule, yesterday, horizon):
            dates.setdefault(day, []).extend(schedule.window or ())
    weekly = Hours(timezone, weeks, {})
    days = {day: merge_windows([*windows_on(weekly, day), *windows]) for day, windows in dates.items()}
    days |= _exceptions([s for s in others if s.kind == "exception"], yesterday)
    if not weeks and not any(days.values()):
        return None
    goes_on = any(s.last is None or s.last >= horizon for s in recurring)
    by_text = {str(day): days[day] for day in sorted(days)}
    return Hours(timezone, weeks, by_text, horizon if goes_on else None)


def _read(row: Mapping[str, object]) -> Schedule | None:
    try:
        return read_schedule(row)
    except Uncertain:
        return None


def _weeks(schedules: Iterable[Schedule]) -> list[Week]:
    spans: dict[tuple[int, int], list[list[int]]] = {}
    for schedule in schedules:
        first = schedule.first.toordinal() if schedule.first else _FOREVER[0]
        last = schedule.last.toordinal() if schedule.last else _FOREVER[1]
        days = spans.setdefault((first, last), [[] for _ in range(7)])
        for weekday, _ in schedule.byday:
            days[weekday].extend(schedule.window or ())
    return [Week(first, last, [merge_windows(day) for day in days]) for (first, last), days in sorted(spans.items())]


def _occurrences(schedule: Schedule, since: date, horizon: date) -> Iterator[int]:
    """Expand a recurrence into the ordinals of its dates, since (included) to horizon (excluded)."""
    from dateutil.rrule import MONTHLY, WEEKLY, rrule, weekday

    starts = schedule.starts or since
    if schedule.interval == 1 and schedule.count is None:
        starts = max(starts, since)  # nothing hangs on the start: spare the years before
    last = min(schedule.last or date.max, horizon - timedelta(days=1))
    rule = rrule(
        MONTHLY if schedule.kind == "monthly" else WEEKLY,
        dtstart=_midnight(starts),
        until=_midnight(last),  # without it a rule that never matches runs to the year 9999
        interval=schedule.interval,
        wkst=schedule.wkst,
        byweekday=[weekday(day, nth or None) for day, nth in schedule.byday] or None,
        bymonthday=schedule.bymonthday or None,
        byweekno=schedule.byweekno or None,
        byyearday=schedule.byyearday or None,
    )
    for moment in islice(rule, schedule.count):
        day = moment.date()
        if day >= max(since, schedule.first or since):
            yield day.toordinal()


def _midnight(day: date) -> datetime:
    return datetime(day.year, day.month, day.day)  # noqa: DTZ001 - RFC 5545 recurs on the local clock


def _exceptions(schedules: Sequence[Schedule], since: date) -> dict[int, list[int]]:
    found: dict[int, tuple[int, list[Schedule]]] = {}
    for schedule in schedules:
        if schedule.first is None or schedule.last is None:
            continue
        first, last = schedule.first.toordinal(), schedule.last.toordinal()
        for day in range(max(first, since.toordinal()), last + 1):
            span, rivals = found.get(day, (last - first, []))
            if last - first <= span:
                found[day] = (last - first, [*(rivals if last - first == span else ()), schedule])
    # Closed and open alike: a needless call costs less than a needless journey.
    return {
        day: []
        if any(s.window is None for s in rivals)
        else merge_windows([minute for s in rivals for minute in s.window or ()])
        for day, (_, rivals) in found.items()
    }


def _zone_of(schedules: Sequence[Schedule], default: str | None) -> str | None:
    usual = default if default and _is_zone(default) else None
    named = {name for s in schedules if (name := _named_zone(s, usual))}
    if len(named) > 1:
        return None  # two clocks at one door: whoever wrote this must say which
    return (
        next(iter(named), None) or usual or next((s.offset for s in schedules if s.offset and _is_zone(s.offset)), None)
    )


def _named_zone(schedule: Schedule, usual: str | None) -> str | None:
    for text in (schedule.timezone_name, schedule.timezone):
        if "/" in text and _is_zone(text):
            return text
        if (offset := _read_offset(text)) is None:
            continue
        # HSDS can say an offset only, which is wrong half the year where clocks change, and 0 is what forms
        # write when nobody said. So the usual zone goes first where it agrees.
        if usual and (offset == 0 or offset in _offsets(usual)):
            return usual
        return f"UTC{'-' if offset < 0 else '+'}{abs(offset) // 60:02}:{abs(offset) % 60:02}"
    return None


def _read_offset(text: str) -> int | None:
    """Read minutes from "-5", "-5.0", "5.5", "UTC-05:00", or from a short name such as "EST"."""
    if matched := _OFFSET.fullmatch(text.upper().replace(" ", "")):
        minutes = int(matched[2]) * 60 + int(matched[4] or 0) + round(float(matched[3] or 0) * 60)
        return (-minutes if matched[1] == "-" else minutes) if minutes <= 14 * 60 else None
    return min(_offsets(text)) if text and _is_zone(text) else None


def _offsets(name: str) -> set[int]:
    moments = (datetime(2024, month, 1, tzinfo=zone(name)) for month in (1, 7))
    return {int(offset.total_seconds()) // 60 for m in moments if (offset := m.utcoffset()) is not None}


def _is_zone(name: str) -> bool:
    try:
        zone(name)
    except ValueError:
        return False
    return True
