"""With REPORT_INTERVAL a report is of complete intervals: the same however often asked for."""

import asyncio
import tempfile
from collections import Counter
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from analytics import (
    Access,
    AnalyticsService,
    Interaction,
    InteractionType,
    NoReportYet,
)
from tests.support.clock import NOW, Clock
from tests.support.examples import examples
from tests.support.second_connection import NAME, locked, second_connection
from tests.support.service import SOMEBODY, failing_at_once, open_service, run_once

INTERVAL = timedelta(minutes=60)
# NOW lies within an interval; this one is complete then.
COMPLETE = datetime(2026, 6, 1, 12, tzinfo=UTC)
PEOPLE = st.sampled_from(range(SOMEBODY, SOMEBODY + 3))
TYPES = st.sampled_from([InteractionType.MESSAGE, InteractionType.COMMAND])
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("record"), PEOPLE, TYPES),
        st.tuples(st.just("erase"), PEOPLE),
        # Backwards too, and by parts of an interval.
        st.tuples(st.just("clock"), st.sampled_from([-90, -5, 10, 25, 59, 60, 200, 60 * 24 * 8])),
        st.tuples(st.just("clean_up"), st.just(5)),
        st.tuples(st.just("report")),
        st.tuples(st.just("maintain")),
        st.tuples(st.just("reopen")),
    ),
    max_size=20,
)


@dataclass
class Model:
    """A plain list, and what a report of it says at the first look into a new interval."""

    rows: list[Interaction]
    as_of: datetime
    report: tuple[Any, ...] = (0, 0, 0, 0, {})

    def look(self, now: datetime) -> None:
        end = now - (now - datetime(1970, 1, 1, tzinfo=UTC)) % INTERVAL
        if end > self.as_of:
            self.as_of, self.report = end, self.counted(end)

    def counted(self, end: datetime) -> tuple[Any, ...]:
        newest: dict[int, datetime] = {}
        for row in self.rows:
            newest[row.telegram_id] = max(row.timestamp, newest.get(row.telegram_id, row.timestamp))
        active = (
            sum(seen >= end - timedelta(days=days) for seen in newest.values())
            for days in (1, 7, 30)
        )
        return (len(self.rows), *active, dict(Counter(row.interaction_type for row in self.rows)))


def open_of_intervals(folder: Path, clock: Clock, **options: Any) -> Any:
    return open_service(folder, clock=clock, report_interval=INTERVAL, **options)


async def reported(analytics: AnalyticsService) -> tuple[datetime, tuple[Any, ...]]:
    report = await analytics.get_admin_analytics_report()
    return report.as_of, (
        report.total_interactions,
        report.daily_active_users,
        report.weekly_active_users,
        report.monthly_active_users,
        report.interaction_types_breakdown,
    )


@settings(max_examples=examples(25))
@given(steps=STEPS)
@example(
    steps=[
        ("record", SOMEBODY, InteractionType.MESSAGE),
        ("clock", 60),
        ("erase", SOMEBODY),
        ("report",),
    ]
)
@example(
    steps=[("record", SOMEBODY, InteractionType.MESSAGE), ("clock", 60), ("report",), ("report",)]
)
async def test_a_report_equals_the_recount_at_the_end_of_the_newest_complete_interval(
    steps: list[tuple[Any, ...]],
) -> None:
    clock = Clock()
    model = Model([], as_of=COMPLETE)
    found, expected = [], []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        remaining = [*steps, ("report",)]
        while remaining:
            async with open_of_intervals(folder, clock) as analytics:
                model.look(clock.now)
                while remaining and (step := remaining.pop(0)) != ("reopen",):
                    match step:
                        case "clock", minutes:
                            clock.now += timedelta(minutes=minutes)
                            continue
                        case "record", person, kind:
                            model.look(clock.now)
                            said = Interaction(person, kind, clock.now)
                            model.rows.append(said)
                            assert await analytics.record([said])
                        case "erase", person:
                            if any(row.telegram_id == person for row in model.rows):
                                model.look(clock.now)
                            model.rows = [row for row in model.rows if row.telegram_id != person]
                            assert await analytics.people.erase(person)
                        case "clean_up", days:
                            before = clock.now - timedelta(days=days)
                            if any(row.timestamp < before for row in model.rows):
                                model.look(clock.now)
                            model.rows = [row for row in model.rows if row.timestamp >= before]
                            await analytics.cleanup_old_interactions(days)
                        case ("maintain",):
                            model.look(clock.now)
                            await analytics.maintenance.run()
                        case ("report",):
                            model.look(clock.now)
                            found.append(await reported(analytics))
                            expected.append((model.as_of, model.report))
                    # A command that reads says what the bot says, in every interval.
                    async with open_of_intervals(folder, clock, access=Access.READ) as command:
                        found.append(await reported(command))
                        expected.append((model.as_of, model.report))

    assert found == expected


