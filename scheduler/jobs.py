"""When, not what: the scheduler is handed the functions to call."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from datetime import UTC, datetime, time, timedelta

from apscheduler.schedulers.asyncio import AsyncIOScheduler
from apscheduler.triggers.cron import CronTrigger
from apscheduler.triggers.interval import IntervalTrigger

Clock = Callable[[], datetime]


def last_planned(now: datetime, at: time) -> datetime:
    """The newest daily moment `at` (UTC) that is not after `now`."""
    today = datetime.combine(now.astimezone(UTC), at.replace(tzinfo=UTC))
    return today if today <= now else today - timedelta(days=1)


def next_planned(now: datetime, at: time) -> datetime:
    """The first daily moment `at` (UTC) after `now`."""
    return last_planned(now, at) + timedelta(days=1)


def build_scheduler(
    *,
    cleanup: Callable[[], Awaitable[object]],
    last_cleanup: Callable[[], Awaitable[datetime | None]],
    compact: Callable[[bool], Awaitable[object]],
    at: time,
    clock: Clock,
) -> AsyncIOScheduler:
    """A scheduler to `start()` in a running event loop.

    `cleanup` runs daily `at` (UTC), and at start and hourly if the newest run is missing: a bot
    that is restarted every day must not wait 24 hours each time. `compact` is called after it
    with True, for what takes long, and every minute with False.
    """

    async def nightly() -> None:
        await cleanup()
        await compact(True)

    async def cleanup_if_due() -> None:
        last = await last_cleanup()
        if last is None or last < last_planned(clock(), at):
            await cleanup()

    async def compact_if_quick() -> None:
        await compact(False)

    scheduler = AsyncIOScheduler(
        timezone=UTC,
        job_defaults={
            # APScheduler skips a run that is more than one second late, unless told otherwise.
            "misfire_grace_time": None,
            "coalesce": True,
            "max_instances": 1,
        },
    )
    scheduler.add_job(_quiet(nightly), CronTrigger(hour=at.hour, minute=at.minute, timezone=UTC))
    scheduler.add_job(
        _quiet(cleanup_if_due),
        IntervalTrigger(hours=1, timezone=UTC),
        next_run_time=datetime.now(UTC),
    )
    scheduler.add_job(_quiet(compact_if_quick), IntervalTrigger(minutes=1, timezone=UTC))
    return scheduler


def _quiet(job: Callable[[], Awaitable[None]]) -> Callable[[], Awaitable[None]]:
    """The scheduler cancels running jobs at its end, and would log that as a failure."""

    async def run() -> None:
        with suppress(asyncio.CancelledError):
            await job()

    return run
