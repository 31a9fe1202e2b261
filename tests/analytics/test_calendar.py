"""Days of the operator's time zone: none is lost, and each hour belongs to one."""

from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo, available_timezones

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analytics.calendar import EPOCH, HOUR, Calendar

# In Antarctica clocks are moved by two and three hours.
ZONES = sorted(name for name in available_timezones() if not name.startswith("Antarctica/"))
YEARS = st.integers(2020, 2035)


def calendar(zone: str) -> Calendar:
    return Calendar([(0, zone)])


def at(text: str) -> int:
    """A moment, with its offset, in Unix seconds."""
    return int(datetime.fromisoformat(text).timestamp())


def days_of(year: int) -> range:
    return range((date(year, 1, 1) - EPOCH).days, (date(year + 1, 1, 1) - EPOCH).days)


@given(zone=st.sampled_from(ZONES), year=YEARS)
def test_each_hour_of_a_year_belongs_to_one_day_in_any_zone(zone: str, year: int) -> None:
    days = calendar(zone)

    for day in days_of(year):
        begin, end = days.begin(day), days.begin(day + 1)
        assert begin % HOUR == 0
        assert end - begin in {23 * HOUR, 24 * HOUR, 25 * HOUR}
        assert {days.day(moment) for moment in (begin, begin + 1, end - 1)} == {day}


@given(zone=st.sampled_from(ZONES), moment=st.integers(at("2020-01-01T00Z"), at("2036-01-01T00Z")))
def test_days_and_hours_are_those_of_the_wall_clock_in_zones_at_whole_hours(
    zone: str, moment: int
) -> None:
    days = calendar(zone)
    wall = datetime.fromtimestamp(moment, ZoneInfo(zone))
    offset = wall.utcoffset()
    assert offset is not None

    if offset % timedelta(hours=1):
        assert days.is_rounded
    else:
        assert days.date(days.day(moment)) == wall.date()
        assert days.hour_of_week(moment) == (wall.weekday(), wall.hour)
        assert days.hour_of_day(moment) == wall.hour


@given(zone=st.sampled_from(ZONES), year=YEARS)
def test_a_day_begins_within_the_hour_after_midnight(zone: str, year: int) -> None:
    days = calendar(zone)

    for day in days_of(year):
        midnight = datetime.combine(days.date(day), datetime.min.time(), ZoneInfo(zone))
        late = days.begin(day) - midnight.timestamp()
        assert 0 <= late <= (0.75 * HOUR if days.is_rounded else 0)
        begin = datetime.fromtimestamp(days.begin(day), UTC)
        assert days.local(begin).date() == days.date(day)


@given(
    zone=st.sampled_from(ZONES),
    moment=st.integers(at("2020-01-01T00Z"), at("2036-01-01T00Z")),
    hours=st.sampled_from([1, 2, 3, 4, 6, 8, 12, 24]),
)
def test_steps_of_hours_divide_each_day(zone: str, moment: int, hours: int) -> None:
    days = calendar(zone)
    begin = days.begin(days.day(moment))
    of_day = range(begin, days.begin(days.day(moment) + 1), HOUR)
    steps = sorted({days.floor(hour, hours * HOUR) for hour in of_day})

    assert steps[0] == begin
    assert days.floor(moment, hours * HOUR) in steps
    if hours > 1:
        assert len(steps) == 24 // hours
        assert {later - step for step, later in pairwise(steps)} <= {hours * HOUR}


@given(
    zone=st.sampled_from(ZONES),
    begin=st.integers(at("2020-01-01T00Z"), at("2036-01-01T00Z")),
    seconds=st.integers(0, 400 * 24 * HOUR),
)
def test_local_times_are_as_far_apart_as_their_moments(zone: str, begin: int, seconds: int) -> None:
    days = calendar(zone)
    moment = datetime.fromtimestamp(begin, UTC)
    local = days.local(moment)

    assert local == moment
    assert local.replace(tzinfo=None) == datetime.fromtimestamp(begin, ZoneInfo(zone)).replace(
        tzinfo=None
    )
    assert days.local(moment + timedelta(seconds=seconds)) - local == timedelta(seconds=seconds)


