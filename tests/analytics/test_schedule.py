"""What is planned is done once, and as soon as possible where it was missed."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, date, datetime, time, timedelta, timezone, tzinfo
from pathlib import Path
from zoneinfo import ZoneInfo, available_timezones

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analytics import AnalyticsService
from analytics.maintenance.schedule import (
    DAILY,
    EACH_TICK,
    HOURLY,
    WEEKLY,
    Schedule,
    Task,
    last_planned,
    maintenance_tasks,
    next_planned,
)

# A Monday.
NOW = datetime(2026, 6, 1, 12, 0, tzinfo=UTC)
AT_3 = datetime(2026, 6, 1, 3, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
MOMENTS = st.datetimes(
    datetime(2020, 1, 1),  # noqa: DTZ001 - hypothesis adds the zone
    datetime(2035, 1, 1),  # noqa: DTZ001
    timezones=st.integers(-12, 14).map(lambda hours: timezone(timedelta(hours=hours))),
)
TIMES = st.times().map(lambda at: at.replace(second=0, microsecond=0))


class Day:
    """Clocks, and tasks that note when they were run."""

    def __init__(self, last: datetime | None = None) -> None:
        self.now = NOW
        self.monotonic = 0.0
        self.last = last
        self.postponed = False
        self.fails = False
        self.ran: list[tuple[str, datetime]] = []

    def run(self, name: str) -> Callable[[], Awaitable[None]]:
        async def run() -> None:
            self.ran.append((name, self.now))
            if self.fails:
                raise ValueError("nobody's fault")
            self.last = self.now

        return run

    async def newest(self) -> datetime | None:
        return self.last

    async def just_now(self) -> datetime:
        """As a new bot answers that never sent a digest: by a clock that has gone on since."""
        self.now += timedelta(microseconds=1)
        return self.now

    def kept(self, every: timedelta = DAILY, at: time = time(3)) -> Task:
        """A daily task whose last run is kept in the file."""
        return Task(
            name="kept",
            run=self.run("kept"),
            every=every,
            at=at,
            last=self.newest,
            needs_clock=True,
        )

    def schedule(self, *tasks: Task, zone: tzinfo = UTC) -> Schedule:
        return Schedule(
            tasks, lambda: self.now, lambda: self.postponed, lambda: self.monotonic, zone
        )

    async def passing(self, schedule: Schedule, by: timedelta) -> int:
        """How often something was run while the time went by, minute by minute."""
        before, end = len(self.ran), self.now + by
        while self.now < end:
            self.now += MINUTE
            self.monotonic += 60
            await schedule.tick()
        return len(self.ran) - before


@pytest.mark.parametrize(
    ("last", "runs"),
    [
        (None, 1),
        (NOW - timedelta(days=1), 1),
        (AT_3 - MINUTE, 1),
        (AT_3, 0),
        (NOW, 0),
        # A wrong clock noted it: the next run must not wait until it is as late as that.
        (NOW + timedelta(days=365), 1),
    ],
)
async def test_what_was_missed_is_made_up_for_at_the_start_and_nothing_else(
    last: datetime | None, runs: int
) -> None:
    day = Day(last)
    schedule = day.schedule(day.kept())
    await schedule.tick()
    await schedule.tick()

    assert len(day.ran) == runs


@pytest.mark.parametrize(
    ("last", "runs"),
    [(NOW - WEEKLY, 1), (NOW.replace(hour=7, minute=59), 1), (NOW.replace(hour=8), 0)],
)
async def test_a_weekly_task_runs_where_its_monday_was_missed(last: datetime, runs: int) -> None:
    day = Day(last)
    day.now += timedelta(days=3)
    await day.schedule(day.kept(WEEKLY, time(8))).tick()

    assert len(day.ran) == runs


async def test_a_daily_task_runs_at_its_time_and_once_a_day() -> None:
    day = Day(NOW)
    schedule = day.schedule(day.kept())
    await day.passing(schedule, timedelta(days=3))

    assert [moment for _, moment in day.ran] == [AT_3 + n * DAILY for n in (1, 2, 3)]


async def test_what_fails_is_said_and_tried_again_every_hour_and_hinders_nothing_else(
    caplog: pytest.LogCaptureFixture,
) -> None:
    day = Day(NOW)
    day.fails = True
    other = Task(name="other", run=day.run("other"), every=HOURLY)
    schedule = day.schedule(day.kept(), other)
    await day.passing(schedule, AT_3 + DAILY - NOW)
    failed = [moment for name, moment in day.ran if name == "kept"]
    await day.passing(schedule, timedelta(hours=2))
    again = [moment for name, moment in day.ran if name == "kept"]

    assert failed == [AT_3 + DAILY]
    assert again == [AT_3 + DAILY + n * HOURLY for n in range(3)]
    assert caplog.text.count("kept failed") == 3
    assert len([name for name, _ in day.ran if name == "other"]) >= 16


async def test_a_last_run_that_cannot_be_read_is_asked_for_every_hour(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async def unreadable() -> None:
        raise OSError("no such file")

    day = Day()
    task = Task(name="kept", run=day.run("kept"), every=DAILY, at=time(3), last=unreadable)
    await day.passing(day.schedule(task), timedelta(hours=2))

    assert day.ran == []
    assert caplog.text.count("kept failed") == 2


async def test_what_was_missed_is_postponed_in_silence_and_done_within_a_tick(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Not an hour later: Telegram's date comes seconds after the start."""
    day = Day()
    day.postponed = True
    schedule = day.schedule(day.kept())
    await schedule.tick()
    postponed = len(day.ran)
    day.postponed = False
    await schedule.tick()

    assert (postponed, len(day.ran)) == (0, 1)
    assert caplog.text == ""


