"""The bot's one scheduler: the analytics and features add their jobs to it."""

from datetime import UTC

from apscheduler.schedulers.asyncio import AsyncIOScheduler


def build_scheduler() -> AsyncIOScheduler:
    """Return a scheduler in UTC, which has to be started in the event loop of its jobs.

    A run that is late is made up for once, and no job runs twice at the same time.
    """
    return AsyncIOScheduler(
        timezone=UTC,
        # APScheduler skips a run that is more than one second late, unless set otherwise.
        job_defaults={"misfire_grace_time": None, "coalesce": True, "max_instances": 1},
    )
