"""Two processes on one file: one bot, and commands that leave to it what is its own."""

import asyncio
import signal
from contextlib import ExitStack
from pathlib import Path

import pytest

from analytics import Access, AnalyticsService, DatabaseInUse
from analytics.disk import size
from analytics.sqlite import checkpoints, locks
from analytics.sqlite.files import wal
from bot.sandbox import Sandbox
from tests.faults.commands import FAULTS, MAX_RETENTION, OLD, clean_up, fill, total
from tests.faults.database import AN_INTERACTION
from tests.faults.table import Fault
from tests.support.conversation import ask
from tests.support.processes import bot_process
from tests.support.recount import inconsistencies


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.name)
async def test_nothing_is_lost_or_counted_twice(fault: Fault) -> None:
    row = await fault.inject(fault.short)

    assert row.acknowledged > 0
    assert (row.lost, row.counted_twice) == (0, 0)
    assert row.recorded == row.acknowledged


async def test_the_lock_dies_with_the_process(sandbox: Sandbox, database: Path) -> None:
    async with bot_process(sandbox, database) as first:
        with ExitStack() as held:
            while_it_runs = locks.enter(database, Access.SHARE, held)
        first.send(signal.SIGKILL)
        await first.ended()
        with ExitStack() as held:
            # Asks once, and does not wait.
            after_the_kill = locks.enter(database, Access.SHARE, held)
    async with bot_process(sandbox, database):
        person = sandbox.person()
        await ask(person, "good morning")

    assert not while_it_runs
    assert after_the_kill


async def test_a_cleanup_leaves_the_checkpoint_to_the_bot(sandbox: Sandbox, database: Path) -> None:
    await fill(database, 1)
    async with bot_process(sandbox, database, **MAX_RETENTION):
        before, log_before = database.read_bytes(), wal(database).stat().st_size
        deleted = await clean_up(database, 30)
        after, log_after = database.read_bytes(), wal(database).stat().st_size

    assert deleted == OLD
    assert after == before
    assert log_after > log_before


async def test_of_two_cleanups_without_a_bot_each_interaction_is_deleted_by_one(
    database: Path,
) -> None:
    await fill(database, 2)
    deleted = await asyncio.gather(clean_up(database, 60), clean_up(database, 60))

    assert sum(deleted) == OLD
    assert await total(database) == OLD
    assert inconsistencies(database) == []


def test_commands_write_one_after_the_other(
    database: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(locks, "WRITER_TIMEOUT", 0)
    with ExitStack() as bot, ExitStack() as one:
        locks.enter(database, Access.OWN, bot)
        locks.enter(database, Access.SHARE, one)
        with ExitStack() as other, pytest.raises(DatabaseInUse, match="another command is writing"):
            locks.enter(database, Access.SHARE, other)
        one.close()
        with ExitStack() as other:
            is_owner = locks.enter(database, Access.SHARE, other)

    assert not is_owner


async def test_the_bot_does_not_checkpoint_while_a_command_writes(
    database: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(checkpoints, "CHECKPOINT_BYTES", 1)
    async with AnalyticsService.open(database) as analytics:
        with locks.write_lock(database, timeout=0):
            await analytics.record([AN_INTERACTION])
            beside_a_command = size(wal(database))
        await analytics.record([AN_INTERACTION])
        alone = size(wal(database))

    assert beside_a_command > 0
    assert alone == 0
