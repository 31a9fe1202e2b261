"""The scheduler that the analytics and features add their jobs to."""

from datetime import UTC

from scheduler.jobs import build_scheduler


async def test_a_late_run_of_a_job_of_the_bot_is_made_up_for() -> None:
    scheduler = build_scheduler()
    scheduler.add_job(print, "interval", days=1)
    scheduler.start(paused=True)
    [job] = scheduler.get_jobs()
    scheduler.shutdown()

    assert job.misfire_grace_time is None
    assert (job.coalesce, job.max_instances) == (True, 1)
    assert scheduler.timezone is UTC
