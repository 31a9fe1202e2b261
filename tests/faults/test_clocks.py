"""Whatever the clock does, nothing is lost or counted twice, and cleanup deletes what it should."""

import asyncio
from contextlib import ExitStack
from datetime import UTC, datetime, time, timedelta
from pathlib import Path
from time import tzset
from typing import Any
from unittest.mock import patch

import apscheduler.schedulers.base
import pytest

from analytics import Access, AnalyticsService, Interaction, InteractionType
from analytics.maintenance.schedule import next_planned
from analytics.telegram import ticks
from scheduler.jobs import build_scheduler
from tests.faults.clocks import BEGIN, FAULTS
from tests.faults.table import Fault
from tests.support.recount import counts
from tests.support.two_clocks import ADMIN, Tale
from tests.support.webhooks import webhook_settings

POSTPONED, IN_CHAT = "cleanup is postponed", "cleanup postponed"
TEN_DAYS = timedelta(days=10)


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.name)
async def test_a_wrong_clock_loses_nothing_doubles_nothing_and_deletes_nothing_too_early(
    fault: Fault,
) -> None:
    row = await fault.inject(fault.short)

    assert row.acknowledged > 20
    assert row.recorded == row.acknowledged
    assert (row.lost, row.counted_twice) == (0, 0)


async def test_a_clock_that_runs_away_postpones_the_cleanup_and_says_so(
    tale: Tale, capsys: pytest.CaptureFixture[str]
) -> None:
    async with tale.bot():
        await tale.what_is_planned()
        quiet = capsys.readouterr().err + await tale.stats()
        tale.ahead = TEN_DAYS
        await tale.what_is_planned()
        said, stats = capsys.readouterr().err, await tale.stats()
        still_there = tale.still_there

    assert POSTPONED not in quiet
    assert IN_CHAT not in quiet
    assert POSTPONED in said
    assert IN_CHAT in stats
    assert still_there


async def test_the_cleanup_goes_on_once_the_dates_of_telegram_agree(tale: Tale) -> None:
    async with tale.bot():
        tale.ahead = TEN_DAYS
        await tale.what_is_planned()
        before = tale.still_there
        # It was a computer that slept: the wall clock is right, the monotonic one is late.
        tale.now, tale.ahead = tale.now + TEN_DAYS, timedelta()
        stats = await tale.stats()
        await tale.what_is_planned()
        after = tale.still_there

    assert before
    assert IN_CHAT not in stats
    assert not after


@pytest.mark.parametrize("webhook", [False, True])
@pytest.mark.parametrize("ahead", [365, 10, 0.5, 2 / 24, -2 / 24, -10, -400, -20_000])
async def test_with_a_wrong_clock_at_the_start_times_are_telegrams_and_nothing_is_deleted(
    ahead: float, webhook: bool, tale: Tale, capsys: pytest.CaptureFixture[str]
) -> None:
    tale.ahead = timedelta(days=ahead)
    async with tale.bot(**webhook_settings(webhook=webhook)):
        await tale.what_is_planned()
        await tale.stats()
        await tale.admin.clicks("24 h")
        await tale.admin.says("good morning", date=tale.now - timedelta(hours=20))
        await tale.admin.answer()
        await tale.what_is_planned()
    said = capsys.readouterr().err
    stored = counts(tale.database)
    tale.ahead = timedelta()
    async with tale.bot():
        await tale.what_is_planned()
    hours = {round((tale.now.timestamp() - moment) // 3600): n for moment, n in stored.items()}

    assert hours == {85 * 24: 1, 0: 2, 20: 1}
    assert counts(tale.database) == stored
    assert said.count("of this computer is") == 1
    assert (POSTPONED in said) == (abs(ahead) > 1)


async def test_cleanup_by_hand_does_what_was_asked(tale: Tale) -> None:
    async with tale.bot():
        tale.ahead = TEN_DAYS
        await tale.what_is_planned()
        before = tale.still_there
        async with AnalyticsService.open(
            tale.database, access=Access.SHARE, clock=tale.wall
        ) as by_hand:
            deleted = await by_hand.cleanup_old_interactions()
        after = tale.still_there

    assert before
    assert deleted == 1
    assert not after


async def a_year(path: Path) -> tuple[dict[int, int], list[int], set[datetime]]:
    """What is recorded, deleted and planned by a clock that shows local time."""
    now = BEGIN
    deleted: list[int] = []
    planned: set[datetime] = set()

    def clock() -> datetime:
        return now.astimezone()

    async with AnalyticsService.open(path, timestamp_precision=1, clock=clock) as analytics:
        for _ in range(365 * 24 // 17):
            now += timedelta(hours=17)
            planned.add(next_planned(clock(), time(3)))
            await analytics.record([Interaction(ADMIN, InteractionType.MESSAGE, clock())])
            if now.day == 1:
                deleted.append(await analytics.cleanup_old_interactions())
    return counts(path), deleted, planned


@pytest.mark.parametrize("zone", ["CET-1CEST,M3.5.0,M10.5.0/3", "EST5EDT,M3.2.0,M11.1.0"])
async def test_daylight_saving_time_changes_nothing(
    zone: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    expected = await a_year(tmp_path / "utc.sqlite3")
    with monkeypatch.context() as context:
        context.setenv("TZ", zone)
        tzset()
        offsets = {(BEGIN + timedelta(days=d)).astimezone().utcoffset() for d in range(365)}
        found = await a_year(tmp_path / "local.sqlite3")
    tzset()

    assert len(offsets) == 2
    assert found == expected


async def test_after_a_step_back_of_years_the_next_tick_is_not_years_away() -> None:
    """The scheduler plans by the wall clock."""
    now = datetime(2030, 1, 1, tzinfo=UTC)

    class Datetime(datetime):
        @classmethod
        def now(cls, tz: Any = None) -> datetime:  # type: ignore[override]
            return now

    async def tick() -> None: ...

    with (
        patch.object(apscheduler.schedulers.base, "datetime", Datetime),
        patch.object(ticks, "datetime", Datetime),
        patch.object(ticks, "BEAT_SECONDS", 0),
    ):
        built = build_scheduler()
        built.start()
        stack = ExitStack()
        stack.enter_context(ticks.each_minute(tick, built))
        now = datetime(2026, 1, 1, tzinfo=UTC)
        beaten = asyncio.Event()
        asyncio.get_running_loop().call_later(0, beaten.set)
        await beaten.wait()
        [job] = built.get_jobs()
        planned = job.next_run_time
        stack.close()
        built.shutdown()

    assert planned <= now + timedelta(minutes=1)
