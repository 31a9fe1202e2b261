"""Jobs of several processes at one database: each moment a job is due at is that of one process."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import UTC, datetime, time, timedelta
from itertools import pairwise
from pathlib import Path

import pytest

from analytics import AnalyticsService
from analytics.clock import from_unix
from analytics.maintenance.schedule import DAILY, EACH_TICK, HOURLY, Schedule, Task
from tests.support.clock import Clock
from tests.support.postgres import needs_postgres
from tests.support.replicas import services
from tests.support.service import days_ago

pytestmark = needs_postgres()
PROCESSES = 4
BEGIN = datetime(2026, 6, 1, 12, tzinfo=UTC)
STEP = timedelta(minutes=10)
AT_3 = time(3)


@pytest.fixture
async def analytics(tmp_path: Path, clock: Clock) -> AsyncIterator[list[AnalyticsService]]:
    async with services(tmp_path, clock, PROCESSES) as opened:
        yield opened


class Processes:
    """The schedules of processes whose clocks differ by seconds, and what they have run."""

    def __init__(self, analytics: list[AnalyticsService], names: tuple[str, ...]) -> None:
        self.now = BEGIN
        self.ran: list[tuple[str, datetime, int]] = []
        self.fails = False
        self._names = names
        self.schedules = {
            number: self._schedule(service, number) for number, service in enumerate(analytics)
        }

    def _schedule(self, service: AnalyticsService, number: int) -> Schedule:
        def run(name: str) -> Callable[[], Awaitable[None]]:
            async def work() -> None:
                self.ran.append((name, self.now, number))
                if self.fails:
                    raise ValueError("nobody's fault")
                if name == "kept":
                    await service.alert_state.note("kept", self.now)

            return work

        async def last() -> datetime | None:
            return await service.alert_state.last("kept")

        tasks = {
            "kept": Task(name="kept", run=run("kept"), every=DAILY, at=AT_3, last=last),
            "nightly": Task(name="nightly", run=run("nightly"), every=DAILY, at=AT_3),
            "hourly": Task(name="hourly", run=run("hourly"), every=HOURLY),
            "own": Task(name="own", run=run("own"), every=EACH_TICK, of_each=True),
        }
        return Schedule(
            [tasks[name] for name in self._names],
            lambda: self.now + timedelta(seconds=number),
            lambda: False,
            lambda: (self.now - BEGIN).total_seconds(),
            take_turn=service.maintenance.take_turn,
        )

    async def passing(self, by: timedelta) -> Counter[str]:
        """Let time go by; return how often each job was run meanwhile."""
        before, end = len(self.ran), self.now + by
        while self.now < end:
            self.now += STEP
            await asyncio.gather(*(each.tick() for each in self.schedules.values()))
        return Counter(name for name, _, _ in self.ran[before:])

    def moments(self, name: str) -> list[datetime]:
        return [moment for each, moment, _ in self.ran if each == name]


async def test_a_job_among_four_processes_runs_once_at_each_moment(
    analytics: list[AnalyticsService], clock: Clock
) -> None:
    processes = Processes(analytics, ("kept", "nightly", "hourly", "own"))
    clock.move(days=400)  # so that nothing is of the future
    await analytics[0].alert_state.note("kept", BEGIN)
    await asyncio.gather(*(each.tick() for each in processes.schedules.values()))
    processes.ran.clear()
    ran = await processes.passing(timedelta(days=2))

    nights = [BEGIN.replace(day=2, hour=3), BEGIN.replace(day=3, hour=3)]
    assert processes.moments("kept") == nights
    assert processes.moments("nightly") == nights
    hours = processes.moments("hourly")
    assert len(hours) in (47, 48)
    assert all(after - before >= HOURLY for before, after in pairwise(hours))
    assert ran["own"] == PROCESSES * 2 * 24 * 6


async def test_what_a_killed_process_has_begun_another_does_an_hour_later(
    analytics: list[AnalyticsService], clock: Clock
) -> None:
    processes = Processes(analytics, ("kept", "nightly"))
    clock.move(days=400)
    await analytics[0].alert_state.note("kept", BEGIN)
    processes.fails = True
    await processes.passing(timedelta(hours=15))
    [killed] = {number for name, _, number in processes.ran if name == "kept"}
    del processes.schedules[killed]
    processes.fails = False
    await processes.passing(timedelta(days=1))

    night = BEGIN.replace(day=2, hour=3)
    assert processes.moments("kept") == [night, night + HOURLY, night + DAILY]
    # Nobody knows whether it was done: the next one is.
    assert processes.moments("nightly") == [night, night + DAILY]


async def test_the_cleanup_of_one_process_is_that_of_all(
    analytics: list[AnalyticsService], clock: Clock
) -> None:
    await analytics[0].record(days_ago(100, 5) + days_ago(1, 3))
    await asyncio.gather(*(each.cleanup_old_interactions() for each in analytics))
    last = [await each.maintenance.last_cleanup() for each in analytics]
    reports = [await each.get_admin_analytics_report() for each in analytics]

    assert last == [from_unix(int(clock().timestamp()))] * PROCESSES
    assert {each.total_interactions for each in reports} == {3}
    assert (await analytics[1].reports.history(timedelta(days=366))).buckets
