"""Cleanup deletes exactly what is past retention, in steps that hold nobody up."""

import asyncio
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from unittest.mock import patch

import pytest

from analytics import Access, InteractionType
from analytics.privacy import retention
from analytics.privacy.retention import STEP, cutoff
from tests.support.clock import NOW
from tests.support.recount import inconsistencies
from tests.support.second_connection import NAME, select, total
from tests.support.service import SOMEBODY, days_ago, interaction, open_service, run_once

SECOND = timedelta(seconds=1)
SMALL_STEP = 10


@pytest.fixture
def _small_steps() -> Iterator[None]:
    with patch.object(retention, "STEP", SMALL_STEP):
        yield


@pytest.mark.parametrize("days", [1, 90, 3650])
async def test_at_the_cutoff_it_stays_and_a_second_before_it_goes(
    days: int, tmp_path: Path
) -> None:
    at_cutoff = timedelta(days=days)
    async with open_service(tmp_path) as analytics:
        await analytics.record(
            [interaction(ago) for ago in (at_cutoff + SECOND, at_cutoff, at_cutoff - SECOND)]
        )
        would_be = await analytics.cleanup_old_interactions(days, dry_run=True)
        deleted = await analytics.cleanup_old_interactions(days)

    assert (would_be, deleted) == (1, 1)
    assert min(select(tmp_path, "SELECT timestamp FROM interactions")) == (
        int(cutoff(NOW, days).timestamp()),
    )


async def test_a_fraction_of_a_second_past_the_cutoff_it_goes(tmp_path: Path) -> None:
    now = NOW
    async with open_service(tmp_path, clock=lambda: now) as analytics:
        await analytics.record([interaction(timedelta(days=90))])
        before = await analytics.cleanup_old_interactions()
        now += timedelta(microseconds=1)
        after = await analytics.cleanup_old_interactions()

    assert (before, after) == (0, 1)


async def test_without_days_the_retention_applies(tmp_path: Path) -> None:
    async with open_service(tmp_path, retention_days=30) as analytics:
        await analytics.record(days_ago(31) + days_ago(29))

        assert await analytics.cleanup_old_interactions() == 1
    async with open_service(tmp_path) as analytics:
        assert analytics.retention_days == 90


async def test_the_same_at_the_same_time_is_counted_as_often_as_it_occurred(
    tmp_path: Path,
) -> None:
    async with open_service(tmp_path) as analytics:
        await analytics.record([interaction(timedelta(days=91))] * 7 + days_ago(1))
        dry = await analytics.cleanup_old_interactions(dry_run=True)
        deleted = await analytics.cleanup_old_interactions()

    assert (dry, deleted) == (7, 7)
    assert total(tmp_path) == 1


@pytest.mark.parametrize("access", Access)
async def test_a_dry_run_says_the_number_and_changes_nothing(
    access: Access, tmp_path: Path
) -> None:
    await run_once(tmp_path, days_ago(91, 5) + days_ago(1, 3))
    files = {path: path.read_bytes() for path in tmp_path.iterdir()}
    async with open_service(tmp_path, access=access) as analytics:
        dry = await analytics.cleanup_old_interactions(dry_run=True)
        report = await analytics.get_admin_analytics_report()
    unchanged = {path: path.read_bytes() for path in files}
    async with open_service(tmp_path) as analytics:
        deleted = await analytics.cleanup_old_interactions()

    assert dry == deleted == 5
    assert report.total_interactions == 8
    assert report.last_cleanup is None
    assert unchanged == files


async def test_who_has_nothing_left_leaves_and_nobody_else(tmp_path: Path) -> None:
    gone, stays = SOMEBODY, SOMEBODY + 1
    old, recent = timedelta(days=91), timedelta(days=1)
    async with open_service(tmp_path, pseudonymise=False) as analytics:
        await analytics.record(
            [interaction(old, gone), interaction(old, stays), interaction(recent, stays)]
        )
        await analytics.cleanup_old_interactions()

    assert select(tmp_path, "SELECT reference FROM users") == [(stays,)]
    assert inconsistencies(tmp_path / NAME) == []


@pytest.mark.parametrize("days", [-1, 0, 3651, 10**9])
async def test_days_outside_1_to_3650_are_refused(days: int, tmp_path: Path) -> None:
    async with open_service(tmp_path) as analytics:
        await analytics.record(days_ago(91))
        for dry_run in (False, True):
            with pytest.raises(ValueError, match="from 1 to 3650"):
                await analytics.cleanup_old_interactions(days, dry_run)
    with pytest.raises(ValueError, match="from 1 to 3650"):
        await run_once(tmp_path, retention_days=days)

    assert total(tmp_path) == 1


async def test_each_statement_deletes_a_step_and_no_more(tmp_path: Path) -> None:
    """1,000 rows take milliseconds, for which a recording may have to wait."""
    steps: list[int] = []
    async with open_service(tmp_path) as analytics:
        await analytics.record(days_ago(91, 2 * STEP + 1, people=50))
        deleted = await analytics.cleanup_old_interactions(progress=steps.append)

    assert STEP <= 1_000
    assert steps == [STEP, 2 * STEP, 2 * STEP + 1]
    assert deleted == 2 * STEP + 1


