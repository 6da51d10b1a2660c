"""Does compiled time answer as the calendar does?"""

import json
from collections.abc import Mapping
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from dateutil.rrule import rrulestr
from hypothesis import given, settings
from hypothesis import strategies as st

from resource_api.directory.compile_hours import HORIZON_DAYS, compile_hours
from resource_api.directory.hours import Hours, describe, open_at, pack, unpack

NEW_YORK = ZoneInfo("America/New_York")
TODAY = date(2026, 3, 2)  # a Monday; clocks go forward on Sunday the 8th and back on November 1st
OFFICE = {"freq": "WEEKLY", "byday": "MO,TU,WE,TH,FR", "opens_at": "09:00", "closes_at": "17:00"}


def compiled(*schedules: Mapping[str, object], zone: str | None = "America/New_York") -> Hours:
    hours = compile_hours(schedules, default_timezone=zone, today=TODAY)
    assert hours is not None
    return hours


def unknown(*schedules: Mapping[str, object], zone: str | None = "America/New_York") -> bool:
    return compile_hours(schedules, default_timezone=zone, today=TODAY) is None


def at(text: str, zone: ZoneInfo = NEW_YORK) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=zone)


def windows(hours: Hours, day: str) -> tuple[tuple[str, str], ...]:
    return describe(hours, at(f"{day} 12:00")).today


def test_an_office_is_open_in_office_hours_only() -> None:
    hours = compiled(OFFICE)
    assert open_at(hours, at("2026-03-02 09:00"))
    assert open_at(hours, at("2026-03-02 16:59:59"))
    assert not open_at(hours, at("2026-03-02 08:59:59"))
    assert not open_at(hours, at("2026-03-02 17:00"))
    assert not open_at(hours, at("2026-03-07 12:00"))


def test_the_moment_may_be_in_any_zone_but_must_be_in_one() -> None:
    hours = compiled(OFFICE)
    assert open_at(hours, datetime(2026, 3, 2, 14, tzinfo=UTC))
    for ask in (open_at, describe):
        with pytest.raises(ValueError, match="time zone"):
            ask(hours, datetime(2026, 3, 2, 14))  # noqa: DTZ001


def test_an_open_door_tells_when_it_closes() -> None:
    state = describe(compiled(OFFICE), at("2026-03-02 10:00"))
    assert (state.state, state.today, state.next) == ("open", (("09:00", "17:00"),), None)
    assert state.until == at("2026-03-02 17:00")


def test_a_closed_door_tells_when_it_opens() -> None:
    state = describe(compiled(OFFICE), at("2026-03-06 18:00"))
    assert (state.state, state.today, state.until) == ("closed", (("09:00", "17:00"),), None)
    assert state.next == at("2026-03-09 09:00")
    assert state.next.isoformat() == "2026-03-09T09:00:00-04:00"


def test_several_schedules_make_several_windows_a_day() -> None:
    lunch = compiled(OFFICE | {"closes_at": "12:00"}, OFFICE | {"opens_at": "13:00"})
    assert windows(lunch, "2026-03-02") == (("09:00", "12:00"), ("13:00", "17:00"))
    assert describe(lunch, at("2026-03-02 12:30")).next == at("2026-03-02 13:00")


def test_windows_that_touch_are_one() -> None:
    hours = compiled(OFFICE | {"closes_at": "12:00"}, OFFICE | {"opens_at": "12:00"})
    assert windows(hours, "2026-03-02") == (("09:00", "17:00"),)
    season = {"valid_from": "2026-03-01", "valid_to": "2026-06-30"}
    later = compiled(OFFICE, OFFICE | season | {"closes_at": "19:00"})
    assert windows(later, "2026-03-02") == (("09:00", "19:00"),)


def test_a_night_belongs_to_the_day_it_begins_on() -> None:
    shelter = compiled({"freq": "WEEKLY", "byday": "MO", "opens_at": "22:00", "closes_at": "06:00"})
    assert open_at(shelter, at("2026-03-02 23:00"))
    assert open_at(shelter, at("2026-03-03 05:59"))
    assert not open_at(shelter, at("2026-03-02 05:59"))
    assert not open_at(shelter, at("2026-03-03 23:00"))
    assert windows(shelter, "2026-03-02") == (("22:00", "06:00"),)
    assert describe(shelter, at("2026-03-03 01:00")).until == at("2026-03-03 06:00")


