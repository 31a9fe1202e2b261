from datetime import UTC, datetime, timedelta

from apscheduler.schedulers.asyncio import AsyncIOScheduler

from scheduler.jobs import send_reminder


class Reminders:
    """The jobs of the scheduler that belong to a chat."""

    def __init__(self, scheduler: AsyncIOScheduler) -> None:
        self.scheduler = scheduler

    def add(self, chat_id: int, minutes: int, text: str) -> None:
        self.scheduler.add_job(
            send_reminder,
            "date",
            run_date=datetime.now(UTC) + timedelta(minutes=minutes),
            args=(chat_id, text),
            misfire_grace_time=None,
        )

    def count(self, chat_id: int) -> int:
        return len(self.of(chat_id))

    async def forget(self, telegram_id: int) -> None:
        for job in self.of(telegram_id):
            job.remove()

    def of(self, chat_id: int) -> list:
        jobs = self.scheduler.get_jobs(jobstore="default")
        return [job for job in jobs if job.args and job.args[0] == chat_id]
