"""What do the clocks of a zone show, and when?

A time of day that a change of clocks skips means the moment of the change; one that comes twice means its first
coming. So each time of each day is one moment, and later times are never earlier moments.
"""

from datetime import UTC, datetime, timedelta, timezone, tzinfo
from functools import lru_cache
from zoneinfo import ZoneInfo

_MINUTE, _SECOND = timedelta(minutes=1), timedelta(seconds=1)


# There are six hundred zones, and whoever reads the clock of each goes through all of them.
@lru_cache(maxsize=2048)
def zone(name: str) -> tzinfo:
    """Find an IANA zone, or the offset that "UTC+05:30" names. Raises ValueError if there is none such."""
    if name[:3] == "UTC" and len(name) == 9:
        offset = timedelta(hours=int(name[4:6]), minutes=int(name[7:]))
        return timezone(-offset if name[3] == "-" else offset)
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError) as error:  # the last two: "../x" and a folder such as "America"
        raise ValueError(f"{name!r} is not an IANA time zone") from error


def latest_shown(local: datetime) -> tuple[int, int]:
    """Find the latest day and minute the clocks have shown: in the second of two equal hours, its end."""
    if local.fold:
        end = local.replace(fold=0)
        while end.utcoffset() != end.replace(fold=1).utcoffset():
            end += _MINUTE
        local = end - _MINUTE
    return local.toordinal(), local.hour * 60 + local.minute


def first_moment(name: str, day: int, minute: int) -> datetime:
    """Find the first moment at which the clocks show a minute of a day (its ordinal), or a later one."""
    local = zone(name)
    wall = datetime.fromordinal(day) + timedelta(minutes=minute)
    after = wall.replace(tzinfo=local).astimezone(UTC)
    if after.astimezone(local).replace(tzinfo=None) != wall:
        # The clocks skip this time: they change between the two ways to read it.
        before = wall.replace(tzinfo=local, fold=1).astimezone(UTC)
        while after - before > _SECOND:
            middle = before + (after - before) // 2
            if middle.astimezone(local).replace(tzinfo=None) < wall:
                before = middle
            else:
                after = middle
        after = after.replace(microsecond=0)
    return after.astimezone(local)
