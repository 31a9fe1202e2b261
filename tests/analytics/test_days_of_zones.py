"""In any time zone, also where clocks are changed, what is shown equals a recount by its clocks."""

import random
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from zoneinfo import ZoneInfo, available_timezones

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analytics import Access, History, Interaction, InteractionType, Period, PeriodReport
from tests.support.events import events_of
from tests.support.examples import examples
from tests.support.recount import inconsistencies
from tests.support.second_connection import NAME
from tests.support.service import SOMEBODY, open_service, run_once

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
YEAR_BEGIN = datetime(2026, 1, 1, tzinfo=UTC)
KINDS = [InteractionType.MESSAGE, InteractionType.COMMAND]
# How many days earlier the compared period begins.
EARLIER = {Period.WEEK: 7, Period.MONTH: 35, Period.QUARTER: 91}


@cache
def changes(zone: str) -> list[datetime]:
    """The hours of 2026 in which the clocks of a zone are changed."""
    hours = [YEAR_BEGIN + n * HOUR for n in range(365 * 24)]
    offsets = [hour.astimezone(ZoneInfo(zone)).utcoffset() for hour in hours]
    return [hours[n] for n in range(1, len(hours)) if offsets[n] != offsets[n - 1]]


@st.composite
def moments(draw: st.DrawFn) -> tuple[str, datetime]:
    """A zone, and a moment: mostly within days after its clocks were changed, or before."""
    zone = draw(st.sampled_from(sorted(available_timezones())))
    near = st.sampled_from(changes(zone)) if changes(zone) else st.just(YEAR_BEGIN + 180 * DAY)
    begin = draw(near | st.integers(0, 364).map(lambda days: YEAR_BEGIN + days * DAY))
    return zone, begin + timedelta(minutes=draw(st.integers(-3 * 24 * 60, 40 * 24 * 60)))


@dataclass(frozen=True)
class Said:
    """An interaction, with what the clocks of a zone show at the beginning of its hour."""

    person: int
    kind: InteractionType
    word: str | None
    at: datetime
    wall: datetime


def hour_of(moment: datetime) -> datetime:
    return moment.replace(minute=0, second=0, microsecond=0)


def made_up(chance: random.Random, zone: ZoneInfo, now: datetime, count: int) -> list[Said]:
    said = []
    today = hour_of(now).astimezone(zone).replace(tzinfo=UTC, hour=0)
    for _ in range(count):
        at = now - timedelta(hours=190 * 24 * chance.random() ** 3)
        if chance.random() < 0.7:
            # Near a midnight, mostly one where a period may begin.
            day = today - DAY * (chance.choice([0, 6, 13, 29, 64]) + chance.randrange(3))
            midnight = day.replace(tzinfo=zone).astimezone(UTC)
            at = min(now, midnight + timedelta(hours=6 * chance.random() - 3))
        kind = chance.choice(KINDS)
        word = "/help" if kind is InteractionType.COMMAND and chance.random() < 0.7 else None
        wall = hour_of(at).astimezone(zone)
        said.append(Said(SOMEBODY + chance.randrange(9), kind, word, at, wall))
    return said


def first_hour(zone: ZoneInfo, day: date) -> datetime:
    """The first hour, UTC, whose beginning is on a day, or later where the zone has no such day."""
    hour = datetime(day.year, day.month, day.day, tzinfo=UTC) - 30 * HOUR
    while hour.astimezone(zone).date() < day:
        hour += HOUR
    return hour


def people(said: Iterable[Said]) -> int:
    return len({each.person for each in said})


