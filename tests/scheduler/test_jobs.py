"""Cleanup runs once a day, and as soon as possible where a day was missed."""

import asyncio
from datetime import UTC, datetime, time, timedelta, timezone
from typing import Any

import pytest
from apscheduler.schedulers.asyncio import AsyncIOScheduler
from hypothesis import given
from hypothesis import strategies as st

from scheduler.jobs import (
    MONDAY,
    add_daily,
    add_hourly,
    build_scheduler,
    last_planned,
    next_planned,
)

NOW = datetime(2026, 6, 1, 12, 0, tzinfo=UTC)
MOMENTS = st.datetimes(
    datetime(2020, 1, 1),  # noqa: DTZ001 - hypothesis adds the zone
    datetime(2035, 1, 1),  # noqa: DTZ001
    timezones=st.integers(-12, 14).map(lambda hours: timezone(timedelta(hours=hours))),
)


class Calls:
    """Functions to hand to a scheduler, which note that they were called."""

    def __init__(self, last: datetime | None) -> None:
        self.last = last
        self.made: list[str] = []
        self.looked = asyncio.Event()
        self.cleaned = asyncio.Event()

    async def cleanup(self) -> int:
        self.made.append("cleanup")
        self.cleaned.set()
        return 0

    async def last_cleanup(self) -> datetime | None:
        self.looked.set()
        return self.last

    async def maintain(self, large_too: bool) -> None:
        self.made.append(f"maintain {large_too}")

    def scheduler(self, at: time = time(3), *, postponed: bool = False) -> Any:
        return build_scheduler(
            cleanup=self.cleanup,
            last_cleanup=self.last_cleanup,
            maintain=self.maintain,
            is_postponed=lambda: postponed,
            at=at,
            clock=lambda: NOW,
        )


@pytest.mark.parametrize(
    "last", [None, NOW - timedelta(days=1), datetime(2026, 6, 1, 2, 59, tzinfo=UTC)]
)
async def test_a_missed_cleanup_is_made_up_for_at_start(last: datetime | None) -> None:
    calls = Calls(last)
    scheduler = calls.scheduler()
    scheduler.start()
    await asyncio.wait_for(calls.cleaned.wait(), 5)
    scheduler.shutdown()

    assert calls.made == ["cleanup"]


async def test_a_cleanup_that_is_noted_in_the_future_does_not_count() -> None:
    """The clock was wrong then; the next run must not wait until it is as late as that."""
    calls = Calls(NOW + timedelta(days=365))
    scheduler = calls.scheduler()
    scheduler.start()
    await asyncio.wait_for(calls.cleaned.wait(), 5)
    scheduler.shutdown()

    assert calls.made == ["cleanup"]


async def test_a_postponed_cleanup_is_said_and_not_done(caplog: pytest.LogCaptureFixture) -> None:
    for job in Calls(None).scheduler(postponed=True).get_jobs():
        await job.func()

    assert caplog.text.count("cleanup is postponed") == 1


async def test_a_restart_does_not_clean_up_again() -> None:
    calls = Calls(datetime(2026, 6, 1, 3, 0, tzinfo=UTC))
    scheduler = calls.scheduler()
    scheduler.start()
    await asyncio.wait_for(calls.looked.wait(), 5)
    scheduler.shutdown()

    assert calls.made == []


async def test_the_nightly_run_cleans_up_and_then_compacts_what_takes_long() -> None:
    calls = Calls(None)
    nightly, *_ = calls.scheduler(time(4, 30)).get_jobs()
    await nightly.func()

    assert calls.made == ["cleanup", "maintain True"]
    assert nightly.trigger.get_next_fire_time(None, NOW) == datetime(2026, 6, 2, 4, 30, tzinfo=UTC)


async def test_no_run_is_skipped_for_being_late() -> None:
    """APScheduler's own default skips a run that is more than a second late."""
    scheduler = Calls(NOW).scheduler()
    scheduler.start()
    jobs = scheduler.get_jobs()
    scheduler.shutdown()

    assert len(jobs) == 3
    assert all(job.misfire_grace_time is None and job.coalesce for job in jobs)