@pytest.mark.parametrize(
    ("opens", "closes", "shown"),
    [
        ("00:00", "00:00", ("00:00", "24:00")),
        ("00:00", "24:00", ("00:00", "24:00")),
        ("00:00:00", "23:59:59", ("00:00", "24:00")),
        ("12:00", "24:00", ("12:00", "24:00")),
        ("12:00", "00:00", ("12:00", "24:00")),
        ("9:00Z", "17:00Z", ("09:00", "17:00")),
        ("09:00-05:00", "17:00-05:00", ("09:00", "17:00")),
        ("9 AM", "5:30 p.m.", ("09:00", "17:30")),
        ("12am", "12pm", ("00:00", "12:00")),
    ],
)
def test_times_are_read_as_people_write_them(opens: str, closes: str, shown: tuple[str, str]) -> None:
    hours = compiled({"freq": "WEEKLY", "byday": "MO", "opens_at": opens, "closes_at": closes})
    assert windows(hours, "2026-03-02") == (shown,)


@pytest.mark.parametrize("wrong", ["9", "25:00", "09:60", "24:01", "24:00", "noon", "0 am", "13 pm", ""])
def test_what_is_no_opening_time_is_left_out(wrong: str) -> None:
    assert unknown(OFFICE | {"opens_at": wrong})


def test_a_place_that_never_closes_needs_no_zone() -> None:
    week = {"freq": "WEEKLY", "byday": "MO,TU,WE,TH,FR,SA,SU"}
    always = compiled(week | {"opens_at": "00:00", "closes_at": "24:00"}, zone=None)
    assert open_at(always, at("2026-03-08 02:30"))
    assert describe(always, at("2031-01-01 00:00")).until is None
    assert unknown(OFFICE, zone=None)


def test_a_place_that_closes_for_christmas_only_says_so() -> None:
    christmas = {"valid_from": "2026-12-25", "valid_to": "2026-12-25"}
    hours = compiled({"freq": "DAILY", "opens_at": "00:00", "closes_at": "24:00"}, christmas)
    assert describe(hours, at("2026-12-01 12:00")).until is None
    assert describe(hours, at("2026-12-24 12:00")).until == at("2026-12-25 00:00")
    assert describe(hours, at("2026-12-25 12:00")).next == at("2026-12-26 00:00")


def test_a_closed_date_is_closed() -> None:
    hours = compiled(OFFICE, {"valid_from": "2026-03-03", "valid_to": "2026-03-04"})
    assert not open_at(hours, at("2026-03-03 10:00"))
    assert windows(hours, "2026-03-04") == ()
    assert describe(hours, at("2026-03-02 18:00")).next == at("2026-03-05 09:00")


def test_special_hours_replace_those_of_their_day() -> None:
    eve = {"valid_from": "2026-12-24", "valid_to": "2026-12-24", "opens_at": "10:00", "closes_at": "12:00"}
    hours = compiled(OFFICE, eve, eve | {"opens_at": "13:00", "closes_at": "14:00"})
    assert windows(hours, "2026-12-24") == (("10:00", "12:00"), ("13:00", "14:00"))
    assert windows(hours, "2026-12-23") == (("09:00", "17:00"),)


def test_the_narrower_exception_wins_and_closed_wins_a_tie() -> None:
    holidays = {"valid_from": "2026-12-20", "valid_to": "2027-01-02"}
    eve = {"valid_from": "2026-12-24", "valid_to": "2026-12-24", "opens_at": "10:00", "closes_at": "12:00"}
    for order in ((OFFICE, holidays, eve), (eve, holidays, OFFICE)):
        assert windows(compiled(*order), "2026-12-24") == (("10:00", "12:00"),)
        assert windows(compiled(*order), "2026-12-23") == ()
    shut = {"valid_from": "2026-12-24", "valid_to": "2026-12-24"}
    assert windows(compiled(OFFICE, eve, shut), "2026-12-24") == ()


def test_a_season_has_hours_within_its_dates_only() -> None:
    season = OFFICE | {"byday": "SA", "valid_from": "2026-06-01", "valid_to": "2026-08-31"}
    hours = compiled(OFFICE, season)
    assert windows(hours, "2026-06-06") == (("09:00", "17:00"),)
    assert windows(hours, "2026-09-05") == ()
    assert describe(compiled(season), at("2026-03-02 12:00")).next == at("2026-06-06 09:00")


