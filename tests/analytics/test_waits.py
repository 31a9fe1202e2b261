"""What keeps the database in order holds no recording up."""

import asyncio
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest

from analytics import Action, AnalyticsService, DatabaseUnavailable, Erasure, recording
from analytics.sqlite import checkpoints, database
from analytics.sqlite.files import spool
from analytics.sqlite.queries import personal_data
from tests.support.bytes_on_disk import found_in, traces
from tests.support.events import events_of
from tests.support.killed import die, is_killed
from tests.support.recount import inconsistencies
from tests.support.second_connection import NAME, being_read, select, total
from tests.support.service import SOMEBODY, days_ago, interaction, open_service
from tests.support.statements import ENDLESS, Statement, connections, interrupt, statements

HANGS = 30  # seconds
LEAVING, LEAVING_LATER = SOMEBODY + 1, SOMEBODY + 2
BEFORE = 300
OF_EACH = 10


@pytest.fixture(autouse=True)
def _patient() -> Iterator[None]:
    """Whoever waits for the database waits for ever: a test that ends has not."""
    with (
        patch.object(recording, "COMMIT_TIMEOUT", 10 * HANGS),
        patch.object(database, "BUSY_MS_OWN", 10 * HANGS * 1_000),
    ):
        yield


class Compacting:
    """A service that has erased somebody, in the midst of the VACUUM until `goes_on` is set."""

    def __init__(self, analytics: AnalyticsService) -> None:
        self.analytics = analytics
        self.begun, self.goes_on = threading.Event(), threading.Event()
        self.erasing: asyncio.Task[Erasure | None]

    @classmethod
    @asynccontextmanager
    async def begun_in(cls, folder: Path, **options: Any) -> AsyncIterator["Compacting"]:
        with connections() as opened:
            async with open_service(folder, **options) as analytics:
                await analytics.record(days_ago(1, BEFORE, people=BEFORE // OF_EACH))
                compacting = cls(analytics)

                async def watching(sql: str, run: Statement) -> Any:
                    if sql == "VACUUM":
                        await opened[0].set_progress_handler(compacting.progress, 100)
                    return await run()

                with statements(watching):
                    compacting.erasing = asyncio.create_task(analytics.people.erase(LEAVING))
                    await asyncio.to_thread(compacting.begun.wait, HANGS)
                    try:
                        async with asyncio.timeout(HANGS):
                            yield compacting
                    finally:
                        compacting.goes_on.set()
                    await compacting.erasing

    def progress(self) -> int:
        """Called by SQLite, every few steps of the VACUUM."""
        self.begun.set()
        self.goes_on.wait(2 * HANGS)
        return 0


async def test_while_it_is_compacted_what_is_recorded_goes_into_the_spool_at_once(
    tmp_path: Path,
) -> None:
    async with Compacting.begun_in(tmp_path) as compacting:
        analytics = compacting.analytics
        batches = [analytics.record(days_ago(2 + day, 1), [day]) for day in range(20)]
        committed = await asyncio.gather(*batches)
        without_ids = await analytics.record(days_ago(30, 3))
        await analytics.people.opt_out(SOMEBODY)
        await analytics.audit_log.note(Action.STATS)
        during = await analytics.get_admin_analytics_report()
        kept = spool(tmp_path / NAME).exists()

    assert {*committed, without_ids} == {False}
    assert (during.backlog, during.total_interactions) == (23, BEFORE - OF_EACH)
    assert kept
    assert inconsistencies(tmp_path / NAME) == []
    assert total(tmp_path) == BEFORE - OF_EACH + 23
    assert select(tmp_path, "SELECT count(*) FROM opt_outs") == [(1,)]
    assert select(tmp_path, "SELECT action FROM audit_trail") == [("stats",)]
    assert not spool(tmp_path / NAME).exists()


async def test_while_it_is_compacted_somebody_else_can_be_erased(tmp_path: Path) -> None:
    async with Compacting.begun_in(tmp_path) as compacting:
        analytics = compacting.analytics
        wanted = traces(tmp_path, [LEAVING, LEAVING_LATER])
        await analytics.record([*days_ago(2), interaction(person=LEAVING_LATER)], [1, 2])
        erasing = asyncio.create_task(analytics.people.erase(LEAVING_LATER))
        compacting.goes_on.set()
        erasure = await erasing
        found = found_in(tmp_path, wanted)

    assert erasure
    assert (erasure.interactions, erasure.compacted) == (OF_EACH + 1, True)
    assert found == {}
    assert total(tmp_path) == BEFORE - 2 * OF_EACH + 1


async def record_and_die(folder: Path) -> None:
    async with Compacting.begun_in(folder) as compacting:
        await compacting.analytics.record(days_ago(2, 3), [1, 2, 3])
        await compacting.analytics.record(days_ago(3, 3))
        die()


@pytest.mark.thorough
async def test_killed_while_it_is_compacted_it_has_all_that_was_recorded_and_once(
    tmp_path: Path,
) -> None:
    assert is_killed(record_and_die, tmp_path)
    async with open_service(tmp_path) as analytics:
        await analytics.record(days_ago(2, 3), [1, 2, 3])  # Telegram sends it again
        await analytics.maintenance.run()
        report = await analytics.get_admin_analytics_report()

    assert report.total_interactions == BEFORE - OF_EACH + 6
    assert not report.compaction_pending
    assert inconsistencies(tmp_path / NAME) == []


async def test_a_backup_that_reads_the_file_delays_no_commit(tmp_path: Path) -> None:
    """A checkpoint would wait for it, and recording for the checkpoint."""
    with patch.object(checkpoints, "CHECKPOINT_BYTES", 0):
        async with open_service(tmp_path) as analytics:
            await analytics.record(days_ago(1))
            async with asyncio.timeout(HANGS):
                with being_read(tmp_path):
                    recorded = [await analytics.record(days_ago(day)) for day in range(2, 12)]

    assert recorded == [True] * 10


async def test_a_search_for_a_persons_rows_delays_no_commit(tmp_path: Path) -> None:
    """It takes as long as the file is large, and recording reads, too."""
    begun = asyncio.Event()

    async def noting(sql: str, run: Statement) -> Any:
        if sql == endless:
            begun.set()
        return await run()

    endless = f"{ENDLESS} WHERE n > ?"
    with (
        patch.object(personal_data, "MOMENTS", endless),
        statements(noting),
        connections() as opened,
    ):
        async with open_service(tmp_path) as analytics:
            erasing = asyncio.create_task(analytics.people.erase(SOMEBODY))
            await begun.wait()
            async with asyncio.timeout(HANGS):
                recorded = await analytics.record(days_ago(1), [1], events_of(["/help"]))
                report = await analytics.get_admin_analytics_report()
            await interrupt(opened[-1], erasing)
            with pytest.raises(DatabaseUnavailable, match="interrupted"):
                await erasing

    assert recorded
    assert report.total_interactions == 1


async def test_the_check_at_night_delays_no_commit(tmp_path: Path) -> None:
    begun, ends = asyncio.Event(), asyncio.Event()

    async def checking(*_: object) -> bool:
        begun.set()
        await ends.wait()
        return False

    async with open_service(tmp_path) as analytics:
        with patch.object(database, "is_damaged", checking):
            night = asyncio.create_task(analytics.maintenance.run(large_too=True))
            await begun.wait()
            async with asyncio.timeout(HANGS):
                recorded = await analytics.record(days_ago(1))
            ends.set()
            await night

    assert recorded
