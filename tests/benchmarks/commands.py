"""What a command costs that only works on the data, and `--help`."""

import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from tests.benchmarks.files import Files, Size
from tests.benchmarks.table import AT_MOST, Finding, quartiles
from tests.support.processes import MAIN

COMMANDS = ("--help", "stats --json", "records --limit 20", "audit")


async def measure(files: Files, size: Size) -> list[Finding]:
    """Whole processes, in turn; the first of each warms up the disk's cache."""
    path = await files.many(3600)
    importing = 'python -c "import aiogram"'
    programs = {f"python main.py {each}": (str(MAIN), *each.split()) for each in COMMANDS}
    programs[importing] = ("-c", "import aiogram")
    used: dict[str, list[float]] = {name: [] for name in programs}
    for each in range(1 + size.repeats):
        for name, arguments in programs.items():
            milliseconds = _run(arguments, path)
            if each:
                used[name].append(milliseconds)
    peer = used.pop(importing)
    return [
        Finding(
            what=f"CPU time of {name}",
            beside=importing,
            figure=quartiles(ours)[1] / quartiles(peer)[1],
            goal=1 / 5,
            bound=AT_MOST,
            ours=ours,
            peer=peer,
        )
        for name, ours in used.items()
    ]


def _run(arguments: Sequence[str], database: Path) -> float:
    """Milliseconds of all processors."""
    before = os.times()
    subprocess.run(
        [sys.executable, *arguments],
        cwd=database.parent,
        env={"DATABASE_PATH": str(database)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        check=True,
    )
    after = os.times()
    return 1000 * (
        after.children_user + after.children_system - before.children_user - before.children_system
    )