def test_the_first_saturday_of_the_month_comes_once_a_month() -> None:
    hours = compiled({"freq": "MONTHLY", "byday": "1SA", "opens_at": "10:00", "closes_at": "12:00"})
    assert open_at(hours, at("2026-03-07 11:00"))
    assert not open_at(hours, at("2026-03-14 11:00"))
    assert describe(hours, at("2026-03-07 12:00")).next == at("2026-04-04 10:00")
    assert hours.horizon == TODAY + timedelta(days=HORIZON_DAYS)


@pytest.mark.parametrize(
    ("recurs", "dates"),
    [
        ({"freq": "MONTHLY", "byday": "2TU,4TU"}, ["2026-03-10", "2026-03-24", "2026-04-14"]),
        ({"freq": "MONTHLY", "byday": "-1FR"}, ["2026-03-27", "2026-04-24", "2026-05-29"]),
        ({"freq": "MONTHLY", "bymonthday": "1,15"}, ["2026-03-15", "2026-04-01", "2026-04-15"]),
        ({"freq": "WEEKLY", "byday": "1SA"}, ["2026-03-07", "2026-04-04", "2026-05-02"]),
        ({"byday": "1SA"}, ["2026-03-07", "2026-04-04", "2026-05-02"]),
        ({"freq": "MONTHLY", "dtstart": "2025-01-20"}, ["2026-03-20", "2026-04-20", "2026-05-20"]),
        ({"freq": "WEEKLY", "interval": 2, "dtstart": "2026-02-26"}, ["2026-03-12", "2026-03-26"]),
        (
            {"freq": "WEEKLY", "byday": "TH", "count": 3, "dtstart": "2026-02-26"},
            ["2026-03-05", "2026-03-12"],
        ),
        ({"freq": "WEEKLY", "byday": "TH", "until": "2026-03-12"}, ["2026-03-05", "2026-03-12"]),
        ({"freq": "WEEKLY", "byday": "MO", "byweekno": "12,14"}, ["2026-03-16", "2026-03-30"]),
        (
            {"freq": "MONTHLY", "bymonthday": "-1", "interval": "3", "valid_from": "2026-01-01"},
            ["2026-04-30"],
        ),
    ],
)
def test_recurrence_is_that_of_rfc_5545(recurs: dict[str, object], dates: list[str]) -> None:
    hours = compiled(recurs | {"opens_at": "10:00", "closes_at": "12:00"})
    moment = at("2026-03-02 12:00")
    found: list[str] = []
    while len(found) < len(dates) and (opening := describe(hours, moment).next):
        found.append(opening.date().isoformat())
        moment = opening + timedelta(hours=2)
    assert found == dates


def test_days_are_weekly_when_nothing_else_is_said() -> None:
    assert windows(compiled({"byday": "Monday", "opens_at": "9:00", "closes_at": "10:00"}), "2026-03-09")
    plain = {"freq": "WEEKLY", "opens_at": "9:00", "closes_at": "10:00"}
    assert windows(compiled(plain | {"dtstart": "2026-02-23"}), "2026-03-09")
    assert not windows(compiled(plain | {"dtstart": "2026-02-23"}), "2026-03-10")
    assert windows(compiled(plain | {"description": "Open daily"}), "2026-03-10")


@pytest.mark.parametrize(
    "vague",
    [
        {},
        {"opens_at": "09:00", "closes_at": "17:00"},
        {"freq": "WEEKLY", "opens_at": "09:00", "closes_at": "17:00"},
        {"freq": "WEEKLY", "byday": "MO"},
        {"freq": "WEEKLY", "byday": "MO", "opens_at": "09:00"},
        {"freq": "MONTHLY", "opens_at": "09:00", "closes_at": "17:00"},
        OFFICE | {"freq": "YEARLY"},
        OFFICE | {"freq": "DAILY", "byday": "1SA"},
        OFFICE | {"freq": "DAILY", "interval": 2, "dtstart": "2026-01-01"},
        OFFICE | {"interval": "often"},
        OFFICE | {"interval": "9" * 5000, "dtstart": "2026-01-01"},
        OFFICE | {"byday": "weekdays"},
        OFFICE | {"interval": 2},
        OFFICE | {"count": 0},
        OFFICE | {"bymonthday": "first"},
        OFFICE | {"bymonthday": "1000"},
        OFFICE | {"dtstart": "soon"},
        OFFICE | {"valid_from": "2026-05-01", "valid_to": "2026-04-01"},
        OFFICE | {"valid_to": "2026-02-28"},
        {"opens_at": "09:00", "closes_at": "17:00", "valid_from": "2026-03-01", "valid_to": "2026-06-01"},
        {"valid_from": "2026-12-25", "valid_to": "2026-12-25"},
    ],
)
def test_what_is_not_certain_is_unknown(vague: dict[str, object]) -> None:
    assert unknown(vague)


