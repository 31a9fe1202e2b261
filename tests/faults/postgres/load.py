"""Writers that record all the time, and what became of what they acknowledged."""

import asyncio
import signal
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path

from bot.sandbox.condition import Waiting
from tests.faults.postgres.writer import NOT_OPENED, RANGE
from tests.faults.table import Row
from tests.support import ROOT
from tests.support.postgres import execute
from tests.support.postgres_recount import DIFFERENCES

PATIENCE = 120.0
AGAIN_SECONDS = 0.5
REMEMBERED = "SELECT update_id FROM bot_analytics.remembered_updates"
RECORDED = "SELECT coalesce(sum(count), 0) FROM bot_analytics.interactions"


@dataclass(eq=False)
class Writer:
    """A process that is started again whenever it ends, as systemd does with a bot."""

    url: str
    folder: Path
    first: int
    changed: Callable[[], None]
    begin: int
    acknowledged: int = 0
    """How many updates were, from the first one on."""
    committed_at: list[float] = field(default_factory=list)
    failed: str = ""
    """What the process said that ended as none should."""
    process: asyncio.subprocess.Process | None = None

    async def run(self, stop: asyncio.Event) -> None:
        while not stop.is_set():
            status = await self.live(-1)
            if status not in (0, -signal.SIGKILL, NOT_OPENED):
                self.failed = (self.folder / "log").read_text()
                self.changed()
                return
            if status == NOT_OPENED:
                await asyncio.sleep(AGAIN_SECONDS)

    async def live(self, batches: int) -> int:
        """Let one process live, for a number of batches if that is not negative."""
        arguments = (self.url, self.folder, self.first + self.acknowledged, batches, self.begin)
        with (self.folder / "log").open("ab") as log:
            self.process = await asyncio.create_subprocess_exec(
                *(sys.executable, "-m", "tests.faults.postgres.writer", *map(str, arguments)),
                cwd=ROOT,
                stdout=asyncio.subprocess.PIPE,
                stderr=log,
            )
        assert self.process.stdout is not None
        async for line in self.process.stdout:
            # A process that was killed may leave half a line.
            if line.endswith(b"\n"):
                self._hear(line.decode().split())
        return await self.process.wait()

    def _hear(self, words: list[str]) -> None:
        if words == ["committed"]:
            self.committed_at.append(time.monotonic())
        elif words and words[0].isdigit():
            self.acknowledged = int(words[0]) - self.first + 1
        self.changed()

    def send(self, number: int) -> None:
        assert self.process is not None
        if self.process.returncode is None:
            self.process.send_signal(number)


class Load:
    """Several writers at one database; use `load`."""

    def __init__(self, writers: list[Writer], waiting: Waiting) -> None:
        self.writers = writers
        self._waiting = waiting

    async def goes_on(self, commits: int = 5, *, without: Writer | None = None) -> None:
        """Wait until each writer, or each other, has committed so many times more."""
        least = [(w, len(w.committed_at) + commits) for w in self.writers if w is not without]

        def all_have() -> bool:
            for writer in self.writers:
                assert not writer.failed, writer.failed
            return all(len(writer.committed_at) >= count for writer, count in least)

        await self._waiting.until(all_have, PATIENCE, "each writer commits again")

    @property
    def longest_gap(self) -> float:
        """The longest time without a commit of any writer, in seconds."""
        times = sorted(each for writer in self.writers for each in writer.committed_at)
        return max((later - earlier for earlier, later in pairwise(times)), default=0.0)

    def row(self, injected: int, url: str) -> Row:
        """Compare what was acknowledged with what is in the database."""
        acknowledged = {
            each
            for writer in self.writers
            for each in range(writer.first, writer.first + writer.acknowledged)
        }
        remembered = {update_id for (update_id,) in execute(url, REMEMBERED)}
        [(recorded,)] = execute(url, RECORDED)
        differences = execute(url, DIFFERENCES)
        assert differences == [], differences[:10]
        return Row(
            injected=injected,
            acknowledged=len(acknowledged),
            recorded=int(recorded),
            lost=len(acknowledged - remembered),
            counted_twice=int(recorded) - len(remembered),
            longest_wait=self.longest_gap,
        )


@asynccontextmanager
async def load(url: str, writers: int = 3, *, same: bool = False) -> AsyncIterator[Load]:
    """Have writers record until the end; then all that waits is committed.

    Each records updates of its own, or all the `same`, as Telegram sends again what it was not told
    had arrived.
    """
    waiting = Waiting()
    begin = int(time.time())
    stop = asyncio.Event()
    async with AsyncExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        found = []
        for number in range(writers):
            of_writer = folder / str(number)
            of_writer.mkdir()
            first = 1 if same else number * RANGE + 1
            found.append(Writer(url, of_writer, first, waiting.changed, begin))
        running = [asyncio.create_task(writer.run(stop)) for writer in found]
        try:
            yield Load(found, waiting)
            stop.set()
            for writer in found:
                writer.send(signal.SIGTERM)
            await asyncio.gather(*running)
            for writer in found:
                # Commits what the one before has left in the spool.
                assert await writer.live(1) == 0, (writer.folder / "log").read_text()
        finally:
            stop.set()
            for writer in found:
                writer.send(signal.SIGKILL)
            await asyncio.gather(*running, return_exceptions=True)
