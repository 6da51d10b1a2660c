"""Is it open, and when will it be?

Hours are compiled once from HSDS schedules (compile_hours.py) into minutes of local days, so that asking
costs microseconds. A window belongs to the day it opens on and may end after midnight (22:00-06:00 is
1320-1800).
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal

from resource_api.directory.clock import first_moment, latest_shown, zone

DAY = 1440
_LOOKAHEAD = 40  # days: past any closure, which lasts 31 at most
_LONGEST_STRETCH = 8  # days: whoever stays open longer has no closing time worth telling


@dataclass(frozen=True, slots=True)
class Week:
    """Seven days of windows, Monday first, valid from and to a date (its ordinal), both included.

    A day is a flat row of minutes since its midnight: opens, closes, opens, closes.
    """

    first: int
    last: int
    days: Sequence[Sequence[int]]


@dataclass(frozen=True, slots=True)
class Hours:
    """When a service is open: what recurs weekly, and what single days (by ordinal, as text) have instead.

    With a horizon, dates from there on are not expanded yet: compile again before it is reached.
    """

    timezone: str
    weeks: Sequence[Week]
    days: Mapping[str, Sequence[int]]
    horizon: date | None = None
    always: bool = False


@dataclass(frozen=True, slots=True)
class OpenState:
    """Open or closed, with today's windows as local "HH:MM".

    Open, until is the closing time, or None when that is more than a week away; closed, next is the next
    opening, or None when none is known. Both are in the zone of the hours.
    """

    state: Literal["open", "closed"]
    today: tuple[tuple[str, str], ...]
    next: datetime | None
    until: datetime | None


def pack(hours: Hours) -> dict[str, object]:
    """Write hours as small JSON."""
    packed: dict[str, object] = {"z": hours.timezone}
    if hours.weeks:
        packed["w"] = [[week.first, week.last, week.days] for week in hours.weeks]
    if hours.days:
        packed["d"] = hours.days
    if hours.horizon:
        packed["h"] = hours.horizon.isoformat()
    if hours.always:
        packed["a"] = 1
    return packed


def unpack(packed: Mapping[str, object]) -> Hours:
    """Read what pack wrote; shares its lists rather than copying them."""
    weeks: Sequence[tuple[int, int, Sequence[Sequence[int]]]] = packed.get("w", ())  # type: ignore[assignment]
    days: Mapping[str, Sequence[int]] = packed.get("d", {})  # type: ignore[assignment]
    horizon = packed.get("h")
    return Hours(
        str(packed["z"]),
        [Week(*week) for week in weeks],
        days,
        date.fromisoformat(str(horizon)) if horizon else None,
        "a" in packed,
    )


def open_at(hours: Hours, moment: datetime) -> bool:
    """Tell whether it is open at a moment. Raises ValueError if the moment has no time zone."""
    local = _local(hours, moment)
    return hours.always or _closing(hours, *latest_shown(local)) is not None


def describe(hours: Hours, moment: datetime) -> OpenState:
    """Tell the state at a moment, today's windows, and what comes next. Raises ValueError as open_at does."""
    local = _local(hours, moment)
    windows = windows_on(hours, local.toordinal())
    today = tuple((_clock(windows[i]), _clock(windows[i + 1])) for i in range(0, len(windows), 2))
    if hours.always:
        return OpenState("open", today, None, None)
    day, minute = latest_shown(local)
    closing = _closing(hours, day, minute)
    if closing is None:
        return OpenState("closed", today, _next_opening(hours, day, minute), None)
    return OpenState("open", today, None, _until(hours, day, closing))


def windows_on(hours: Hours, day: int) -> Sequence[int]:
    """List the windows that open on a day (its ordinal), flat and ascending."""
    if hours.days and (special := hours.days.get(str(day))) is not None:
        return special
    found: Sequence[int] = ()
    for week in hours.weeks:
        if week.first <= day <= week.last and (windows := week.days[(day - 1) % 7]):
            found = merge_windows([*found, *windows]) if found else windows
    return found


def merge_windows(flat: Sequence[int]) -> list[int]:
    """Sort flat windows, those that overlap or touch made one."""
    merged: list[int] = []
    for opens, closes in sorted(zip(flat[::2], flat[1::2], strict=True)):
        if merged and opens <= merged[-1]:
            merged[-1] = max(merged[-1], closes)
        else:
            merged += [opens, closes]
    return merged


def _local(hours: Hours, moment: datetime) -> datetime:
    if moment.tzinfo is None:
        raise ValueError("a moment needs a time zone")
    return moment.astimezone(zone(hours.timezone))


def _closing(hours: Hours, day: int, minute: int) -> int | None:
    """Find the latest closing, in minutes since the day's midnight, of the windows open at a minute of it."""
    latest = None
    for back in (0, 1):
        windows, now = windows_on(hours, day - back), minute + back * DAY
        for i in range(0, len(windows), 2):
            closes = windows[i + 1]
            if windows[i] <= now < closes and (latest is None or closes - back * DAY > latest):
                latest = closes - back * DAY
    return latest


def _until(hours: Hours, day: int, closing: int) -> datetime | None:
    last = day + _LONGEST_STRETCH
    while day < last:
        day, minute = day + closing // DAY, closing % DAY
        later = _closing(hours, day, minute)
        if later is None:
            return first_moment(hours.timezone, day, minute)
        closing = later
    return None


def _next_opening(hours: Hours, today: int, minute: int) -> datetime | None:
    for day in _days_from(hours, today):
        windows = windows_on(hours, day)
        for i in range(0, len(windows), 2):
            if day > today or windows[i] > minute:
                opening = first_moment(hours.timezone, day, windows[i])
                # A window that a change of clocks skips whole never opens.
                if opening < first_moment(hours.timezone, day, windows[i + 1]):
                    return opening
    return None


def _days_from(hours: Hours, today: int) -> Iterator[int]:
    soon = today + _LOOKAHEAD
    yield from range(today, soon)
    # Beyond, jump to where something begins rather than walk there.
    starts = {int(day) for day in hours.days} | {week.first for week in hours.weeks}
    for start in sorted(start for start in starts if start >= soon):
        yield from range(start, start + _LOOKAHEAD)


def _clock(minute: int) -> str:
    return "24:00" if minute == DAY else f"{minute // 60 % 24:02}:{minute % 60:02}"
