"""How much later the handler of a single update starts when the update is recorded first."""

import sqlite3
import tempfile
import time
from collections.abc import Iterator
from contextlib import AsyncExitStack, closing, contextmanager
from pathlib import Path

from bot.sandbox import Sandbox
from tests.benchmarks.bots import BARE, BESIDE, OURS, running
from tests.benchmarks.files import Files, Size
from tests.benchmarks.table import AT_MOST, Finding, percentile


async def measure(files: Files, size: Size) -> list[Finding]:
    """From when Telegram has the update until the handler's first act reaches it.

    Two idle bots at the same time, which take turns: both figures hold the same way over HTTP.
    """
    samples: dict[Path, list[float]] = {OURS: [], BARE: []}
    commits: list[float] = []
    with tempfile.TemporaryDirectory() as folder:
        async with AsyncExitStack() as stack:
            sandboxes = {}
            for program in samples:
                sandboxes[program] = await stack.enter_async_context(Sandbox())
                await stack.enter_async_context(running(program, sandboxes[program], Path(folder)))
            database = stack.enter_context(_plain(Path(folder, "plain")))
            for number in range(size.single_updates + size.single_updates // 10):
                commits.append(_commit(database, number))
                for program, sandbox in sandboxes.items():
                    took = await _answer_one(sandbox, number + 1)
                    if number >= size.single_updates // 10:
                        samples[program].append(took)
    ours, bare = samples[OURS], samples[BARE]
    p99 = percentile(ours, 99) - percentile(bare, 99)
    return [
        Finding(
            what="start of the handler of a single update, p50",
            beside=BESIDE,
            figure=percentile(ours, 50) - percentile(bare, 50),
            goal=1,
            bound=AT_MOST,
            unit="ms more",
            ours=ours,
            peer=bare,
            notes=[
                f"at p99 {p99:.2f} ms more: {percentile(ours, 99):.2f} ms",
                "the part of the disk: INSERT and COMMIT of a row with plain sqlite3 takes "
                f"{percentile(commits, 50):.2f} ms at p50, {percentile(commits, 99):.2f} at p99",
            ],
        )
    ]


async def _answer_one(sandbox: Sandbox, number: int) -> float:
    """Milliseconds."""
    person = sandbox.person()
    asked = time.monotonic()
    await person.says("hello")
    calls = await sandbox.called("sendMessage", number)
    # The bot asks again, and so is idle when the next one writes.
    await sandbox.settled()
    return 1000 * (calls[-1].at - asked)


@contextmanager
def _plain(path: Path) -> Iterator[sqlite3.Connection]:
    with closing(sqlite3.connect(path)) as database:
        database.execute("PRAGMA journal_mode=WAL")
        database.execute("PRAGMA synchronous=FULL")
        database.execute("CREATE TABLE numbers (number INTEGER)")
        yield database


def _commit(database: sqlite3.Connection, number: int) -> float:
    """Milliseconds."""
    began = time.perf_counter()
    database.execute("INSERT INTO numbers VALUES (?)", (number,))
    database.commit()
    return 1000 * (time.perf_counter() - began)
