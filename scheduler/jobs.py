"""When, not what: the scheduler is handed the functions to call."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from contextlib import suppress
from datetime import UTC, datetime, time, timedelta

from apscheduler.events import EVENT_SCHEDULER_STARTED
from apscheduler.schedulers.asyncio import AsyncIOScheduler
from apscheduler.triggers.base import BaseTrigger

logger = logging.getLogger(__name__)

Clock = Callable[[], datetime]

MONDAY = 0
# How often it is looked whether the clock was set back, by the event loop's own clock.
BEAT_SECONDS = 60.0


class FromNow(BaseTrigger):  # type: ignore[misc]  # APScheduler has no type information
    """Plans by what the clock says now, whenever the run before was.

    APScheduler's own triggers go on from the run before: after a step of 30 years forwards they
    would go through each minute of them, which takes 17 s.
    """

    def __init__(self, following: Callable[[datetime], datetime]) -> None:
        self._following = following

    def get_next_fire_time(self, previous_fire_time: datetime | None, now: datetime) -> datetime:
        return self._following(now)


def last_planned(now: datetime, at: time, weekday: int | None = None) -> datetime:
    """The newest daily moment `at` (UTC) that is not after `now`.

    With a `weekday`, as MONDAY, the newest weekly one.
    """
    today = datetime.combine(now.astimezone(UTC), at.replace(tzinfo=UTC))
    last = today if today <= now else today - timedelta(days=1)
    return last if weekday is None else last - timedelta(days=(last.weekday() - weekday) % 7)


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
    not, and each minute it is looked whether it still is. `maintain` is called after it with True,
    for what takes long, and every minute with False.
    However far the clock is set back or forwards, the next run is no further away than that.
    """

    async def nightly() -> None:
        if is_postponed():
            logger.warning(
                "cleanup is postponed until the clock of this computer agrees with Telegram's dates"
            )
        else:
            await cleanup()
        await maintain(True)

    async def cleanup_if_due() -> None:
        last, now = await last_cleanup(), clock()
        # A last run in the future was made by a clock that was wrong.
        is_due = last is None or not last_planned(now, at) <= last <= now
        if is_due and not is_postponed():
            await cleanup()

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
    scheduler.add_job(_quiet(nightly), FromNow(lambda now: next_planned(now, at)))
    scheduler.add_job(
        _quiet(cleanup_if_due),
        FromNow(lambda now: _hour_after(now, is_postponed())),
        next_run_time=datetime.now(UTC),
    )
    scheduler.add_job(_quiet(every_minute), FromNow(lambda now: now + timedelta(minutes=1)))

    def keep_time(_: object = None) -> None:
        """APScheduler sleeps until what it has planned, by a clock that may have been set back."""
        if not scheduler.running:
            return
        now = datetime.now(UTC)
        for job in scheduler.get_jobs():
            latest = job.trigger.get_next_fire_time(None, now)
            if job.next_run_time > latest:
                job.modify(next_run_time=latest)
        asyncio.get_running_loop().call_later(BEAT_SECONDS, keep_time)

    scheduler.add_listener(keep_time, EVENT_SCHEDULER_STARTED)
    return scheduler


def add_daily(
    scheduler: AsyncIOScheduler,
    run: Callable[[], Awaitable[object]],
    *,
    last: Callable[[], Awaitable[datetime | None]],
    is_postponed: Callable[[], bool],
    at: time,
    clock: Clock,
    weekday: int | None = None,
) -> None:
    """Have `run` called daily `at` (UTC), and at start and hourly if the newest run is missing.

    With a `weekday`, as MONDAY, only on that one. While `is_postponed`, it is not called, and each
    minute it is looked whether it still is.
    """

    async def run_if_due() -> None:
        newest = await last()
        if not is_postponed() and (newest is None or newest < last_planned(clock(), at, weekday)):
            await run()

    # One job, of which only one runs at a time.
    daily_and_hourly = FromNow(
        lambda now: min(next_planned(now, at), _hour_after(now, is_postponed()))
    )
    scheduler.add_job(_quiet(run_if_due), daily_and_hourly, next_run_time=datetime.now(UTC))


def add_hourly(scheduler: AsyncIOScheduler, run: Callable[[], Awaitable[None]]) -> None:
    """Have `run` called every hour, the first time an hour after the start."""
    scheduler.add_job(_quiet(run), FromNow(lambda now: now + timedelta(hours=1)))


def _hour_after(now: datetime, is_postponed: bool) -> datetime:
    """At the start it takes seconds until nothing is postponed any more."""
    return now + timedelta(minutes=1 if is_postponed else 60)


def _quiet(job: Callable[[], Awaitable[None]]) -> Callable[[], Awaitable[None]]:
    """The scheduler cancels running jobs at its end, and would log that as a failure."""

    async def run() -> None:
        with suppress(asyncio.CancelledError):
            await job()

    return run
