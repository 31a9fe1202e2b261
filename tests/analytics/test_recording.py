"""What is recorded is committed at once and counted once; what cannot be waits within bounds."""

import asyncio
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import AsyncExitStack, contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from analytics import AnalyticsService, DatabaseUnavailable, backlog
from analytics import recording as analytics_recording
from analytics.backlog import TRANSACTION_LIMIT
from analytics.notices import RecordingFails, RecordingWorks
from analytics.sqlite import checkpoints, database
from analytics.sqlite.queries import statistics as queries
from analytics.sqlite.queries.active_people import COME, COUNT_USERS, JOIN_COHORT
from analytics.sqlite.queries.recording import (
    ADD,
    COUNT_DROPPED,
    OPT_OUT,
    REMEMBER,
    RecordingQueries,
)
from analytics.sqlite.transactions import Transaction
from analytics.store_types import Batch
from tests.support.clock import NOW
from tests.support.events import events_of
from tests.support.examples import examples
from tests.support.recount import inconsistencies
from tests.support.second_connection import NAME, locked, select, total
from tests.support.service import SOMEBODY, days_ago, interaction, open_service, run_once
from tests.support.statements import ENDLESS, Statement, connections, interrupt, statements

LIMIT = 10
HANGS = 30  # seconds


@pytest.fixture
def _small_backlog() -> Iterator[None]:
    with patch.object(analytics_recording, "BACKLOG_LIMIT", LIMIT):
        yield


@contextmanager
def commits() -> Iterator[list[int]]:
    """How many interactions each transaction had that recorded any."""
    sizes: list[int] = []
    record = RecordingQueries.record

    async def counted(self: RecordingQueries, batch: Batch) -> None:
        sizes.append(len(batch.updates))
        await record(self, batch)

    with patch.object(RecordingQueries, "record", counted):
        yield sizes


async def until_it_works(analytics: AnalyticsService) -> None:
    async with asyncio.timeout(HANGS):
        while await analytics.notices.get() != RecordingWorks():
            pass


async def test_what_is_recorded_is_committed_when_record_returns(tmp_path: Path) -> None:
    """Seen from another connection."""
    async with open_service(tmp_path) as analytics:
        committed = await analytics.record(days_ago(1, 3))
        seen = total(tmp_path)

    assert (committed, seen) == (True, 3)


async def test_nothing_is_recorded_at_once(tmp_path: Path) -> None:
    async with open_service(tmp_path) as analytics:
        assert await analytics.record([])
        assert await analytics.record([], [])


async def test_an_update_id_repeated_in_a_batch_counts_once(tmp_path: Path) -> None:
    async with open_service(tmp_path) as analytics:
        await analytics.record(days_ago(1, 5), [7, 8, 7, 8, 7])

    assert select(tmp_path, "SELECT update_id FROM remembered_updates") == [(7,), (8,)]
    assert total(tmp_path) == 2


async def test_update_ids_that_restart_lower_count(tmp_path: Path) -> None:
    async with open_service(tmp_path) as analytics:
        await analytics.record(days_ago(1), [1_000_000])
        await analytics.record(days_ago(1), [3])

    assert total(tmp_path) == 2


async def test_an_update_is_known_for_48_hours_whatever_is_cleaned_up(tmp_path: Path) -> None:
    """Telegram sends again for 24 hours; the time of receipt is rounded down to the day."""
    now = NOW.replace(hour=23, minute=59, second=59)
    async with open_service(tmp_path, clock=lambda: now) as analytics:
        await analytics.record(days_ago(1), [7])
        now += timedelta(hours=48)
        await analytics.cleanup_old_interactions()
        await analytics.record(days_ago(1), [7])
        within = total(tmp_path)
        now += timedelta(days=1)
        await analytics.cleanup_old_interactions()
        left = select(tmp_path, "SELECT * FROM remembered_updates")

    assert within == 1
    assert left == []


async def test_a_batch_and_its_update_ids_have_the_same_length(tmp_path: Path) -> None:
    async with open_service(tmp_path) as analytics:
        with pytest.raises(ValueError, match="zip"):
            await analytics.record(days_ago(1, 2), [7])
        assert await analytics.record(days_ago(1, 2), [7, 8])

    assert total(tmp_path) == 2


async def test_a_batch_larger_than_a_transaction_usually_is_stays_whole(tmp_path: Path) -> None:
    size = 2 * TRANSACTION_LIMIT + 1
    async with open_service(tmp_path) as analytics:
        with commits() as sizes:
            assert await analytics.record(days_ago(1, size, people=7), range(size))

    assert sizes == [size]
    assert total(tmp_path) == size


async def test_batches_that_wait_are_committed_together_within_the_limit(tmp_path: Path) -> None:
    with patch.object(backlog, "TRANSACTION_LIMIT", LIMIT), commits() as sizes:
        async with open_service(tmp_path) as analytics:
            recorded = await asyncio.gather(
                *(analytics.record([interaction()] * 3) for _ in range(20))
            )

    assert all(recorded)
    assert sum(sizes) == total(tmp_path) == 60
    assert max(sizes) == 9


