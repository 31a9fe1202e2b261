"""Schedule tasks: a table of what is to run when, and the tick that runs what is due."""

import asyncio
import logging
import time as clocks
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from functools import partial

from analytics.errors import AnalyticsError
from analytics.service import AnalyticsService

logger = logging.getLogger(__name__)

# How often a task runs.
EACH_TICK = timedelta(0)
HOURLY = timedelta(hours=1)
DAILY = timedelta(days=1)
WEEKLY = timedelta(weeks=1)
MONDAY = 0
# Seconds. A missed or failed run is not tried more often for the same planned moment.
RETRY = 3600.0
# Ticks come each minute, by clocks that differ.
TICK = timedelta(minutes=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """Something to `run` every `EACH_TICK` or `HOURLY`, or `DAILY` or `WEEKLY` at a time of day.

    `at` is that time, in the zone of the schedule unless it has its own; `WEEKLY` is on Mondays. On
    a day on which it does not exist, or exists twice, it is still once. `last` returns when it was
    last done, if that is kept: then a missed or failed run is caught up at the start, and tried
    again every hour.
    Without `last` the first run is one period after the start, or at the first `at` after it. With
    `needs_clock` it is postponed while the clock is not confirmed, and done once it is. Of several
    processes at a database one runs it, or with `of_each` every one.
    """

    name: str
    run: Callable[[], Awaitable[object]]
    every: timedelta
    at: time | None = None
    last: Callable[[], Awaitable[datetime | None]] | None = None
    needs_clock: bool = False
    of_each: bool = False


def maintenance_tasks(analytics: AnalyticsService, cleanup_at: time) -> list[Task]:
    """Return the tasks of a database: daily cleanup, nightly and quick maintenance.

    `cleanup_at` is the time of day of the first two.
    """
    return [
        Task(
            name="cleanup",
            run=analytics.cleanup_old_interactions,
            every=DAILY,
            at=cleanup_at,
            last=analytics.maintenance.last_cleanup,
            needs_clock=True,
        ),
        Task(
            name="nightly maintenance",
            run=partial(analytics.maintenance.run, True),
            every=DAILY,
            at=cleanup_at,
        ),
        Task(name="maintenance", run=analytics.maintenance.run, every=EACH_TICK, of_each=True),
    ]


@dataclass(slots=True)
class _Memory:
    """The state of a task in this process."""

    ran: datetime | None = None
    looked_for: datetime | None = None  # the planned moment
    looked_at: float | None = None  # by the monotonic clock
    announced: datetime | None = None  # the planned moment that was said to be postponed


async def alone(name: str, moment: datetime, since: datetime) -> bool:
    """Give each turn to a process that has its database alone."""
    return True


class Schedule:
    """Run the tasks that are due, one after the other, in the order of the table."""

    def __init__(
        self,
        tasks: Iterable[Task],
        clock: Callable[[], datetime],
        is_postponed: Callable[[], bool],
        monotonic: Callable[[], float] = clocks.monotonic,
        zone: tzinfo = UTC,
        take_turn: Callable[[str, datetime, datetime], Awaitable[bool]] = alone,
    ) -> None:
        """Take the tasks, and the `zone` of their times of day.

        `is_postponed` returns True while the clock is not confirmed. `take_turn` takes the turn of
        a task at a moment, and returns False if another process has taken one since a moment:
        `Maintenance.take_turn`, where several share a database.
        """
        self.tasks = tuple(tasks)
        self.is_postponed = is_postponed
        self._clock = clock
        self._monotonic = monotonic
        self.zone = zone
        self._memory = {task.name: _Memory() for task in self.tasks}
        self._take_turn = take_turn
        self._ticking = asyncio.Lock()

    async def tick(self) -> None:
        """Run the tasks that are due now. Call this about once a minute.

        Failures are logged, not raised.
        """
        async with self._ticking:
            for task in self.tasks:
                try:
                    if await self._is_due(task):
                        await task.run()
                except AnalyticsError as error:
                    logger.error("%s failed: %s", task.name, error)
                except Exception:
                    logger.error("%s failed for an unexpected reason", task.name)
                    # Without arguments: those of a line with a traceback are not logged.
                    logger.exception("unexpected error")

    async def _is_due(self, task: Task) -> bool:
        """Return whether to run a task now; if so, it counts as tried, or as done."""
        memory, seconds = self._memory[task.name], self._monotonic()
        waited = 0.0 if memory.looked_at is None else seconds - memory.looked_at
        now = self._clock()
        if task.at is None:
            is_first = memory.looked_at is None
            is_due = waited >= task.every.total_seconds()
            if is_due and not is_first:
                is_due = await self._is_ours(task, now, now - task.every + TICK)
            if is_due or is_first:
                memory.looked_at = seconds
            return is_due
        weekday = MONDAY if task.every == WEEKLY else None
        planned = last_planned(now, task.at, weekday, self.zone)
        # A missed run is postponed without a warning at first: Telegram's date comes in seconds.
        memory.announced = memory.announced or planned
        last: datetime | None
        if task.last is None:
            last = memory.ran = memory.ran or now
        elif memory.looked_for == planned and waited < RETRY:
            return False
        else:
            memory.looked_for, memory.looked_at = planned, seconds
            last = await task.last()
        # A last run in the future was noted by a clock that was wrong. The time is asked for again:
        # what was never done may count as done just now, as the digest of a new bot.
        if last is not None and planned <= last <= self._clock():
            return False
        if task.needs_clock and self.is_postponed():
            memory.looked_for = None
            if memory.announced != planned:
                memory.announced = planned
                logger.warning(
                    "%s is postponed until the clock of this computer agrees with Telegram's dates",
                    task.name,
                )
            return False
        memory.ran = now
        retried_since = now - timedelta(seconds=RETRY) + TICK
        return await self._is_ours(task, now, max(planned, retried_since) if task.last else planned)

    async def _is_ours(self, task: Task, now: datetime, since: datetime) -> bool:
        return task.of_each or await self._take_turn(task.name, now, since)


def last_planned(
    now: datetime, at: time, weekday: int | None = None, zone: tzinfo = UTC
) -> datetime:
    """Return the newest daily moment `at` that is not after `now`, in UTC.

    With a `weekday`, such as MONDAY (0), return the newest weekly one. The time is in `zone`,
    unless it has a zone of its own.
    """
    day = now.astimezone(at.tzinfo or zone).date()
    if _planned(day, at, zone) > now:
        day -= timedelta(days=1)
    if weekday is not None:
        day -= timedelta(days=(day.weekday() - weekday) % 7)
    return _planned(day, at, zone)


def next_planned(now: datetime, at: time, zone: tzinfo = UTC) -> datetime:
    """Return the first daily moment `at` after `now`, in UTC.

    The time is in `zone`, unless it has a zone of its own.
    """
    day = now.astimezone(at.tzinfo or zone).date()
    today = _planned(day, at, zone)
    return today if today > now else _planned(day + timedelta(days=1), at, zone)


def _planned(day: date, at: time, zone: tzinfo) -> datetime:
    """Return the moment of a day, in UTC.

    A time that is skipped when clocks are put forward is as long after midnight as on other days;
    of one that comes twice, it is the first.
    """
    return datetime.combine(day, at, at.tzinfo or zone).astimezone(UTC)