def test_year_one_means_no_date() -> None:
    assert compiled(OFFICE | {"dtstart": "0001-01-01", "valid_to": "9999-12-31"}).weeks


@pytest.mark.parametrize(
    ("said", "usual", "zone"),
    [
        ({"timezone_name": "America/Chicago"}, "America/New_York", "America/Chicago"),
        ({"timezone": "America/Chicago"}, None, "America/Chicago"),
        ({"timezone_name": "Mars/Olympus"}, "America/New_York", "America/New_York"),
        ({"timezone_name": "../etc/passwd"}, "America", None),
        ({"timezone": -5}, None, "UTC-05:00"),
        ({"timezone": "5.5"}, None, "UTC+05:30"),
        ({"timezone": "-09:30"}, "America/New_York", "UTC-09:30"),
        ({"timezone": 5.75}, None, "UTC+05:45"),
        ({"timezone": 99}, None, None),
        ({"opens_at": "09:00+99:00"}, None, None),
        ({"opens_at": "09:00-05:00"}, None, "UTC-05:00"),
        ({"opens_at": "09:00Z"}, None, None),
    ],
)
def test_the_zone_is_the_schedules_else_the_usual_one(
    said: dict[str, object], usual: str | None, zone: str | None
) -> None:
    hours = compile_hours([OFFICE | said], default_timezone=usual, today=TODAY)
    assert (hours and hours.timezone) == zone


@pytest.mark.parametrize("offset", [-5, -4, "-5.0", "UTC-5", "EST", 0])
def test_an_offset_gives_way_to_the_usual_zone_that_observes_it(offset: object) -> None:
    hours = compiled(OFFICE | {"timezone": offset})
    assert open_at(hours, at("2026-01-05 09:00"))
    assert open_at(hours, at("2026-07-06 09:00"))


def test_two_clocks_at_one_door_are_unknown() -> None:
    assert unknown(OFFICE | {"timezone_name": "America/Chicago"}, OFFICE | {"timezone_name": "America/Denver"})


def test_hours_survive_being_packed_as_json() -> None:
    eve = {"valid_from": "2026-12-24", "valid_to": "2026-12-24"}
    saturday = {"freq": "MONTHLY", "byday": "1SA", "opens_at": "10:00", "closes_at": "12:00"}
    always = {"freq": "DAILY", "opens_at": "00:00", "closes_at": "24:00"}
    for hours in (compiled(OFFICE), compiled(OFFICE, eve, saturday), compiled(always)):
        assert unpack(json.loads(json.dumps(pack(hours)))) == hours


FIELDS = {
    "freq": st.sampled_from(["WEEKLY", "MONTHLY", "DAILY", ""]),
    "byday": st.sampled_from(["MO", "1SA", "-5FR,", "mo tu", ""]),
    "opens_at": st.sampled_from(["09:00", "00:00", "23:59", "9:00+99:00"]),
    "closes_at": st.sampled_from(["17:00", "24:00", "00:00"]),
    **{key: st.integers(-400, 400) for key in ("bymonthday", "byweekno", "byyearday", "interval", "count")},
    **{key: st.dates().map(date.isoformat) for key in ("dtstart", "until", "valid_from", "valid_to")},
}


@settings(max_examples=200, deadline=None)
@given(
    st.lists(st.fixed_dictionaries({}, optional={key: valid | st.text() for key, valid in FIELDS.items()})),
    st.datetimes(datetime(2026, 3, 3), datetime(2090, 1, 1), timezones=st.just(UTC)),  # noqa: DTZ001
)
def test_no_schedule_breaks_the_clock(schedules: list[dict[str, object]], moment: datetime) -> None:
    hours = compile_hours(schedules, default_timezone="America/New_York", today=TODAY)
    if hours is not None:
        assert describe(hours, moment).state == ("open" if open_at(hours, moment) else "closed")


