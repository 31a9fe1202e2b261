"""What is loaded to run: each program only what it uses. Measured by `tests.benchmarks`, too."""

import asyncio
import subprocess
import sys
from pathlib import Path

import pytest

from analytics import AnalyticsService
from bot.sandbox import Sandbox
from tests.support import ROOT, processes

# Modules of weight, and who has a use for them.
PRINTING = {"rich", "typer"}
DRAWING = {"matplotlib", "numpy"}
SERVING = {"aiohttp.web", "jinja2", "prometheus_client"}
BOT = {"aiogram", "aiohttp", "apscheduler", "babel"}
TRACE = "PYTHONPROFILEIMPORTTIME"


def loaded(errors: str) -> set[str]:
    """The modules in what Python prints of each import."""
    lines = [line for line in errors.splitlines() if line.startswith("import time:")]
    return {line.rpartition("|")[2].strip() for line in lines}


async def test_a_bot_that_polls_and_answers_loads_nothing_else(
    sandbox: Sandbox, tmp_path: Path
) -> None:
    database = tmp_path / "data" / "a.sqlite3"
    more = {TRACE: "1"}
    async with processes.bot_program(processes.MAIN, sandbox, database, more) as bot:
        await sandbox.person().says("/privacy")
        await sandbox.settled()
    modules = loaded((await bot.ended())[2])

    assert modules >= BOT
    assert modules & (PRINTING | DRAWING | SERVING) == set()


@pytest.mark.parametrize(
    ("arguments", "unused"),
    [
        (["--help"], BOT | DRAWING | SERVING),
        (["stats", "--json"], BOT | DRAWING | SERVING | {"rich"}),
        (["records", "--format", "csv"], BOT | DRAWING | SERVING | {"rich"}),
        (["export", "--aggregates"], BOT | DRAWING | SERVING | {"rich"}),
        (["cleanup", "--dry-run"], BOT | DRAWING | SERVING),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_a_command_loads_nothing_of_the_bot(
    tmp_path: Path, arguments: list[str], unused: set[str]
) -> None:
    database = tmp_path / "a.sqlite3"

    async def begin() -> None:
        async with AnalyticsService.open(database):
            pass

    asyncio.run(begin())
    done = subprocess.run(
        [sys.executable, ROOT / "main.py", *arguments],
        cwd=tmp_path,
        env={TRACE: "1", "DATABASE_PATH": str(database), **processes.without_env_file(tmp_path)},
        capture_output=True,
        text=True,
        check=True,
    )

    assert loaded(done.stderr) & unused == set()
