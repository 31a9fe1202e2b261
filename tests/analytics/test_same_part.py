"""A running period is compared with the same part of the one before: steady use shows no change."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from analytics import Interaction, InteractionType, Period
from analytics.telegram.texts.stats import change
from tests.support.service import SOMEBODY, open_service, run_once

BEGIN = datetime(2026, 1, 5, tzinfo=UTC)
# So far apart that a period has some hundred interactions, and its hours have equally many.
EVERY = {
    Period.DAY: timedelta(minutes=6),
    Period.WEEK: timedelta(minutes=30),
    Period.MONTH: timedelta(hours=1),
    Period.QUARTER: timedelta(hours=3),
}


@pytest.mark.parametrize("period", Period)
@settings(deadline=None, max_examples=10, suppress_health_check=[HealthCheck.too_slow])
@given(
    minutes=st.integers(0, 24 * 60 - 1),
    people=st.integers(1, 5),
    precision=st.sampled_from([1, 3600]),
    interval=st.sampled_from([0, 60, 1440]),
)
@example(minutes=23 * 60 + 30, people=3, precision=3600, interval=0)
@example(minutes=5, people=3, precision=3600, interval=60)
async def test_steady_use_shows_no_change_at_any_minute(
    period: Period, minutes: int, people: int, precision: int, interval: int
) -> None:
    now = BEGIN + 2 * period.length + timedelta(days=1, minutes=minutes)
    every, at, said = EVERY[period], BEGIN, list[Interaction]()
    while at < now:
        person = SOMEBODY + len(said) % people
        said.append(Interaction(person, InteractionType.MESSAGE, at))
        at += every
    with TemporaryDirectory() as name:
        await run_once(Path(name), clock=lambda: BEGIN)
        await run_once(
            Path(name),
            [each for each in said if each.timestamp < end(now, interval)],
            clock=lambda: now,
            timestamp_precision=precision,
        )
        options = {"report_interval": timedelta(minutes=interval), "timestamp_precision": precision}
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


def end(now: datetime, interval: int) -> datetime:
    """The end of the newest complete interval; now without one."""
    if not interval:
        return now
    return now - (now - datetime.fromtimestamp(0, UTC)) % timedelta(minutes=interval)
