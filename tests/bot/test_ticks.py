"""A tick comes each minute, however late, and whatever the clock does."""

import asyncio
import logging
import pickle
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from apscheduler.executors.pool import ThreadPoolExecutor
from apscheduler.jobstores.memory import MemoryJobStore
from apscheduler.schedulers.asyncio import AsyncIOScheduler
from hypothesis import given
from hypothesis import strategies as st

from analytics.telegram import ticks as module
from analytics.telegram.ticks import FromNow, each_minute
from scheduler.jobs import build_scheduler

MOMENTS = st.datetimes(
    datetime(2020, 1, 1),  # noqa: DTZ001 - hypothesis adds the zone
    datetime(2035, 1, 1),  # noqa: DTZ001
    timezones=st.integers(-12, 14).map(lambda hours: timezone(timedelta(hours=hours))),
)


class Ticks:
    """A function to hand to a scheduler, which goes on until it is let go."""

    def __init__(self) -> None:
        self.begun = 0
        self.called = asyncio.Event()
        self.let_go = asyncio.Event()

    async def __call__(self) -> None:
        self.begun += 1
        self.called.set()
        await self.let_go.wait()


async def test_the_first_tick_comes_at_once_and_the_next_a_minute_later() -> None:
    ticks, before = Ticks(), datetime.now(UTC)
    scheduler = build_scheduler()
    scheduler.start()
    with each_minute(ticks, scheduler):
        await asyncio.wait_for(ticks.called.wait(), 60)
        [job] = scheduler.get_jobs()
        ticks.let_go.set()
    scheduler.shutdown()

    assert before + timedelta(minutes=1) <= job.next_run_time
    assert job.next_run_time <= datetime.now(UTC) + timedelta(minutes=1)


async def test_no_tick_is_skipped_for_being_late() -> None:
    """APScheduler's own default skips a run that is more than a second late."""
    scheduler = AsyncIOScheduler()
    scheduler.start(paused=True)
    with each_minute(Ticks(), scheduler):
        [job] = scheduler.get_jobs()
    scheduler.shutdown()

    assert job.misfire_grace_time is None
    assert job.coalesce


async def test_while_a_tick_goes_on_there_is_no_other_and_no_word_of_it(
    caplog: pytest.LogCaptureFixture,
) -> None:
    ticks = Ticks()
    scheduler = AsyncIOScheduler()
    scheduler.start()
    stack = ExitStack()
    stack.enter_context(each_minute(ticks, scheduler))
    await asyncio.wait_for(ticks.called.wait(), 60)
    [job] = scheduler.get_jobs()
    with caplog.at_level(logging.WARNING):
        for _ in range(5):
            job.modify(next_run_time=datetime.now(UTC))
            scheduler.wakeup()
            await asyncio.wait_for(job.func(), 60)
    during = ticks.begun
    ticks.let_go.set()
    stack.close()
    scheduler.shutdown()

    assert (during, caplog.text) == (1, "")


async def test_a_tick_that_is_ended_with_the_scheduler_is_no_failure(
    caplog: pytest.LogCaptureFixture,
) -> None:
    ticks = Ticks()
    with each_minute(ticks):
        await asyncio.wait_for(ticks.called.wait(), 60)
    await asyncio.gather(*asyncio.all_tasks() - {asyncio.current_task()}, return_exceptions=True)

    assert "raised an exception" not in caplog.text


@pytest.mark.parametrize("steps", range(4))
async def test_a_tick_that_is_ended_before_it_began_is_no_failure(
    caplog: pytest.LogCaptureFixture, steps: int
) -> None:
    with each_minute(Ticks()):
        for _ in range(steps):
            await asyncio.sleep(0)
    for _ in range(5):
        await asyncio.sleep(0)

    assert "Error running job" not in caplog.text


@given(now=MOMENTS, years=st.integers(-30, 30))
def test_whenever_the_tick_before_was_the_next_is_one_and_within_a_minute(
    now: datetime, years: int
) -> None:
    following = FromNow().get_next_fire_time(now + timedelta(days=365 * years), now)
    assert following == now + timedelta(minutes=1)


async def test_a_scheduler_of_the_bot_keeps_its_jobs_and_is_left_as_it_was() -> None:
    """Also if it writes its jobs to a database, and runs them in threads."""

    class Database(MemoryJobStore):  # type: ignore[misc]  # APScheduler has no type information
        def add_job(self, job: Any) -> None:
            pickle.dumps(job.__getstate__())
            super().add_job(job)

    ticks = Ticks()
    ticks.let_go.set()
    scheduler = AsyncIOScheduler(
        jobstores={"default": Database()}, executors={"default": ThreadPoolExecutor(1)}
    )
    theirs = scheduler.add_job(print, "interval", days=1)
    scheduler.start()
    with each_minute(ticks, scheduler):
        await asyncio.wait_for(ticks.called.wait(), 60)
    left, is_running = scheduler.get_jobs(), scheduler.running
    scheduler.shutdown()

    assert (left, is_running) == ([theirs], True)


async def test_a_scheduler_that_is_started_later_ticks_from_then_on() -> None:
    ticks = Ticks()
    ticks.let_go.set()
    scheduler = AsyncIOScheduler()
    with each_minute(ticks, scheduler):
        before = ticks.begun
        scheduler.start()
        await asyncio.wait_for(ticks.called.wait(), 60)
    scheduler.shutdown()

    assert before == 0


async def test_a_job_that_is_removed_or_paused_comes_back(monkeypatch: pytest.MonkeyPatch) -> None:
    """A bot may clear its scheduler to plan its own jobs anew."""
    monkeypatch.setattr(module, "BEAT_SECONDS", 0)
    ticks = Ticks()
    ticks.let_go.set()
    scheduler = AsyncIOScheduler()
    scheduler.start()
    with each_minute(ticks, scheduler):
        await asyncio.wait_for(ticks.called.wait(), 60)
        ticks.called.clear()
        scheduler.remove_all_jobs()
        await asyncio.wait_for(ticks.called.wait(), 60)
        [job] = scheduler.get_jobs()
        job.pause()
        for _ in range(10):
            await asyncio.sleep(0)
        planned = job.next_run_time
    scheduler.shutdown()

    assert planned is not None


async def test_a_scheduler_that_does_not_run_is_told_of_once(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(module, "BEAT_SECONDS", 0)
    with each_minute(Ticks(), AsyncIOScheduler()):
        for _ in range(10):
            await asyncio.sleep(0)

    assert caplog.text.count("the scheduler does not run") == 1