@pytest.mark.usefixtures("impatient")
async def test_while_the_file_is_locked_interactions_wait_and_are_counted_once(
    tmp_path: Path,
) -> None:
    async with open_service(tmp_path) as analytics:
        with locked(tmp_path):
            first = await analytics.record(days_ago(1, 3), [1, 2, 3])
            # Telegram is not told that they arrived, or was and sends them again.
            again = await analytics.record(days_ago(1, 3), [1, 2, 3])
            during = await analytics.get_admin_analytics_report()
            recording = analytics.is_recording
            failed = await analytics.notices.get()
        await until_it_works(analytics)
        last = await analytics.record(days_ago(2), [4])
        after = await analytics.get_admin_analytics_report()

    assert (first, again, last) == (False, False, True)
    assert (during.total_interactions, during.backlog) == (0, 6)
    assert failed == RecordingFails()
    assert not recording
    assert (after.total_interactions, after.backlog, after.dropped) == (4, 0, 0)


@pytest.mark.usefixtures("impatient", "_small_backlog")
async def test_what_the_full_backlog_drops_is_counted_in_the_file_and_the_report(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async with open_service(tmp_path) as analytics:
        with locked(tmp_path):
            await analytics.record(days_ago(1, LIMIT - 1))
            await analytics.record(days_ago(2, 3))
            await analytics.record(days_ago(3, 4))
            during = await analytics.get_admin_analytics_report()
        await until_it_works(analytics)
        await analytics.record(days_ago(4))
        after = await analytics.get_admin_analytics_report()
    async with open_service(tmp_path) as analytics:
        reopened = await analytics.get_admin_analytics_report()

    assert (during.backlog, during.dropped) == (LIMIT, 2 + 4)
    assert (after.backlog, after.dropped) == (0, 2 + 4)
    assert (reopened.total_interactions, reopened.dropped) == (LIMIT + 1, 2 + 4)
    assert [line for line in caplog.messages if "dropped" in line] == [
        "the backlog is full: 2 interactions dropped so far"
    ]


@pytest.mark.usefixtures("_small_backlog")
async def test_a_batch_larger_than_the_backlog_is_cut_and_counted(tmp_path: Path) -> None:
    async with open_service(tmp_path) as analytics:
        await analytics.record(days_ago(1, LIMIT + 5))
        report = await analytics.get_admin_analytics_report()

    assert (report.total_interactions, report.dropped) == (LIMIT, 5)


async def test_whoever_waits_too_long_is_let_go_and_the_interaction_is_kept(
    tmp_path: Path,
) -> None:
    """Without the timeout there would be no end: the writer waits as long as the lock is held."""
    with (
        patch.object(database, "BUSY_MS_OWN", 10 * HANGS * 1000),
        patch.object(analytics_recording, "COMMIT_TIMEOUT", 0),
    ):
        async with open_service(tmp_path) as analytics:
            with locked(tmp_path):
                async with asyncio.timeout(HANGS):
                    let_go = await analytics.record(days_ago(1))
                waiting = analytics.backlog
                before = total(tmp_path)

    assert (let_go, waiting, before) == (False, 1, 0)
    assert total(tmp_path) == 1


@pytest.mark.usefixtures("impatient")
async def test_what_waits_is_written_before_the_end(tmp_path: Path) -> None:
    async with open_service(tmp_path) as analytics:
        with locked(tmp_path):
            await analytics.record(days_ago(1, 3))

    assert total(tmp_path) == 3


@pytest.mark.usefixtures("impatient")
async def test_what_cannot_be_written_at_the_end_waits_for_the_next_start(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    await run_once(tmp_path)
    async with AsyncExitStack() as opened:
        analytics = await opened.enter_async_context(open_service(tmp_path))
        with locked(tmp_path):
            await analytics.record(days_ago(1, 3))
            async with asyncio.timeout(HANGS):
                await opened.aclose()

    saved = f"3 interactions are saved in {tmp_path / NAME}.spool until the next start"
    assert saved in caplog.messages
    assert total(tmp_path) == 0
    await run_once(tmp_path)
    assert total(tmp_path) == 3


async def test_what_fails_at_the_end_is_tried_once_more(tmp_path: Path) -> None:
    """A file found damaged by a write is healed before the next one."""
    record, failed = RecordingQueries.record, False

    async def fails_once(self: RecordingQueries, batch: Batch) -> None:
        nonlocal failed
        if not failed:
            failed = True
            raise DatabaseUnavailable("it failed", "try again")
        await record(self, batch)

    with patch.object(RecordingQueries, "record", fails_once):
        async with open_service(tmp_path) as analytics:
            recording = asyncio.create_task(analytics.record(days_ago(1, 3)))
            await asyncio.sleep(0)  # what it records waits now, and the end comes before it is done
            assert analytics.backlog == 0  # it is being committed, and waits for nothing
        recorded = await recording

    assert failed
    assert not recorded
    assert total(tmp_path) == 3


@pytest.mark.usefixtures("impatient", "_small_backlog")
@pytest.mark.parametrize(
    "failing", [REMEMBER, OPT_OUT, COME, COUNT_USERS, JOIN_COHORT, ADD, COUNT_DROPPED, "COMMIT"]
)
async def test_a_batch_that_fails_at_any_statement_is_counted_once(
    tmp_path: Path, failing: str
) -> None:
    """It has no update ids to know it by, and is tried again with the number of the dropped."""
    failed = False

    def fails_once(sql: str) -> None:
        nonlocal failed
        if sql == failing and not failed:
            failed = True
            raise DatabaseUnavailable("it failed", "try again")

    class Failing(Transaction):
        def run(self, sql: str, parameters: Sequence[Any] = ()) -> list[Any]:
            fails_once(sql)
            return super().run(sql, parameters)

        def run_many(self, sql: str, rows: Sequence[Sequence[Any]]) -> None:
            super().run_many(sql, rows[:1])
            fails_once(sql)
            super().run_many(sql, rows[1:])

    choices = [*[None] * (LIMIT - 1), True, *[None] * 5]
    async with open_service(tmp_path) as analytics:
        with patch.object(database, "Transaction", Failing):
            await analytics.record(days_ago(1, LIMIT + 5, people=2), opting_out=choices)
            await until_it_works(analytics)
            await analytics.record(days_ago(2))
        report = await analytics.get_admin_analytics_report()

    assert failed
    assert (report.total_interactions, report.dropped) == (LIMIT + 1, 5)
    assert inconsistencies(tmp_path / NAME) == []


async def test_a_checkpoint_that_is_not_possible_takes_nothing_back(tmp_path: Path) -> None:
    """A lock that another user of the computer has made, for one, cannot be opened."""
    lock = tmp_path / f"{NAME}.write-lock"
    with patch.object(checkpoints, "CHECKPOINT_BYTES", 0):
        async with open_service(tmp_path) as analytics:
            lock.unlink()
            lock.mkdir()
            recorded = await analytics.record(days_ago(91))
            deleted = await analytics.cleanup_old_interactions()
            report = await analytics.get_admin_analytics_report()

    assert recorded
    assert deleted == 1
    assert report.compaction_pending
    assert total(tmp_path) == 0


async def test_a_long_read_delays_no_commit(tmp_path: Path) -> None:
    """A checkpoint would wait for it, and recording for the checkpoint."""
    patient = patch.object(database, "BUSY_MS_OWN", 1000 * HANGS)
    begun = asyncio.Event()

    async def noting(sql: str, run: Statement) -> Any:
        if sql == ENDLESS:
            begun.set()
        return await run()

    with (
        patient,
        patch.object(checkpoints, "CHECKPOINT_BYTES", 0),
        patch.object(queries, "TOTALS", ENDLESS),
        statements(noting),
        connections() as opened,
    ):
        async with open_service(tmp_path) as analytics:
            _, reader = opened
            reading = asyncio.create_task(analytics.get_admin_analytics_report())
            await begun.wait()
            recorded = [
                await analytics.record(days_ago(day), events=events_of([event]))
                for day, event in enumerate(["blocked", None] * 5, 1)
            ]
            await interrupt(reader, reading)
            with pytest.raises(DatabaseUnavailable, match="interrupted"):
                await reading

    assert recorded == [True] * 10


CHOICES = st.lists(st.sampled_from([None, None, None, True, False]), min_size=1, max_size=8)


@settings(max_examples=examples(25))
@given(choices=CHOICES, opted_out=st.booleans(), split=st.integers(0, 8))
@example(choices=[None] * 5 + [False], opted_out=True, split=6)
@example(choices=[True, False, None], opted_out=False, split=3)
async def test_a_batch_with_opt_outs_that_comes_again_changes_nothing(
    choices: list[bool | None], opted_out: bool, split: int
) -> None:
    """After a crash before the acknowledgement; the handlers run again, too, in any order."""
    said, ids = days_ago(1, len(choices)), range(len(choices))
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        async with open_service(folder) as analytics:
            if opted_out:
                await analytics.people.opt_out(SOMEBODY)
            counted = 0
            for chosen in choices:
                counted += not opted_out
                opted_out = opted_out if chosen is None else chosen
            await analytics.record(said[:split], ids[:split], opting_out=choices[:split])
            await analytics.record(said, ids, opting_out=choices)
        async with open_service(folder) as analytics:
            await analytics.record(said, ids, opting_out=choices)
            for update_id, chosen in reversed([*enumerate(choices)]):
                if chosen is not None:
                    await (analytics.people.opt_out if chosen else analytics.people.opt_in)(
                        SOMEBODY, update_id
                    )
            is_opted_out = await analytics.people.is_opted_out(SOMEBODY)

        assert (total(folder), is_opted_out) == (counted, opted_out)