def assert_period(report: PeriodReport, said: list[Said], zone: ZoneInfo, now: datetime) -> None:
    today = hour_of(now).astimezone(zone).date()
    first = today - (report.period.length - DAY)
    here = [each for each in said if each.wall.date() >= first]
    begin = first_hour(zone, first)
    before = first_hour(zone, first - timedelta(days=EARLIER[report.period]))
    middle = before + (hour_of(now) - begin)
    complete = [each for each in said if before <= each.at < middle]
    with_hour = [each for each in said if before <= each.at < middle + HOUR]
    passed = (now - hour_of(now)) / HOUR
    hours = Counter(each.wall.hour for each in here)
    commands = Counter((each.word or "/other")[1:] for each in here if each.kind == "command")

    assert report.since == begin
    assert report.since.replace(tzinfo=None) == begin.astimezone(zone).replace(tzinfo=None)
    assert report.timezone == zone.key
    assert report.interactions == len(here)
    assert report.active_users == people(here)
    assert report.busiest_hour == min(hours, key=lambda hour: (-hours[hour], hour), default=None)
    assert report.commands == commands
    assert report.interactions_before == len(complete) + round(
        passed * (len(with_hour) - len(complete))
    )
    assert report.active_users_before == people(complete) + round(
        passed * (people(with_hour) - people(complete))
    )


def assert_days(history: History, said: list[Said], zone: ZoneInfo, now: datetime) -> None:
    today = hour_of(now).astimezone(zone).date()
    days = [today - n * DAY for n in range(history.length.days)][::-1]
    by_day = {day: [each for each in said if each.wall.date() == day] for day in days}
    found = {each.since.date(): each for each in history.buckets}

    assert list(found) == days[-len(found) :]
    # Without interactions, no days before the oldest are kept when it is deleted.
    assert not any(here for day, here in by_day.items() if day not in found)
    for day, bucket in found.items():
        here = by_day[day]
        assert bucket.since == first_hour(zone, day)
        assert (bucket.interactions, bucket.active_users) == (len(here), people(here))
        assert bucket.breakdown == Counter(each.kind for each in here)


def assert_hours_of_week(history: History, said: list[Said], zone: ZoneInfo, now: datetime) -> None:
    today = hour_of(now).astimezone(zone).date()
    first = today - history.weeks * timedelta(weeks=1)
    table = Counter(
        (each.wall.weekday(), each.wall.hour) for each in said if first <= each.wall.date() < today
    )
    assert history.hours_of_week is not None
    assert {
        (weekday, hour): count
        for weekday, hours in enumerate(history.hours_of_week)
        for hour, count in enumerate(hours)
        if count
    } == table
    assert history.weeks_since == first_hour(zone, first)


@settings(max_examples=examples(25))
@given(
    where=moments(),
    chance=st.randoms(use_true_random=False),
    count=st.integers(0, 200),
    precision=st.sampled_from([1, 3600]),
    retention=st.sampled_from([2, 5, 6, 7, 8, 13, 14, 15, 30]),
)
async def test_periods_and_days_equal_a_recount_by_the_clocks_of_the_zone(
    where: tuple[str, datetime],
    chance: random.Random,
    count: int,
    precision: int,
    retention: int,
) -> None:
    zone, now = ZoneInfo(where[0]), where[1]
    said = made_up(chance, zone, now, count)
    options: dict[str, Any] = {
        "timezone": zone.key,
        "timestamp_precision": precision,
        "trends_min_users": 1,
    }
    with TemporaryDirectory() as name:
        folder = Path(name)
        await run_once(folder, clock=lambda: now - 400 * DAY, **options)
        async with open_service(folder, clock=lambda: now, **options) as analytics:
            await analytics.record(
                [Interaction(each.person, each.kind, each.at) for each in said],
                None,
                events_of([each.word for each in said]),
            )
            for period in EARLIER:
                assert_period(await analytics.reports.period(period), said, zone, now)
            history = await analytics.reports.history(30 * DAY)
            assert len(history.buckets) == 30
            assert_days(history, said, zone, now)
            assert_hours_of_week(history, said, zone, now)
            # The days stay as they were, also the one that is deleted in part.
            await analytics.cleanup_old_interactions(retention)
            assert_days(await analytics.reports.history(120 * DAY), said, zone, now)
        async with open_service(folder, access=Access.READ, clock=lambda: now) as command:
            assert_days(await command.reports.history(30 * DAY), said, zone, now)
        assert inconsistencies(folder / NAME) == []


