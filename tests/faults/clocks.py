"""The clock of the computer jumps, while the bot records and cleans up as planned."""

import random
from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from aiogram.types import Update

from analytics import AnalyticsService, Interaction, InteractionType
from analytics.clock import MAX_STEP, GuardedClock
from analytics.maintenance.schedule import DAILY, Schedule, Task, maintenance_tasks
from analytics.telegram.recording import RecordOnReceipt
from tests.faults.table import Fault, Row
from tests.support.recount import inconsistencies
from tests.support.second_connection import NAME, select

FIRST_PERSON = 6_000_000_001
BEGIN = datetime(2026, 3, 1, tzinfo=UTC)
RETENTION = timedelta(days=90)
# From steps of a time server and daylight saving time to an empty battery.
JUMPS = [
    *(timedelta(seconds=1), timedelta(seconds=90), timedelta(hours=1), timedelta(hours=23)),
    *(timedelta(days=2), timedelta(days=40), timedelta(days=400), timedelta(days=30 * 365)),
]


class World:
    """The time that it is, and what the clocks of the computer show."""

    def __init__(self) -> None:
        self.now = BEGIN
        self.slept = timedelta()  # the monotonic clock stands still meanwhile
        self.ahead = timedelta()  # how far the wall clock is

    def wall(self) -> datetime:
        return self.now + self.ahead

    def monotonic(self) -> float:
        return (self.now - self.slept - BEGIN).total_seconds()


class Story:
    """The service as `serve` puts it together, with the clocks of a world."""

    def __init__(self, analytics: AnalyticsService, world: World, clock: GuardedClock) -> None:
        self.world = world
        self.clock = clock
        self.written: dict[int, datetime] = {}  # person to the moment of the one interaction
        self._analytics = analytics
        self._record = RecordOnReceipt(analytics, clock)

    async def remember(self, before: timedelta) -> None:
        """An interaction of long ago."""
        person, moment = self._somebody_new(self.world.now - before)
        interaction = Interaction(person, InteractionType.MESSAGE, moment)
        assert await self._analytics.record([interaction])

    async def people_write(self) -> None:
        """Three messages now, the last of which Telegram delivers twice."""
        updates = [message(*self._somebody_new(self.world.now)) for _ in range(3)]
        await self._record.record(updates)
        await self._record.record(updates[-1:])

    async def telegram_sends_again(self) -> None:
        """What came last, within the day that it keeps what was not acknowledged."""
        person, moment = list(self.written.items())[-1]
        if self.world.now - moment <= timedelta(days=1):
            await self._record.record([message(person, moment)])

    async def what_is_planned(self) -> None:
        tasks = maintenance_tasks(self._analytics, time(3))
        await a_night(tasks, lambda: not self.clock.is_confirmed)

    def must_be_there(self) -> set[int]:
        """The believed clock may be behind by MAX_STEP when it is recorded, and later ahead."""
        oldest = self.world.now - RETENTION + 2 * MAX_STEP
        return {person for person, moment in self.written.items() if moment >= oldest}

    def must_be_gone(self) -> set[int]:
        newest = self.world.now - RETENTION
        return {person for person, moment in self.written.items() if moment < newest}

    def _somebody_new(self, moment: datetime) -> tuple[int, datetime]:
        person = FIRST_PERSON + len(self.written)
        self.written[person] = moment
        return person, moment


async def a_night(tasks: Iterable[Task], is_postponed: Callable[[], bool]) -> None:
    """Have everything done twice: what was never done before, and a day later."""

    async def never() -> None: ...

    now = BEGIN
    undone = [replace(task, last=task.last and never) for task in tasks]
    schedule = Schedule(undone, lambda: now, is_postponed)
    await schedule.tick()
    now += DAILY
    await schedule.tick()


def message(person: int, moment: datetime) -> Update:
    """The one message of a person."""
    user = {"id": person, "is_bot": False, "first_name": "Ada"}
    content: dict[str, Any] = {
        "message_id": 1,
        "date": int(moment.timestamp()),
        "chat": {"id": person, "type": "private"},
        "from": user,
        "text": "good morning",
    }
    return Update.model_validate({"update_id": person - FIRST_PERSON, "message": content})


def found_in(path: Path) -> dict[int, int]:
    """How often the interaction of each person is there."""
    rows = select(
        path, "SELECT reference, sum(count) FROM interactions JOIN users ON id = user_id GROUP BY 1"
    )
    return {int(person): int(count) for person, count in rows}


async def clock_jumps(times: int) -> Row:
    """Each time there and back, and every fourth time the computer sleeps for some days."""
    chance = random.Random(0)
    world = World()
    clock = GuardedClock(world.wall, world.monotonic)
    with TemporaryDirectory() as folder:
        path = Path(folder) / NAME
        async with AnalyticsService.open(path, pseudonymise=False, clock=clock) as analytics:
            story = Story(analytics, world, clock)
            for hours in range(0, 90 * 24, 7):
                await story.remember(timedelta(hours=hours))
            for number in range(times):
                await story.people_write()
                if number % 4 == 3:
                    days = timedelta(days=chance.randint(1, 5))
                    world.now += days
                    world.slept += days
                else:
                    world.ahead = chance.choice(JUMPS) * chance.choice([-1, 1])
                await story.what_is_planned()
                await story.telegram_sends_again()
                await story.people_write()
                await story.what_is_planned()
                assert story.must_be_there() <= found_in(path).keys()
                world.ahead = timedelta()
                world.now += timedelta(hours=chance.randint(0, 23))
                await story.telegram_sends_again()
                # Here the clock is right, and Telegram's dates say so: nothing is postponed.
                await story.people_write()
                await story.what_is_planned()
                assert not clock.is_skewed
                assert not story.must_be_gone() & found_in(path).keys()
        found = found_in(path)
        assert inconsistencies(path) == []
    expected = story.must_be_there()
    return Row(
        injected=times,
        acknowledged=len(expected),
        recorded=sum(found.get(person, 0) for person in expected),
        lost=len(expected - found.keys()),
        counted_twice=sum(found.values()) - len(found),
    )


async def wrong_at_start(times: int) -> Row:
    """Each life begins with a wrong clock; the next one, with a right one, cleans up."""
    chance = random.Random(0)
    world = World()
    with TemporaryDirectory() as folder:
        path = Path(folder) / NAME
        written: dict[int, datetime] = {}
        for number in range(times):
            is_right = number % 2 == 1
            world.ahead = timedelta() if is_right else chance.choice(JUMPS) * chance.choice([-1, 1])
            clock = GuardedClock(world.wall, world.monotonic)
            async with AnalyticsService.open(path, pseudonymise=False, clock=clock) as analytics:
                story = Story(analytics, world, clock)
                story.written = written
                await story.what_is_planned()
                await story.people_write()
                await story.what_is_planned()
                assert story.must_be_there() <= found_in(path).keys()
                assert not is_right or not story.must_be_gone() & found_in(path).keys()
            world.now += timedelta(days=chance.randint(0, 20))
        found = found_in(path)
        assert inconsistencies(path) == []
    expected = story.must_be_there()
    return Row(
        injected=times,
        acknowledged=len(expected),
        recorded=sum(found.get(person, 0) for person in expected),
        lost=len(expected - found.keys()),
        counted_twice=sum(found.values()) - len(found),
    )


FAULTS = [
    Fault("clock jumps", clock_jumps, short=20, long=200),
    Fault("clock wrong at the start", wrong_at_start, short=20, long=200),
]