async def test_what_is_postponed_at_its_time_is_said_once_a_day(
    caplog: pytest.LogCaptureFixture,
) -> None:
    day = Day(NOW)
    schedule = day.schedule(day.kept())
    await schedule.tick()
    day.postponed = True
    await day.passing(schedule, timedelta(days=2))

    assert day.ran == []
    assert caplog.text.count("kept is postponed until the clock") == 2


async def test_what_does_not_need_the_clock_is_not_postponed() -> None:
    day = Day()
    day.postponed = True
    schedule = day.schedule(
        Task(name="alerts", run=day.run("alerts"), every=HOURLY),
        Task(name="nightly", run=day.run("nightly"), every=DAILY, at=time(3)),
    )
    await schedule.tick()
    await day.passing(schedule, DAILY)

    assert {name for name, _ in day.ran} == {"alerts", "nightly"}


async def test_what_is_not_kept_runs_first_one_period_after_the_start() -> None:
    day = Day()
    schedule = day.schedule(
        Task(name="hourly", run=day.run("hourly"), every=HOURLY),
        Task(name="nightly", run=day.run("nightly"), every=DAILY, at=time(3)),
        Task(name="each", run=day.run("each"), every=EACH_TICK),
    )
    await schedule.tick()
    at_start = [name for name, _ in day.ran]
    await day.passing(schedule, AT_3 + DAILY - NOW)
    first = dict(reversed(day.ran))

    assert at_start == ["each"]
    assert first == {
        "hourly": NOW + HOURLY,
        "nightly": AT_3 + DAILY,
        "each": NOW,
    }


async def test_what_is_hourly_does_not_look_at_the_wall_clock() -> None:
    """Telegram's first date may move it by years, and nobody is told at the start."""
    day = Day()
    schedule = day.schedule(Task(name="alerts", run=day.run("alerts"), every=HOURLY))
    await schedule.tick()
    for days in (400, -400):
        day.now += timedelta(days=days)
        await schedule.tick()

    assert day.ran == []


@given(steps=st.lists(st.integers(-30 * 365, 30 * 365), min_size=1, max_size=5))
def test_wherever_the_clock_steps_the_next_run_is_at_most_a_day_away(steps: list[int]) -> None:
    async def story() -> None:
        day = Day(NOW)
        schedule = day.schedule(
            day.kept(), Task(name="nightly", run=day.run("nightly"), every=DAILY, at=time(3))
        )
        await schedule.tick()
        for step in steps:
            day.now = NOW + timedelta(days=step)
            day.ran.clear()
            for _ in range(25):
                day.now += HOURLY
                day.monotonic += 3600
                await schedule.tick()

            assert {name for name, _ in day.ran} == {"kept", "nightly"}
            assert len(day.ran) <= 4

    asyncio.run(story())


async def test_ticks_wait_for_each_other() -> None:
    running, most = 0, 0

    async def slow() -> None:
        nonlocal running, most
        running += 1
        most = max(most, running)
        await asyncio.sleep(0)
        running -= 1

    schedule = Schedule(
        [Task(name="slow", run=slow, every=EACH_TICK)], lambda: datetime.now(UTC), lambda: False
    )
    await schedule.tick()
    await asyncio.gather(*(schedule.tick() for _ in range(5)))

    assert most == 1


