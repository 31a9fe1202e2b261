"""A bot, whose computer has one clock, and Telegram, which has another and is right."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from analytics import AnalyticsService, Interaction, InteractionType
from analytics.maintenance.schedule import Schedule
from bot.sandbox import Person, Sandbox
from tests.faults.clocks import a_night
from tests.support.recount import counts
from tests.support.running import running_bot, schedules

ADMIN = 6_000_000_001
MAINTENANCE = ("nightly maintenance", "maintenance")


class Tale:
    """A running bot, and two clocks: its computer's, and Telegram's, which is always right."""

    def __init__(self, database: Path) -> None:
        self.database = database
        self.now = datetime.now(UTC)
        self.ahead = timedelta()
        self.admin: Person
        self.schedules: Sequence[Schedule] = []

    def wall(self) -> datetime:
        return self.now + self.ahead

    async def stats(self) -> str:
        await self.admin.says("/stats")
        return str((await self.admin.answer()).message["text"])

    async def what_is_planned(self) -> None:
        """Cleanup and compaction; the clock that all else goes by does not move."""
        [schedule] = self.schedules
        tasks = [task for task in schedule.tasks if task.name in ("cleanup", *MAINTENANCE)]
        await a_night(tasks, schedule.is_postponed)

    @asynccontextmanager
    async def bot(self, *, fresh: bool = False, **settings: Any) -> AsyncIterator[None]:
        """A message of 85 days ago is in the file, with five days left; none in a `fresh` one."""
        long_ago = Interaction(ADMIN, InteractionType.MESSAGE, self.now - timedelta(days=85))
        if not fresh and not self.database.exists():
            async with AnalyticsService.open(self.database) as before:
                await before.record([long_ago])
        async with Sandbox(clock=lambda: self.now) as sandbox:
            self.admin = sandbox.person(ADMIN)
            admins: dict[str, Any] = {"admin_ids": {ADMIN}}
            with schedules(asleep=False) as self.schedules:
                async with running_bot(sandbox, self.database, self.wall, **admins | settings):
                    yield

    @property
    def still_there(self) -> bool:
        newest = (self.now - timedelta(days=80)).timestamp()
        return any(moment < newest for moment in counts(self.database))
