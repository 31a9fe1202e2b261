"""The two bots, as processes of their own, against the sandbox in this one."""

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from bot.sandbox import Sandbox
from tests.support.processes import MAIN, Process, bot_program

OURS = MAIN
BARE = Path(__file__).with_name("bare_bot.py")
BESIDE = "a plain aiogram bot that gives the same answer"


@asynccontextmanager
async def running(program: Path, sandbox: Sandbox, folder: Path) -> AsyncIterator[Process]:
    database = folder / program.stem / "analytics.sqlite3"
    async with bot_program(program, sandbox, database, {}) as process:
        yield process


def processor_seconds(process: Process) -> float:
    """What the process has used so far, all its threads together."""
    fields = Path(f"/proc/{process.pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def exact_processor_seconds(process: Process) -> float:
    """The same by Linux's scheduler, in nanoseconds; what an ended thread has used is lost."""
    threads = Path(f"/proc/{process.pid}/task").glob("*/schedstat")
    return sum(int(each.read_text().split()[0]) for each in threads) / 1e9


def written(process: Process) -> int:
    """Bytes that the process has had written to a disk, or will have."""
    lines = Path(f"/proc/{process.pid}/io").read_text().splitlines()
    return int(dict(line.split(": ") for line in lines)["write_bytes"])


def memory(process: Process) -> float:
    """Megabytes of its own, and its share of what it has in common with others (PSS)."""
    rollup = Path(f"/proc/{process.pid}/smaps_rollup").read_text()
    [kilobytes] = [line.split()[1] for line in rollup.splitlines() if line.startswith("Pss:")]
    return int(kilobytes) / 1024
