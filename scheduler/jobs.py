"""When, not what: the scheduler is handed the functions to call."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from contextlib import suppress
from datetime import UTC, datetime, time, timedelta

from apscheduler.schedulers.asyncio import AsyncIOScheduler
from apscheduler.triggers.cron import CronTrigger
from apscheduler.triggers.interval import IntervalTrigger

logger = logging.getLogger(__name__)

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
    maintain: Callable[[bool], Awaitable[object]],
    is_postponed: Callable[[], bool],
    at: time,
    clock: Clock,
) -> AsyncIOScheduler:
    """A scheduler to `start()` in a running event loop.

    `cleanup` runs daily `at` (UTC), and at start and hourly if the newest run is missing: a bot
    that is restarted every day must not wait 24 hours each time. While `is_postponed`, it does
    not. `maintain` is called after it with True, for what takes long, and every minute with False.
    """

    async def cleanup_unless_postponed() -> None:
        if is_postponed():
            logger.warning(
                "cleanup is postponed: the clock of this computer jumped by more than a day. "
                "If it is right, restart the bot"
            )
        else:
            await cleanup()

    async def nightly() -> None:
        await cleanup_unless_postponed()
        await maintain(True)

    async def cleanup_if_due() -> None:
        last, now = await last_cleanup(), clock()
        # A last run in the future was made by a clock that was wrong.
        if last is None or not last_planned(now, at) <= last <= now:
            await cleanup_unless_postponed()

    async def every_minute() -> None:
        await maintain(False)

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
    scheduler.add_job(_quiet(every_minute), IntervalTrigger(minutes=1, timezone=UTC))
    return scheduler


def _quiet(job: Callable[[], Awaitable[None]]) -> Callable[[], Awaitable[None]]:
    """The scheduler cancels running jobs at its end, and would log that as a failure."""

    async def run() -> None:
        with suppress(asyncio.CancelledError):
            await job()

    return run
