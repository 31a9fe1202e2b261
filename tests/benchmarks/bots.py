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


def memory(process: Process) -> float:
    """Resident megabytes."""
    pages = int(Path(f"/proc/{process.pid}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6
