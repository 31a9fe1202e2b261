"""APScheduler with one job: a tick each minute. The caller decides what is due then."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from datetime import UTC, datetime, timedelta

from apscheduler.events import EVENT_SCHEDULER_STARTED
from apscheduler.schedulers.asyncio import AsyncIOScheduler
from apscheduler.triggers.base import BaseTrigger

INTERVAL = timedelta(minutes=1)
# How often to check whether the clock was set back, by the event loop's own clock.
BEAT_SECONDS = INTERVAL.total_seconds()


class FromNow(BaseTrigger):  # type: ignore[misc]  # APScheduler has no type information
    """Trigger that fires one minute from now, whenever the previous run was.

    APScheduler's own triggers count from the previous run: after a step of the clock of 30 years
    forwards they would go through each minute of them, which takes 17 s.
    """

    def get_next_fire_time(self, previous_fire_time: datetime | None, now: datetime) -> datetime:
        return now + INTERVAL


def build_scheduler(tick: Callable[[], Awaitable[None]]) -> AsyncIOScheduler:
    """Return a scheduler that, from its `start()` on, calls `tick` at once and each minute.

    However far the clock is set back or forwards, the next call is at most a minute away. Calls
    never overlap: a tick that is due while another one runs is skipped.
    """
    ticking = asyncio.Lock()

    async def tick_unless_ticking() -> None:
        if ticking.locked():
            return
        # The scheduler cancels running jobs at shutdown, and would log that as a failure.
        with suppress(asyncio.CancelledError):
            async with ticking:
                await tick()

    scheduler = AsyncIOScheduler(timezone=UTC)
    job = scheduler.add_job(
        tick_unless_ticking,
        FromNow(),
        next_run_time=datetime.now(UTC),
        # APScheduler skips a run that is more than one second late, unless set otherwise.
        misfire_grace_time=None,
        coalesce=True,
        # A second run finds the first one and returns; with 1, APScheduler would warn each minute.
        max_instances=2,
    )

    def keep_time(_: object = None) -> None:
        """Bring the next run to within a minute: the clock may have been set back meanwhile.

        APScheduler sleeps until the run that it has planned.
        """
        if not scheduler.running:
            return
        latest = datetime.now(UTC) + INTERVAL
        if job.next_run_time > latest:
            job.modify(next_run_time=latest)
        asyncio.get_running_loop().call_later(BEAT_SECONDS, keep_time)

    scheduler.add_listener(keep_time, EVENT_SCHEDULER_STARTED)
    return scheduler
