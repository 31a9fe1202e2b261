"""The database fails under the running bot: nobody waits, and nothing is lost when it is back."""

import asyncio
import resource
import shutil
import sqlite3
import subprocess
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, closing, contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from analytics import AnalyticsService, Interaction, InteractionType
from analytics.sqlite.reserve import keep as keep_reserve
from analytics.sqlite.reserve import reserve_of
from bot.sandbox import Person, Sandbox
from tests.faults.table import Fault, Row
from tests.support.processes import bot_process
from tests.support.running import running_bot
from tests.support.second_connection import locked, total
from tests.support.statements import connections
from tests.support.stored import remembered

AN_INTERACTION = Interaction(
    6_000_000_001, InteractionType.MESSAGE, datetime(2026, 1, 1, tzinfo=UTC)
)
ADMIN = 6_000_000_001
PEOPLE = 5
TMPFS_BYTES = 8 * 1024 * 1024


class Story:
    """A running bot, people who talk to it, and how long they waited."""

    def __init__(self, sandbox: Sandbox, database: Path) -> None:
        self.sandbox = sandbox
        self.database = database
        self.said: list[int] = []
        self.longest_wait = 0.0
        self.of_rights = 0  # updates that are remembered, and not recorded
        self._people = [sandbox.person() for _ in range(PEOPLE)]

    async def an_admin(self) -> Person:
        """Somebody the bot can write to, and its only admin."""
        admin = self.sandbox.person(ADMIN)
        await admin.says("/start")
        await admin.answer()
        return admin

    async def talk(self, times: int = 2 * PEOPLE) -> None:
        """People write one after the other, and each waits for the answer."""
        for number in range(times):
            person = self._people[number % PEOPLE]
            begin = time.monotonic()
            update_id = await person.says("good morning")
            await person.answer()
            self.longest_wait = max(self.longest_wait, time.monotonic() - begin)
            assert update_id is not None
            self.said.append(update_id)

    async def until_recorded(self) -> None:
        """Until everything said is in the file, which takes a second after the fault is over."""
        async with asyncio.timeout(30):
            while not set(self.said) <= remembered(self.database):
                await self.talk(1)

    def row(self, injected: int) -> Row:
        ids = remembered(self.database)
        acknowledged = set(self.said) & self.sandbox.updates.acknowledged
        count = total(self.database)
        return Row(
            injected=injected,
            acknowledged=len(acknowledged),
            recorded=int(count) + self.of_rights,
            lost=len(acknowledged - ids),
            counted_twice=int(count) + self.of_rights - len(ids),
            longest_wait=self.longest_wait,
        )


@asynccontextmanager
async def story(folder: Path, **settings: Any) -> AsyncIterator[Story]:
    """With the whole bot in this process."""
    database = folder / "analytics.sqlite3"
    async with Sandbox() as sandbox, running_bot(sandbox, database, **settings):
        yield Story(sandbox, database)


@contextmanager
def folder() -> Iterator[Path]:
    with tempfile.TemporaryDirectory() as name:
        yield Path(name)


@contextmanager
def small_disk() -> Iterator[Path]:
    """A disk of 8 MiB. Raises CalledProcessError where this user may not mount one."""
    with folder() as path:
        options = f"size={TMPFS_BYTES}"
        subprocess.run(["mount", "-t", "tmpfs", "-o", options, "tmpfs", path], check=True)
        try:
            yield path
        finally:
            subprocess.run(["umount", "--lazy", path], check=True)


def can_mount() -> bool:
    try:
        with small_disk():
            return True
    except (OSError, subprocess.CalledProcessError):
        return False


def fill(disk: Path, name: str) -> Path:
    """A file that takes what is left of the disk."""
    filler = disk / name
    with suppress(OSError), filler.open("wb", buffering=0) as file:
        while True:
            file.write(bytes(4096))
    return filler


