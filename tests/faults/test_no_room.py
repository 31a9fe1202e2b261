"""A limit on the size of files, as a quota, is a full disk to everything that writes."""

import os
import resource
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from analytics import AnalyticsService
from analytics.sqlite.maintenance.backups import backup
from bot.sandbox import Sandbox
from tests.faults.database import AN_INTERACTION, Story
from tests.faults.kills import MAX_SHUTDOWN
from tests.support.processes import MAIN, Process, bot_process, launch, without_env_file

# Less than a database has, and more than a command adds to its log.
LIMIT = 48 * 1024


@contextmanager
def limited() -> Iterator[None]:
    """What is started here can make no larger files."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (LIMIT, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def limit(bot: Process) -> None:
    """From now on it can write nothing."""
    _, hard = resource.prlimit(bot.pid, resource.RLIMIT_FSIZE)
    resource.prlimit(bot.pid, resource.RLIMIT_FSIZE, (1, hard))


async def test_the_bot_says_that_the_disk_is_full_and_at_the_end_how_many_are_lost(
    sandbox: Sandbox,
    database: Path,
) -> None:
    """Neither the database nor the spool can be written: the exit status is 1."""
    async with bot_process(sandbox, database) as bot:
        tale = Story(sandbox, database)
        await tale.talk(1)
        await sandbox.settled()
        limit(bot)
        await tale.talk(3)
        await sandbox.settled()
        bot.send(signal.SIGTERM)
        status, _, log = await bot.ended(MAX_SHUTDOWN)

    assert status == 1
    assert "for the disk is full: free up space and try again): interactions are kept" in log
    assert "3 interactions and 0 requests are lost, for neither" in log


@pytest.mark.parametrize("command", [["backup", "copy.sqlite3"], ["restore", "b.sqlite3"]])
async def test_commands_say_that_the_disk_is_full(tmp_path: Path, command: list[str]) -> None:
    database = tmp_path / "analytics.sqlite3"
    async with AnalyticsService.open(database) as analytics:
        await analytics.record([AN_INTERACTION], [1])
    await backup(database, tmp_path / "b.sqlite3", None)
    if "restore" in command:
        database.unlink()
    environment = {"PATH": os.environ["PATH"], **without_env_file(tmp_path)}
    environment["DATABASE_PATH"] = str(database)
    with limited():
        # A fork of a process that was started before would not have the limit.
        process = await launch([sys.executable, MAIN, *command], tmp_path, environment)
    status, _, errors = await process.ended()
    left = [file for file in tmp_path.iterdir() if file.name.endswith(".unfinished")]

    assert status == 1
    assert "(the disk is full)" in errors
    assert left == []