async def test_the_night_cleans_up_and_then_compacts_what_takes_long(database: Path) -> None:
    async with AnalyticsService.open(database) as analytics:
        tasks = maintenance_tasks(analytics, time(4, 30))

    assert [(task.name, task.every, task.at) for task in tasks] == [
        ("cleanup", DAILY, time(4, 30)),
        ("nightly maintenance", DAILY, time(4, 30)),
        ("maintenance", EACH_TICK, None),
    ]


@given(now=MOMENTS, at=TIMES)
def test_planned_moments_are_a_day_apart_around_now(now: datetime, at: time) -> None:
    last, following = last_planned(now, at), next_planned(now, at)

    assert last <= now < following
    assert following - last == timedelta(days=1)
    assert (last.astimezone(UTC).hour, last.astimezone(UTC).minute) == (at.hour, at.minute)


@given(
    zone=st.sampled_from(sorted(available_timezones())).map(ZoneInfo),
    now=MOMENTS,
    at=TIMES,
)
def test_a_moment_is_planned_on_each_day_of_any_time_zone(
    zone: ZoneInfo, now: datetime, at: time
) -> None:
    last, following = last_planned(now, at, zone=zone), next_planned(now, at, zone)

    assert last <= now < following
    assert last_planned(following, at, zone=zone) == following
    assert last_planned(following - timedelta(microseconds=1), at, zone=zone) == last
    # Where clocks are put forward at midnight, or a zone changes its side of the date line.
    gap = timedelta(days=1, hours=3)
    assert timedelta(hours=21) <= following - last <= gap


@pytest.mark.parametrize("at", [time(1, 59), time(2), time(2, 30), time(3), time(3, 30)])
@pytest.mark.parametrize(
    ("eve", "moments"),
    [
        # From 02:00 to 03:00, and from 03:00 to 02:00.
        (date(2026, 3, 28), {2: (1, 0), 2.5: (1, 30), 3: (1, 0), 3.5: (1, 30)}),
        (date(2026, 10, 24), {2: (0, 0), 2.5: (0, 30), 3: (2, 0), 3.5: (2, 30)}),
    ],
)
async def test_a_daily_task_runs_once_where_its_time_is_skipped_or_comes_twice(
    eve: date, moments: dict[float, tuple[int, int]], at: time
) -> None:
    berlin, hour = ZoneInfo("Europe/Berlin"), at.hour + at.minute / 60
    day = Day(datetime.combine(eve, time(12), UTC))
    day.now = datetime.combine(eve, time(12), UTC)
    schedule = day.schedule(
        day.kept(at=at),
        Task(name="nightly", run=day.run("nightly"), every=DAILY, at=at),
        zone=berlin,
    )
    await day.passing(schedule, timedelta(days=2))

    for name in ("kept", "nightly"):
        ran = [moment for each, moment in day.ran if each == name]
        assert len(ran) == 2
        assert [moment.astimezone(berlin).day for moment in ran] == [eve.day + 1, eve.day + 2]
        if hour in moments:
            assert (ran[0].hour, ran[0].minute) == moments[hour]


async def test_a_time_with_a_zone_of_its_own_is_kept_in_it() -> None:
    day = Day(NOW)
    at = time(8, tzinfo=UTC)
    schedule = day.schedule(day.kept(at=at), zone=ZoneInfo("Asia/Tokyo"))
    await day.passing(schedule, timedelta(days=1))

    assert [moment.hour for _, moment in day.ran] == [8]


@given(now=MOMENTS, at=TIMES, weekday=st.integers(0, 6))
def test_the_last_weekly_moment_is_on_its_day_and_less_than_a_week_ago(
    now: datetime, at: time, weekday: int
) -> None:
    last = last_planned(now, at, weekday)

    assert now - timedelta(weeks=1) < last <= now
    assert (last.weekday(), last.hour, last.minute) == (weekday, at.hour, at.minute)


async def test_what_was_never_done_and_is_due_from_now_on_waits_for_its_time() -> None:
    day = Day()
    new = Task(name="new", run=day.run("new"), every=WEEKLY, at=time(8), last=day.just_now)
    schedule = day.schedule(new)

    assert await day.passing(schedule, timedelta(days=6)) == 0