@pytest.mark.parametrize(
    ("day", "begins", "hours"),
    [
        ("2026-03-29", "2026-03-29T00+01", 23),
        ("2026-03-30", "2026-03-30T00+02", 24),
        ("2026-10-25", "2026-10-25T00+02", 25),
        ("2026-10-26", "2026-10-26T00+01", 24),
    ],
)
def test_days_of_daylight_saving_in_berlin(day: str, begins: str, hours: int) -> None:
    days, number = calendar("Europe/Berlin"), (date.fromisoformat(day) - EPOCH).days

    assert days.begin(number) == at(begins)
    assert days.begin(number + 1) - days.begin(number) == hours * HOUR


def test_a_midnight_that_daylight_saving_skips_begins_its_day_an_hour_later() -> None:
    days, number = calendar("Africa/Cairo"), (date(2026, 4, 24) - EPOCH).days

    assert days.begin(number) == at("2026-04-24T01+03")
    assert days.hour_of_day(days.begin(number)) == 1


def test_weeks_begin_on_mondays() -> None:
    monday = (date(2026, 1, 5) - EPOCH).days

    assert [Calendar.weekday(monday + n) for n in range(-1, 8)] == [6, 0, 1, 2, 3, 4, 5, 6, 0]
    assert [Calendar.week(monday + n) - Calendar.week(monday) for n in (-1, 0, 6, 7)] == [
        -1,
        0,
        0,
        1,
    ]
    assert Calendar.week(0) == 0


def test_utc_is_the_default() -> None:
    days = Calendar()

    assert days.zone.key == "UTC"
    assert not days.is_rounded
    assert days.day(at("2026-10-25T23:59:59Z")) == (date(2026, 10, 25) - EPOCH).days


FIRST = at("2026-01-01T00Z") // HOUR
CHANGES = st.lists(
    st.tuples(st.integers(1, 40 * 24), st.sampled_from(sorted(available_timezones()))),
    max_size=5,
    unique_by=lambda change: change[0],
)


@given(first=st.sampled_from(ZONES), changes=CHANGES)
def test_days_follow_each_other_however_the_zone_changes(
    first: str, changes: list[tuple[int, str]]
) -> None:
    zones = [(0, first), *(((FIRST + hour) * HOUR, name) for hour, name in sorted(changes))]
    days = Calendar(zones)
    hours = [(FIRST + hour) * HOUR for hour in range(45 * 24)]

    assert sorted(days.day(hour) for hour in hours) == [days.day(hour) for hour in hours]
    for hour in hours:
        day = days.day(hour)
        assert days.begin(day) <= hour < days.begin(day + 1)
        assert days.begin(day) == days.begin(day + 1) or days.day(days.begin(day)) == day


@given(first=st.sampled_from(ZONES), change=CHANGES.filter(lambda changes: len(changes) > 0))
def test_what_was_counted_by_day_stays_as_it_was_counted_when_the_zone_changes(
    first: str, change: list[tuple[int, str]]
) -> None:
    hour, name = change[0]
    since = (FIRST + hour) * HOUR
    before, after = calendar(first), Calendar([(0, first), (since, name)])

    for moment in range(FIRST * HOUR, since, HOUR):
        assert after.day(moment) == before.day(moment)


@given(first=st.sampled_from(ZONES), change=CHANGES.filter(lambda changes: len(changes) > 0))
def test_days_are_those_of_the_new_zone_two_days_after_it_changed(
    first: str, change: list[tuple[int, str]]
) -> None:
    hour, name = change[0]
    since = (FIRST + hour) * HOUR
    new, after = calendar(name), Calendar([(0, first), (since, name)])

    for moment in range(since + 48 * HOUR, since + 96 * HOUR, HOUR):
        assert after.day(moment) == new.day(moment)
        assert after.hour_of_day(moment) == new.hour_of_day(moment)