SUNDAY_NIGHT = {"freq": "WEEKLY", "byday": "SU", "opens_at": "01:30", "closes_at": "03:00"}


def test_a_time_the_clocks_skip_is_the_moment_they_do() -> None:
    skipped = compiled(SUNDAY_NIGHT | {"opens_at": "02:30", "closes_at": "04:00"})
    assert describe(skipped, at("2026-03-08 00:00")).next == datetime(2026, 3, 8, 7, tzinfo=UTC)  # 03:00 EDT
    assert open_at(skipped, datetime(2026, 3, 8, 7, tzinfo=UTC))
    assert not open_at(skipped, datetime(2026, 3, 8, 6, 59, tzinfo=UTC))
    gone = compiled(SUNDAY_NIGHT | {"opens_at": "02:15", "closes_at": "02:45"})
    assert describe(gone, at("2026-03-08 00:00")).next == at("2026-03-15 02:15")


def test_a_time_that_comes_twice_means_its_first_coming() -> None:
    def utc(hour: int, minute: int) -> datetime:
        return datetime(2026, 11, 1, hour, minute, tzinfo=UTC)  # 05:30 is 01:30 EDT, 06:30 is 01:30 EST

    hours = compiled(SUNDAY_NIGHT)
    assert not open_at(hours, utc(5, 29))
    assert open_at(hours, utc(5, 30))
    assert open_at(hours, utc(6, 10))
    assert describe(hours, utc(6, 10)).until == utc(8, 0)
    short = compiled(SUNDAY_NIGHT | {"opens_at": "01:10", "closes_at": "01:45"})
    until = describe(short, utc(5, 20)).until
    assert until
    assert until.astimezone(UTC) == utc(5, 45)  # PEP 495: a time that comes twice equals none of another zone
    assert not open_at(short, utc(6, 20))
    assert describe(short, utc(6, 20)).next == at("2026-11-08 01:10")


# An oracle, written differently: it walks the calendar with dateutil and compares moments, never clocks.

FIXED = "UTC+05:30"
ZONES = [
    "America/New_York",
    "America/Phoenix",
    "America/St_Johns",
    "Pacific/Honolulu",
    "Australia/Lord_Howe",
]
WEEKDAYS = ["MO", "TU", "WE", "TH", "FR", "SA", "SU"]
CHANGES = [
    datetime(2026, 3, 8, 7, tzinfo=UTC),
    datetime(2026, 11, 1, 6, tzinfo=UTC),
    datetime(2026, 4, 4, 15, tzinfo=UTC),
    datetime(2026, 10, 3, 15, tzinfo=UTC),
]


def when_clocks_reach(wall: datetime, zone: str) -> datetime:
    """Walk from well before until the clocks show this time or a later one."""
    if zone == FIXED:
        return (wall - timedelta(hours=5, minutes=30)).replace(tzinfo=UTC)
    offset = wall.replace(tzinfo=ZoneInfo(zone)).utcoffset() or timedelta()
    moment = (wall - offset - timedelta(hours=3)).replace(tzinfo=UTC)
    while moment.astimezone(ZoneInfo(zone)).replace(tzinfo=None) < wall:
        moment += timedelta(minutes=15)
    return moment


def oracle(schedules: list[dict[str, str]], zone: str, moment: datetime) -> bool:
    around = moment.date()
    days = [around + timedelta(days=n) for n in range(-3, 3)]
    for day in days:
        special = [s for s in schedules if "freq" not in s]
        special = [s for s in special if s["valid_from"] <= day.isoformat() <= s["valid_to"]]
        if special:
            span = min(length(s) for s in special)
            special = [s for s in special if length(s) == span]
            chosen = [] if any("opens_at" not in s for s in special) else special
        else:
            chosen = [s for s in schedules if "freq" in s and falls_on(s, day)]
        for schedule in chosen:
            opens, closes = (time.fromisoformat(schedule[key]) for key in ("opens_at", "closes_at"))
            ends = day if closes > opens else day + timedelta(days=1)
            begins_at = when_clocks_reach(datetime.combine(day, opens), zone)
            if begins_at <= moment < when_clocks_reach(datetime.combine(ends, closes), zone):
                return True
    return False