async def test_the_compared_period_begins_at_midnight_of_the_same_weekday(tmp_path: Path) -> None:
    """In Berlin the clocks were put forward in between, on 29 March."""
    now = datetime(2026, 4, 7, 12, tzinfo=UTC)
    begin = datetime(2026, 3, 24, 23, tzinfo=UTC)
    moments = [begin - timedelta(minutes=1), begin, begin + timedelta(minutes=1)]
    said = [Interaction(SOMEBODY, InteractionType.MESSAGE, each) for each in moments]
    await run_once(tmp_path, clock=lambda: now - 400 * DAY, timezone="Europe/Berlin")
    async with open_service(tmp_path, clock=lambda: now, timezone="Europe/Berlin") as analytics:
        await analytics.record(said)
        week = await analytics.reports.period(Period.WEEK)

    assert week.since.isoformat() == "2026-04-01T00:00:00+02:00"
    assert week.interactions_before == 2


@pytest.mark.parametrize("period", EARLIER)
async def test_a_year_ago_is_the_sum_of_the_same_weekdays_52_weeks_earlier(
    tmp_path: Path, period: Period
) -> None:
    zone = ZoneInfo("Europe/Berlin")
    now = datetime(2026, 4, 2, 9, 30, tzinfo=UTC)
    begin = now - 500 * DAY
    said = [
        Interaction(SOMEBODY, InteractionType.MESSAGE, begin + 5 * n * HOUR)
        for n in range(100 * 24)
    ]
    today = now.astimezone(zone).date()
    first = today - (period.length - DAY) - timedelta(weeks=52)
    days = [each.timestamp.astimezone(zone).date() for each in said]
    expected = len([day for day in days if first <= day <= today - timedelta(weeks=52)])
    options: dict[str, Any] = {"timezone": zone.key, "trends_min_users": 1}
    await run_once(tmp_path, clock=lambda: begin, **options)
    async with open_service(
        tmp_path, clock=lambda: now, retention_days=3650, **options
    ) as analytics:
        await analytics.record(said)
        whole = await analytics.reports.period(period)
        await analytics.cleanup_old_interactions(90)
        kept = await analytics.reports.period(period)
        day = await analytics.reports.period(Period.DAY)
        by_day = await analytics.reports.year_ago(period)
    async with open_service(tmp_path, clock=lambda: now, breakdown_min_users=2) as limited:
        hidden = await limited.reports.period(period)
        hidden_by_day = await limited.reports.year_ago(period)

    assert whole.interactions_year_ago == kept.interactions_year_ago == expected
    assert expected > 4 * period.length.days
    assert day.interactions_year_ago is None
    assert hidden.interactions_year_ago is None
    assert [each.interactions for each in by_day.buckets] == [
        days.count(first + n * DAY) for n in range(period.length.days)
    ]
    assert {each.interactions for each in hidden_by_day.buckets} == {None}


async def test_a_year_ago_that_is_not_wholly_known_is_not_shown(tmp_path: Path) -> None:
    now = datetime(2026, 6, 1, 12, tzinfo=UTC)
    begin = now - 367 * DAY
    said = [Interaction(SOMEBODY, InteractionType.MESSAGE, begin + n * DAY) for n in range(360)]
    await run_once(tmp_path, said[:9], clock=lambda: begin + 9 * DAY)
    async with open_service(tmp_path, clock=lambda: now, retention_days=3650) as analytics:
        await analytics.record(said[9:])
        week, month = [
            await analytics.reports.period(period) for period in (Period.WEEK, Period.MONTH)
        ]

    assert week.interactions_year_ago is None
    assert month.interactions_year_ago is None