async def test_within_an_interval_the_report_does_not_change(tmp_path: Path) -> None:
    clock = Clock()
    reports = []
    async with open_of_intervals(tmp_path, clock) as analytics:
        for minute in range(25):
            clock.now = NOW + timedelta(minutes=minute)
            said = Interaction(SOMEBODY + minute, InteractionType.MESSAGE, clock.now)
            await analytics.record([said])
            await analytics.people.erase(SOMEBODY + minute - 1)
            reports.append(await analytics.get_admin_analytics_report())

    assert reports == [reports[0]] * 25


async def test_a_command_that_deletes_does_not_change_it_either(tmp_path: Path) -> None:
    """The bot would keep a second report of the same interval, less one person."""
    clock = Clock()
    async with open_of_intervals(tmp_path, clock) as bot:
        await bot.record(
            [Interaction(SOMEBODY + n, InteractionType.MESSAGE, NOW) for n in range(2)]
        )
        clock.now += INTERVAL
        async with open_of_intervals(tmp_path, clock, access=Access.SHARE) as command:
            assert await command.people.erase(SOMEBODY)
            first = await reported(command)
        await bot.record([Interaction(SOMEBODY, InteractionType.MESSAGE, clock.now)])
        second = await reported(bot)

    assert first == second == (COMPLETE + INTERVAL, (2, 2, 2, 2, {"message": 2}))


async def test_before_the_bot_has_run_with_intervals_a_command_has_no_report(
    tmp_path: Path,
) -> None:
    await run_once(tmp_path, [Interaction(SOMEBODY, InteractionType.MESSAGE, NOW)])
    async with open_of_intervals(tmp_path, Clock(), access=Access.READ) as command:
        with pytest.raises(NoReportYet, match="start it once"):
            await command.get_admin_analytics_report()


async def test_a_new_file_in_the_place_of_a_deleted_one_has_a_report_at_once(
    tmp_path: Path,
) -> None:
    async with open_of_intervals(tmp_path, Clock()) as analytics:
        for path in tmp_path.glob(f"{NAME}*"):
            if not path.name.endswith("lock"):
                path.unlink()
        await analytics.record([Interaction(SOMEBODY, InteractionType.MESSAGE, NOW)])
        as_of, _ = await reported(analytics)

    assert as_of == COMPLETE


async def test_while_the_file_is_locked_the_report_is_the_one_before(tmp_path: Path) -> None:
    clock = Clock()
    with failing_at_once():
        async with asyncio.timeout(30), open_of_intervals(tmp_path, clock) as analytics:
            await analytics.record([Interaction(SOMEBODY, InteractionType.MESSAGE, NOW)])
            clock.now += INTERVAL
            with locked(tmp_path):
                report = await reported(analytics)

    assert report == (COMPLETE, (0, 0, 0, 0, {}))


@pytest.mark.parametrize("minutes", [1, 60, 1440, 10_080])
async def test_intervals_of_any_length_are_counted_from_1970_utc(
    tmp_path: Path, minutes: int
) -> None:
    interval = timedelta(minutes=minutes)
    async with open_service(tmp_path, report_interval=interval) as analytics:
        as_of, _ = await reported(analytics)

    assert as_of <= NOW < as_of + interval
    assert as_of.timestamp() % interval.total_seconds() == 0


@pytest.mark.parametrize(
    "change",
    [
        "json_remove(value, '$.report.backlog')",  # a field that an older version did not have
        "json_set(value, '$.version', 0)",
        "'half a snap'",
    ],
)
async def test_a_snapshot_of_another_version_counts_as_none(tmp_path: Path, change: str) -> None:
    clock = Clock()
    async with open_of_intervals(tmp_path, clock) as analytics:
        await analytics.record([Interaction(SOMEBODY, InteractionType.MESSAGE, clock())])
        clock.now += INTERVAL
        await reported(analytics)
    with closing(second_connection(tmp_path / NAME)) as file, file:
        file.execute(f"UPDATE file_settings SET value = {change} WHERE name = 'report_snapshot'")
    async with open_of_intervals(tmp_path, clock, access=Access.READ) as command:
        with pytest.raises(NoReportYet):
            await command.get_admin_analytics_report()
    async with open_of_intervals(tmp_path, clock) as analytics:
        as_of, (total, *_) = await reported(analytics)

    assert (as_of, total) == (COMPLETE + INTERVAL, 1)