def length(schedule: dict[str, str]) -> int:
    return (date.fromisoformat(schedule["valid_to"]) - date.fromisoformat(schedule["valid_from"])).days


def falls_on(schedule: dict[str, str], day: date) -> bool:
    if not schedule.get("valid_from", "") <= day.isoformat() <= schedule.get("valid_to", "9"):
        return False
    keys = [key for key in ("freq", "interval", "count", "byday", "bymonthday") if key in schedule]
    rule = rrulestr(
        ";".join(f"{key.upper()}={schedule[key]}" for key in keys),
        dtstart=datetime.fromisoformat(schedule.get("dtstart", "2025-01-01")),
    )
    midnight = datetime.combine(day, time())
    return midnight in rule.between(midnight, midnight, inc=True)


times = st.builds(lambda n: f"{n // 4:02}:{n % 4 * 15:02}", st.integers(0, 95))
dates = st.dates(TODAY - timedelta(days=40), TODAY + timedelta(days=420)).map(date.isoformat)
hours_of_day = st.fixed_dictionaries({"opens_at": times, "closes_at": times})
some_days = st.lists(st.sampled_from(WEEKDAYS), min_size=1, unique=True).map(",".join)
nth_days = st.builds("{}{}".format, st.sampled_from([-1, 1, 2, 4]), st.sampled_from(WEEKDAYS))
spans = st.tuples(dates, st.integers(0, 30)).map(
    lambda s: {
        "valid_from": s[0],
        "valid_to": (date.fromisoformat(s[0]) + timedelta(days=s[1])).isoformat(),
    }
)
anchored = st.fixed_dictionaries(
    {"dtstart": dates}, optional={"interval": st.sampled_from("123"), "count": st.sampled_from(["1", "9"])}
)
recurrences = st.one_of(
    st.fixed_dictionaries({"freq": st.just("WEEKLY"), "byday": some_days}),
    st.fixed_dictionaries({"freq": st.just("MONTHLY"), "byday": nth_days}),
    st.fixed_dictionaries({"freq": st.just("MONTHLY"), "bymonthday": st.sampled_from(["1", "8,15", "-1"])}),
)
recurring = st.tuples(recurrences, hours_of_day, st.just({}) | anchored, st.just({}) | spans)
exceptions = st.tuples(spans, st.just({}) | hours_of_day)
any_schedule = (recurring | exceptions).map(lambda parts: {k: v for part in parts for k, v in part.items()})
near_changes = st.tuples(st.sampled_from(CHANGES), st.integers(-300, 300).map(lambda n: timedelta(minutes=n)))
any_minute = st.integers(0, 390 * 24 * 60)
moments = near_changes.map(lambda pair: pair[0] + pair[1]) | any_minute.map(
    lambda n: datetime(2026, 3, 3, tzinfo=UTC) + timedelta(minutes=n)
)


@settings(max_examples=300, deadline=None)
@given(st.lists(any_schedule, min_size=1, max_size=4), st.sampled_from([*ZONES, FIXED]), moments)
def test_compiled_hours_agree_with_the_calendar(schedules: list[dict[str, str]], zone: str, moment: datetime) -> None:
    said = [schedule | {"timezone": "5.5"} for schedule in schedules] if zone == FIXED else schedules
    hours = compile_hours(said, default_timezone=zone, today=TODAY)
    assert (hours is not None and open_at(hours, moment)) == oracle(schedules, zone, moment)


@settings(max_examples=200, deadline=None)
@given(st.lists(any_schedule, min_size=1, max_size=4), st.sampled_from(ZONES), moments)
def test_nothing_changes_before_the_next_change(schedules: list[dict[str, str]], zone: str, moment: datetime) -> None:
    hours = compile_hours(schedules, default_timezone=zone, today=TODAY)
    if hours is None:
        return
    state = describe(hours, moment)
    assert (state.state == "open") == open_at(hours, moment)
    change = (state.until or state.next or moment + timedelta(days=9)).astimezone(UTC)
    assert change > moment
    if state.until or state.next:
        assert open_at(hours, change) != open_at(hours, moment)
    if state.until or state.state == "closed":
        for step in range(20):
            between = moment + (change - moment) * step / 20
            assert open_at(hours, between) == open_at(hours, moment)