@pytest.mark.usefixtures("_small_steps")
async def test_what_is_recorded_meanwhile_is_committed_between_two_steps(tmp_path: Path) -> None:
    """Seen from another connection: recorded, while most of the old is still there."""
    old = 20 * SMALL_STEP
    recording: list[asyncio.Task[bool]] = []
    left_when_recorded: list[int] = []
    async with open_service(tmp_path) as analytics:
        await analytics.record(days_ago(91, old))

        def progress(deleted: int) -> None:
            if not recording:
                recording.append(asyncio.create_task(analytics.record(days_ago(1))))
            if total(tmp_path) > old - deleted:
                left_when_recorded.append(old - deleted)

        deleted = await analytics.cleanup_old_interactions(progress=progress)
        recorded = await recording[0]

    assert (deleted, recorded) == (old, True)
    assert max(left_when_recorded, default=0) > 0
    assert total(tmp_path) == 1


@pytest.mark.usefixtures("_small_steps")
async def test_recording_keeps_most_of_its_speed(tmp_path: Path) -> None:
    """Without a rest after each step the two would take turns."""
    done = 0

    def note(_: int) -> None:
        nonlocal done
        done += 1

    async with open_service(tmp_path) as analytics:
        await analytics.record(days_ago(91, 30 * SMALL_STEP))
        cleaning = asyncio.create_task(analytics.cleanup_old_interactions(progress=note))
        recorded = 0
        while not done:
            await analytics.record(days_ago(1))
        while done < 30:
            await analytics.record(days_ago(1))
            recorded += 1
        await cleaning

    assert recorded > 2 * done


async def test_after_each_step_everything_that_is_kept_in_step_is(tmp_path: Path) -> None:
    """Also in the midst of what a person did within a second, and of what they ever did."""
    wrong: list[list[str]] = []
    said = [
        interaction(timedelta(days=91, seconds=number // 6), SOMEBODY + number % 2, kind)
        for number, kind in enumerate(3 * list(InteractionType))
    ]
    with patch.object(retention, "STEP", 1):
        async with open_service(tmp_path) as analytics:
            await analytics.record(said)
            deleted = await analytics.cleanup_old_interactions(
                progress=lambda _: wrong.append(inconsistencies(tmp_path / NAME))
            )

    assert deleted == len(said) == len(wrong)
    assert not any(wrong)


class Stopped(Exception):
    pass


@pytest.mark.usefixtures("_small_steps")
@pytest.mark.parametrize("steps_before", [1, 5])
async def test_a_cleanup_that_was_stopped_half_way_goes_on_next_time(
    steps_before: int, tmp_path: Path
) -> None:
    """What it had deleted is compacted then, also if nothing is left to delete."""
    old = 5 * SMALL_STEP

    def progress(deleted: int) -> None:
        if deleted == steps_before * SMALL_STEP:
            raise Stopped

    async with open_service(tmp_path) as analytics:
        await analytics.record(days_ago(91, old, people=3) + days_ago(1))
        with pytest.raises(Stopped):
            await analytics.cleanup_old_interactions(progress=progress)
    async with open_service(tmp_path) as analytics:
        half_way = await analytics.get_admin_analytics_report()
        rest = await analytics.cleanup_old_interactions()
        report = await analytics.get_admin_analytics_report()

    assert half_way.compaction_pending
    assert half_way.last_cleanup is None
    assert rest == old - steps_before * SMALL_STEP
    assert report.total_interactions == 1
    assert report.last_cleanup == NOW
    assert not report.compaction_pending


async def test_the_last_cleanup_is_kept_in_the_file(tmp_path: Path) -> None:
    async with open_service(tmp_path) as analytics:
        before = await analytics.maintenance.last_cleanup()
        await analytics.record(days_ago(91, 4))
        await analytics.cleanup_old_interactions()
    async with open_service(tmp_path, access=Access.READ) as analytics:
        report = await analytics.get_admin_analytics_report()

    assert before is None
    assert report.last_cleanup == NOW
    assert report.last_cleanup_deleted == 4


async def test_a_cleanup_that_keeps_more_than_the_retention_is_none_of_its_cleanups(
    tmp_path: Path,
) -> None:
    """Else the scheduler would take it for the one that is due."""
    async with open_service(tmp_path) as analytics:
        await analytics.record(days_ago(95) + days_ago(105))
        deleted = await analytics.cleanup_old_interactions(days=100)

        assert deleted == 1
        assert await analytics.maintenance.last_cleanup() is None


async def test_a_command_cleans_up_beside_the_bot_and_leaves_the_compaction_to_it(
    tmp_path: Path,
) -> None:
    async with open_service(tmp_path) as bot:
        await bot.record(days_ago(91, 4) + days_ago(1))
        async with open_service(tmp_path, access=Access.SHARE) as command:
            deleted = await command.cleanup_old_interactions()
        between = await bot.get_admin_analytics_report()
        done = await bot.maintenance.compact_if_due()

    assert deleted == 4
    assert between.total_interactions == 1
    assert between.compaction_pending
    assert done
