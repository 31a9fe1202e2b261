"""How long a commit waits while the bot keeps its database in order."""

import asyncio
import random
from collections.abc import Awaitable, Callable
from functools import partial
from itertools import count
from pathlib import Path

from analytics import backup
from tests.benchmarks.data import DAY, telegram_id
from tests.benchmarks.files import Files, Size
from tests.benchmarks.load import Load, compaction_waits
from tests.benchmarks.table import AT_MOST, Finding, percentile, quartiles

Work = Callable[[], Awaitable[object]]


async def measure(files: Files, size: Size) -> list[Finding]:
    findings = []
    with files.copy(await files.many(3600)) as path:
        async with Load.on(path, files.traffic, 3600) as load:
            with compaction_waits():
                for name, work in _works(load, path, size).items():
                    nothing = partial(asyncio.sleep, size.seconds)
                    repeated = partial(_repeated, work, size.repeats)
                    # Longer than the work takes: what had to wait is caught up with.
                    alone = await load.steadily(nothing, size.seconds / 4)
                    during = await load.steadily(repeated, size.seconds / 4)
                    findings.append(_finding(name, during, alone))
    return findings


def _works(load: Load, path: Path, size: Size) -> dict[str, Work]:
    """What is done beside recording, once each time."""
    analytics, numbers = load.analytics, count(1)
    people = iter(random.Random(size.people).sample(range(1, size.people + 1), 2 * size.repeats))

    async def clean_up() -> None:
        """One day more than is kept, of those that the file was built with."""
        days = (load.now().timestamp() - load.end) / DAY + 90 - next(numbers)
        await analytics.cleanup_old_interactions(int(days))

    async def erase() -> None:
        assert await analytics.people.erase(telegram_id(next(people)))

    async def back_up() -> None:
        await backup(path, path.with_name(f"backup-{next(numbers)}"), None)

    async def compact() -> None:
        """As in the night after somebody was erased."""
        await erase()
        await analytics.maintenance.run(large_too=True)

    return {
        "cleanup of a day": clean_up,
        "erasure of a person": erase,
        "a backup": back_up,
        "compaction and the check of the file": compact,
    }


async def _repeated(work: Work, times: int) -> None:
    for _ in range(times):
        await work()


def _finding(name: str, during: list[float], alone: list[float]) -> Finding:
    ours, peer = ([1000 * wait for wait in waits] for waits in (during, alone))
    worst = percentile(ours, 99.9)
    return Finding(
        what=f"wait of a commit during {name}, 99.9th percentile",
        beside="",
        figure=worst,
        goal=50,
        bound=AT_MOST,
        unit="ms",
        ours=ours,
        peer=peer,
        notes=[
            f"{len(ours):,} commits, median {quartiles(ours)[1]:.1f} ms, "
            f"longest {max(ours):.1f}; alone {quartiles(peer)[1]:.1f}, "
            f"99.9th percentile {percentile(peer, 99.9):.1f}, longest {max(peer):.1f}"
        ],
    )
