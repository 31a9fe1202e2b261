"""Call a coroutine function each minute, with APScheduler."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from functools import partial
from uuid import uuid4

from apscheduler.executors.asyncio import AsyncIOExecutor
from apscheduler.jobstores.base import JobLookupError
from apscheduler.jobstores.memory import MemoryJobStore
from apscheduler.schedulers.asyncio import AsyncIOScheduler
from apscheduler.triggers.base import BaseTrigger

logger = logging.getLogger(__name__)

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


@contextmanager
def each_minute(
    tick: Callable[[], Awaitable[None]], scheduler: AsyncIOScheduler | None = None
) -> Iterator[None]:
    """Call `tick` at once and each minute within the block, which runs in an event loop.

    However far the clock is set back or forwards, the next call is at most a minute away. Calls
    never overlap: a tick that is due while another one runs is skipped. A `scheduler` that is given
    has to be started by whoever gives it; its job stores and executors are not used. If its jobs
    are removed, this one is added again within a minute; while it does not run, a warning says so.
    """
    ticking = asyncio.Lock()

    async def tick_unless_ticking() -> None:
        if ticking.locked():
            return
        # The scheduler cancels running jobs at shutdown, and would log that as a failure.
        with suppress(asyncio.CancelledError):
            async with ticking:
                await tick()

    used = scheduler or AsyncIOScheduler(timezone=UTC)
    # Other job stores may write to a database, which this job cannot be written to.
    name = f"analytics-{uuid4().hex}"
    used.add_jobstore(MemoryJobStore(), name)
    used.add_executor(AsyncIOExecutor(), name)
    # It would say each minute that the job runs, and that it has run.
    executor_logger = logging.getLogger(f"apscheduler.executors.{name}")
    executor_logger.setLevel(logging.WARNING)
    plan = partial(
        used.add_job,
        tick_unless_ticking,
        FromNow(),
        name="analytics",
        jobstore=name,
        executor=name,
        # APScheduler skips a run that is more than one second late, unless set otherwise.
        misfire_grace_time=None,
        coalesce=True,
        # A second run finds the first one and returns; with 1, APScheduler would warn each minute.
        max_instances=2,
    )
    job = plan(next_run_time=datetime.now(UTC))
    was_warned = False

    loop = asyncio.get_running_loop()
    beat: asyncio.TimerHandle

    def keep_time() -> None:
        """Bring the next run to within a minute: the clock may have been set back meanwhile.

        APScheduler sleeps until the run that it has planned.
        """
        nonlocal beat, job, was_warned
        latest = datetime.now(UTC) + INTERVAL
        # A job that waits for its scheduler to start is planned then.
        if not used.running:
            if not was_warned:
                logger.warning("the scheduler does not run: nothing is deleted, and no alert sent")
            was_warned = True
        elif used.get_job(job.id, name) is None:
            job = plan(next_run_time=datetime.now(UTC))
        elif job.next_run_time is None or job.next_run_time > latest:
            job.modify(next_run_time=latest)
        beat = loop.call_later(BEAT_SECONDS, keep_time)

    beat = loop.call_later(BEAT_SECONDS, keep_time)
    if scheduler is None:
        used.start()
    try:
        yield
    finally:
        beat.cancel()
        # It would log a tick that is cancelled before it began as a failure.
        executor_logger.setLevel(logging.CRITICAL + 1)
        with suppress(JobLookupError):  # whoever gave the scheduler may have ended it
            job.remove()
        used.remove_jobstore(name)
        # APScheduler cannot end an executor of a scheduler that was never started.
        used.remove_executor(name, shutdown=used.running)
        if scheduler is None:
            used.shutdown(wait=False)
