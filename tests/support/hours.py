"""The whole bot, an admin or two, and a clock that jumps from hour to hour."""

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from analytics import AnalyticsError, AnalyticsService, Interaction, InteractionType
from analytics.clock import GuardedClock
from analytics.key_files import key_file, read_key
from analytics.maintenance.schedule import Schedule, Task
from analytics.pseudonyms import Pseudonyms
from bot.sandbox import Person, Sandbox
from tests.support.running import running_bot, schedules
from tests.support.second_connection import locked, select

ADMIN, OTHER = 6_000_000_001, 6_000_000_002
SOMEBODY = 6_000_000_009
# A Wednesday.
BEGIN = datetime(2026, 6, 3, 12, 0, tzinfo=UTC)


class Hours:
    """What is planned happens when a test lets hours pass, and then only."""

    def __init__(self, sandbox: Sandbox, database: Path) -> None:
        self.now = BEGIN
        self.ahead = timedelta()  # how far the wall clock of the computer runs away
        self.sandbox = sandbox
        self.database = database
        self.admin = sandbox.person(ADMIN)
        self.other = sandbox.person(OTHER)
        self._schedule: Schedule
        # Both have started the bot: it can write to them.
        self._seen = {id(each): len(each.transcript) for each in (self.admin, self.other)}

    @asynccontextmanager
    async def bot(self, **settings: Any) -> AsyncIterator[None]:
        admins: dict[str, Any] = {"admin_ids": {ADMIN, OTHER}}
        clock = GuardedClock(lambda: self.now + self.ahead, lambda: self.now.timestamp())
        with schedules(asleep=True) as found:
            async with running_bot(self.sandbox, self.database, clock, **admins | settings):
                [self._schedule] = found
                await self._task("maintenance").run()  # in the first minute
                yield

    async def passing(self, hours: float = 1) -> list[str]:
        """Return what the admin is sent after so many hours, once what is planned is done."""
        self.now += timedelta(hours=hours)
        return await self.due()

    async def due(self) -> list[str]:
        """What is not kept anywhere, such as the last look for alerts, is done each time."""
        for task in self._schedule.tasks:
            if task.last is None:
                with suppress(AnalyticsError):  # the schedule logs it
                    await task.run()
            else:
                await Schedule(
                    [task],
                    lambda: self.now,
                    self._schedule.is_postponed,
                    zone=self._schedule.zone,
                ).tick()
        return self.told()

    def _task(self, name: str) -> Task:
        return next(task for task in self._schedule.tasks if task.name == name)

    def told(self, person: Person | None = None) -> list[str]:
        """What the bot has said to somebody since this was last asked."""
        person = person or self.admin
        before, self._seen[id(person)] = self._seen[id(person)], len(person.transcript)
        return [
            line.text
            for line in person.transcript[before:]
            if (line.who, line.event) == ("bot", "message")
        ]

    async def record(self, *days: int) -> None:
        """So many interactions on each of the days before today, the oldest first."""
        noon = self.now.replace(hour=12)
        async with AnalyticsService.open(self.database, clock=lambda: self.now) as analytics:
            for ago, count in enumerate(reversed(days), 1):
                moment = noon - timedelta(days=ago)
                each = Interaction(SOMEBODY, InteractionType.MESSAGE, moment)
                await analytics.record([each] * count)

    async def somebody_writes(self) -> int:
        """Returns the number of the update."""
        person = self.sandbox.person()
        update_id = await person.says("good morning")
        await person.answer()
        assert update_id is not None
        return update_id

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Another program keeps the database from being written."""
        with locked(self.database):
            yield

    def turned_off(self) -> list[tuple[int, str]]:
        """Pairs of an admin and a notice, as the file has them under its key."""
        key = read_key(key_file(self.database))
        assert key
        named = {Pseudonyms(key).admin(each): each for each in (ADMIN, OTHER)}
        rows = select(self.database, "SELECT admin_id, notice FROM turned_off")
        return sorted((named[admin], notice) for admin, notice in rows)