async def locked_now_and_then(times: int) -> Row:
    with folder() as path:
        async with story(path) as tale:
            await tale.talk()
            for _ in range(times):
                with locked(tale.database):
                    await tale.talk()
                await tale.until_recorded()
        return tale.row(times)


async def disk_full(times: int) -> Row:
    with small_disk() as disk:
        async with story(disk) as tale:
            await tale.talk()
            for _ in range(times):
                fillers = [fill(disk, "first")]
                # The bot gives up its reserve, and goes on recording.
                await tale.talk()
                await tale.until_recorded()
                assert not reserve_of(tale.database).exists()
                fillers.append(fill(disk, "second"))
                await tale.talk()
                for filler in fillers:
                    filler.unlink()
                await tale.until_recorded()
                keep_reserve(tale.database)  # the bot does so within a minute
        return tale.row(times)


async def read_only(times: int) -> Row:
    """What SQLite says on a disk that the kernel has made read-only, open files or not."""
    with folder() as path:
        database = path / "analytics.sqlite3"
        recorded: list[int] = []
        with connections() as opened:
            async with AnalyticsService.open(database) as analytics:
                writer, _ = opened
                for number in range(times):
                    await writer.execute_fetchall("PRAGMA query_only=ON")
                    assert not await analytics.record([AN_INTERACTION], [2 * number])
                    await writer.execute_fetchall("PRAGMA query_only=OFF")
                    recorded += [2 * number, 2 * number + 1]
                    await analytics.record([AN_INTERACTION], [2 * number + 1])
        return Row(
            injected=times,
            acknowledged=len(recorded),
            recorded=len(remembered(database)),
            lost=len(set(recorded) - remembered(database)),
            counted_twice=len(remembered(database) - set(recorded)),
        )


async def io_error(times: int) -> Row:
    """A limit on the size of the bot's files: each write fails as if the disk were broken."""
    with folder() as path:
        database = path / "analytics.sqlite3"
        async with Sandbox() as sandbox, bot_process(sandbox, database) as bot:
            tale = Story(sandbox, database)
            await tale.talk()
            _, hard = resource.prlimit(bot.pid, resource.RLIMIT_FSIZE)
            for _ in range(times):
                resource.prlimit(bot.pid, resource.RLIMIT_FSIZE, (1, hard))
                await tale.talk()
                resource.prlimit(bot.pid, resource.RLIMIT_FSIZE, (hard, hard))
                await tale.until_recorded()
        return tale.row(times)


async def deleted(times: int) -> Row:
    """What the file held is gone with it; what comes after is recorded in a new one."""
    with folder() as path:
        async with story(path) as tale:
            await tale.talk()
            for _ in range(times):
                for file in path.glob("analytics.sqlite3*"):
                    file.unlink()
                tale.said.clear()
                await tale.talk()
                await tale.until_recorded()
        return tale.row(times)


async def replaced(times: int) -> Row:
    """An older copy is put into the place of the open file, as a hasty restore would do."""
    with folder() as path:
        copy = path / "copy"
        async with story(path) as tale:
            await tale.talk()
            with closing(sqlite3.connect(tale.database)) as database:
                database.execute("VACUUM INTO ?", (str(copy),))
            await tale.talk()
            for _ in range(times):
                for file in path.glob("analytics.sqlite3-*"):
                    file.unlink()
                shutil.copy(copy, path / "new")
                (path / "new").rename(tale.database)
                tale.said.clear()
                await tale.talk()
                await tale.until_recorded()
        return tale.row(times)


def _fault(name: str, inject: Callable[[int], Awaitable[Row]]) -> Fault:
    return Fault(name, inject, short=2, long=20)


FAULTS = [
    _fault("database locked by another program", locked_now_and_then),
    _fault("disk full", disk_full),
    _fault("database read-only", read_only),
    _fault("I/O error", io_error),
    _fault("database deleted while running", deleted),
    _fault("database replaced while running", replaced),
]
