"""A running period is compared with the same part of the one before: steady use shows no change."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from analytics import Interaction, InteractionType, Period
from analytics.telegram.texts.stats import change
from tests.support.examples import examples
from tests.support.service import SOMEBODY, open_service, run_once

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
# Their clocks are put forward and back, one of them at midnight, or not; one is not at whole hours.
ZONES = ["UTC", "Europe/Berlin", "America/Havana", "Australia/Lord_Howe", "Asia/Kolkata"]
YEAR_BEGIN = datetime(2026, 1, 5, tzinfo=UTC)
# So far apart that a period has some hundred interactions, and its hours have equally many.
EVERY = {
    Period.DAY: timedelta(minutes=6),
    Period.WEEK: timedelta(minutes=30),
    Period.MONTH: timedelta(minutes=30),
    Period.QUARTER: timedelta(minutes=30),
}


@pytest.mark.parametrize("period", Period)
@settings(max_examples=examples(10))
@given(
    zone=st.sampled_from(ZONES),
    # From January to October: the clocks are changed in most of the zones.
    minutes=st.integers(0, 300 * 24 * 60) | st.integers(82 * 24 * 60, 95 * 24 * 60),
    people=st.integers(1, 5),
    precision=st.sampled_from([1, 3600]),
    interval=st.sampled_from([0, 60, 1440]),
)
@example(zone="UTC", minutes=23 * 60 + 30, people=3, precision=3600, interval=0)
@example(zone="UTC", minutes=5, people=3, precision=3600, interval=60)
# Days of 23 hours, 29 March in Berlin and 8 March in Havana, are in the period or in that before.
@example(zone="Europe/Berlin", minutes=83 * 24 * 60 + 90, people=3, precision=3600, interval=0)
@example(zone="Europe/Berlin", minutes=85 * 24 * 60 + 90, people=3, precision=3600, interval=1440)
@example(zone="Europe/Berlin", minutes=92 * 24 * 60 + 90, people=3, precision=3600, interval=0)
@example(zone="Europe/Berlin", minutes=120 * 24 * 60 + 90, people=3, precision=3600, interval=0)
@example(zone="Europe/Berlin", minutes=200 * 24 * 60 + 90, people=3, precision=3600, interval=0)
@example(zone="America/Havana", minutes=62 * 24 * 60 + 400, people=3, precision=1, interval=0)
async def test_steady_use_shows_no_change_at_any_minute(
    period: Period, zone: str, minutes: int, people: int, precision: int, interval: int
) -> None:
    now = YEAR_BEGIN + timedelta(minutes=minutes)
    # A day more than both periods, which are whole weeks apart.
    earlier = timedelta(days=7 * -(-period.length.days // 7))
    begin = YEAR_BEGIN + timedelta(hours=minutes // 60) - period.length - earlier - 2 * DAY
    every, at, said = EVERY[period], begin, list[Interaction]()
    while at < now:
        person = SOMEBODY + len(said) % people
        said.append(Interaction(person, InteractionType.MESSAGE, at))
        at += every
    with TemporaryDirectory() as name:
        options: dict[str, Any] = {"timezone": zone, "timestamp_precision": precision}
        await run_once(Path(name), clock=lambda: begin, **options)
        heard = [each for each in said if each.timestamp < end(now, interval, ZoneInfo(zone))]
        await run_once(Path(name), heard, clock=lambda: now, **options)
        options["report_interval"] = timedelta(minutes=interval)
        async with open_service(Path(name), clock=lambda: now, **options) as analytics:
            report = await analytics.reports.period(period)

    assert report.interactions is not None
    assert report.interactions_before is not None
    assert report.active_users_before is not None
    # One is all that rounding can do, and what happens at the minute itself.
    assert abs(report.interactions - report.interactions_before) <= 1
    assert report.active_users == report.active_users_before
    if report.interactions > 100:
        assert change(report.interactions, report.interactions_before) in ("=", "▲ <1%", "▼ <1%")


def end(now: datetime, interval: int, zone: ZoneInfo) -> datetime:
    """The end of the newest complete interval, of an hour or a day; now without one."""
    hour = now.replace(minute=0)
    if interval != 1440:
        return hour if interval else now
    while (hour - HOUR).astimezone(zone).date() == now.astimezone(zone).date():
        hour -= HOUR
    return hour
