"""What a command costs that only works on the data."""

import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from tests.benchmarks.files import Files, Size
from tests.benchmarks.table import AT_MOST, Finding, quartiles
from tests.support.processes import MAIN


async def measure(files: Files, size: Size) -> list[Finding]:
    """Whole processes, in turn; the first of each warms up the disk's cache."""
    path = await files.many(3600)
    stats = (str(MAIN), "stats", "--json")
    peer = ("-c", "import aiogram")
    for arguments in (stats, peer):
        _run(arguments, path)
    ours, importing = [], []
    for _ in range(size.repeats):
        ours.append(_run(stats, path))
        importing.append(_run(peer, path))
    return [
        Finding(
            what="python main.py stats --json",
            beside='python -c "import aiogram"',
            figure=quartiles(ours)[1] / quartiles(importing)[1],
            goal=1 / 4,
            bound=AT_MOST,
            ours=ours,
            peer=importing,
        )
    ]


def _run(arguments: Sequence[str], database: Path) -> float:
    """Milliseconds."""
    began = time.perf_counter()
    subprocess.run(
        [sys.executable, *arguments],
        cwd=database.parent,
        env={"DATABASE_PATH": str(database)},
        stdout=subprocess.DEVNULL,
        check=True,
    )
    return 1000 * (time.perf_counter() - began)