@given(now=MOMENTS, years=st.integers(-30, 30))
def test_whenever_the_run_before_was_the_next_is_one_and_within_a_day(
    now: datetime, years: int
) -> None:
    before = now + timedelta(days=365 * years)
    planned = [
        job.trigger.get_next_fire_time(before, now) for job in Calls(None).scheduler().get_jobs()
    ]

    assert all(now < following <= now + timedelta(days=1) for following in planned)


@given(now=MOMENTS, at=st.times().map(lambda at: at.replace(second=0, microsecond=0)))
def test_planned_moments_are_a_day_apart_around_now(now: datetime, at: time) -> None:
    last, following = last_planned(now, at), next_planned(now, at)

    assert last <= now < following
    assert following - last == timedelta(days=1)
    assert (last.astimezone(UTC).hour, last.astimezone(UTC).minute) == (at.hour, at.minute)


@given(
    now=MOMENTS,
    at=st.times().map(lambda at: at.replace(second=0, microsecond=0)),
    weekday=st.integers(0, 6),
)
def test_the_last_weekly_moment_is_on_its_day_and_less_than_a_week_ago(
    now: datetime, at: time, weekday: int
) -> None:
    last = last_planned(now, at, weekday)

    assert now - timedelta(weeks=1) < last <= now
    assert (last.weekday(), last.hour, last.minute) == (weekday, at.hour, at.minute)


@pytest.mark.parametrize(
    ("last", "runs"),
    [
        # NOW is a Monday, at noon.
        (NOW - timedelta(weeks=1), 1),
        (NOW.replace(hour=7, minute=59), 1),
        (NOW.replace(hour=8), 0),
    ],
)
async def test_a_weekly_job_runs_where_its_day_was_missed(last: datetime, runs: int) -> None:
    calls = Calls(last)
    scheduler = AsyncIOScheduler(timezone=UTC)
    add_daily(
        scheduler,
        calls.cleanup,
        last=calls.last_cleanup,
        is_postponed=lambda: False,
        at=time(8),
        clock=lambda: NOW + timedelta(days=3),
        weekday=MONDAY,
    )
    [job] = scheduler.get_jobs()
    await job.func()

    assert calls.made == ["cleanup"] * runs


async def test_an_hourly_job_runs_first_an_hour_after_the_start() -> None:
    calls = Calls(None)
    scheduler = AsyncIOScheduler(timezone=UTC)

    async def run() -> None:
        await calls.cleanup()

    add_hourly(scheduler, run)
    before = datetime.now(UTC)
    scheduler.start(paused=True)
    [job] = scheduler.get_jobs()
    scheduler.shutdown()
    await job.func()

    assert calls.made == ["cleanup"]
    assert job.next_run_time >= before + timedelta(hours=1)
    assert job.trigger.get_next_fire_time(None, NOW) == NOW + timedelta(hours=1)


@pytest.mark.parametrize(
    ("last", "postponed", "runs"),
    [
        (None, False, 1),
        (NOW - timedelta(days=1), False, 1),
        (datetime(2026, 6, 1, 3, 0, tzinfo=UTC), False, 0),
        (None, True, 0),
    ],
)
async def test_a_daily_job_runs_where_a_day_was_missed_and_not_while_postponed(
    last: datetime | None, postponed: bool, runs: int
) -> None:
    calls = Calls(last)
    scheduler = AsyncIOScheduler(timezone=UTC)
    add_daily(
        scheduler,
        calls.cleanup,
        last=calls.last_cleanup,
        is_postponed=lambda: postponed,
        at=time(3),
        clock=lambda: NOW,
    )
    [job] = scheduler.get_jobs()
    await job.func()

    assert calls.made == ["cleanup"] * runs
    soon = timedelta(minutes=1) if postponed else timedelta(hours=1)
    for now, following in (
        (NOW, NOW + soon),
        (NOW.replace(hour=2, minute=59, second=30), NOW.replace(hour=3)),
    ):
        assert job.trigger.get_next_fire_time(None, now) == following
    assert job.next_run_time <= datetime.now(UTC)


async def test_what_is_postponed_at_the_start_is_made_up_for_within_a_minute() -> None:
    """Not an hour later: Telegram's date comes seconds after the start."""
    _, if_due, _ = Calls(None).scheduler(postponed=True).get_jobs()

    assert if_due.trigger.get_next_fire_time(None, NOW) == NOW + timedelta(minutes=1)
