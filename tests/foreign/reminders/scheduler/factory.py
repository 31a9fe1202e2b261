from apscheduler.schedulers.asyncio import AsyncIOScheduler

from scheduler.jobs import count_jobs
from scheduler.stores import PickledJobs


def create_scheduler() -> AsyncIOScheduler:
    scheduler = AsyncIOScheduler(
        jobstores={"default": PickledJobs()}, job_defaults={"misfire_grace_time": 30}
    )
    scheduler.add_job(count_jobs, "interval", minutes=10, id="count", replace_existing=True)
    return scheduler
