"""What a PostgreSQL server costs beside a file, and how it grows with the processes at it."""

import asyncio
import random
import sys
import time
from asyncio.subprocess import PIPE
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from analytics import Access, AnalyticsService, Period
from analytics.moving import move
from tests.benchmarks.data import FIRST_UPDATE_ID, KEY, telegram_id
from tests.benchmarks.files import Files, Size
from tests.benchmarks.load import BATCH, Load, Phase
from tests.benchmarks.replica import IN_FLIGHT, drawn, requests
from tests.benchmarks.table import AT_LEAST, AT_MOST, Finding, quartiles
from tests.support import ROOT
from tests.support.postgres import own_server, reason_to_skip, url_of
from tests.support.webhooks import free_port

# What a bot with a million users a month has in its busiest minute, in interactions a second.
PEAK = 120
# A server as Debian makes it, whose commits are on the disk; only the memory is set.
OPTIONS = "-c listen_addresses= -c shared_buffers=512MB -c wal_recycle=off"
REPLICAS = (1, 2, 4)


async def measure(files: Files, size: Size) -> list[Finding]:
    """Raises RuntimeError if PostgreSQL is not installed."""
    if reason := reason_to_skip():
        raise RuntimeError(reason)
    with served(files) as url, files.folder() as folder:
        began = time.perf_counter()
        await move(await files.many(3600), url)
        moved = time.perf_counter() - began
        return [
            await _reports(url, folder, size, moved),
            *await _recording(url, folder, files, size),
            await _replicas(url, folder, size),
            *await _deletions(url, folder, files, size),
        ]


@contextmanager
def served(files: Files) -> Iterator[str]:
    """The URL of a database on a server that has its files on the disk."""
    port = free_port()
    with own_server(port, OPTIONS, in_memory=False) as folder:
        yield url_of(folder, "postgres", port)


async def _reports(url: str, folder: Path, size: Size, moved: float) -> Finding:
    waits: dict[Period, list[float]] = {period: [] for period in Period}
    opened = AnalyticsService.open(
        folder / "reports", database_url=url, access=Access.READ, pseudonym_key=KEY
    )
    async with opened as analytics:
        for _ in range(size.reports // 30 + 2):
            for period, took in waits.items():
                began = time.perf_counter()
                await analytics.reports.overview(period)
                took.append(1000 * (time.perf_counter() - began))
    medians = {period: quartiles(took)[1] for period, took in waits.items()}
    slowest = max(medians, key=lambda period: medians[period])
    return Finding(
        what=f"PostgreSQL: a report at {size.interactions:,}, the slowest period ({slowest})",
        beside="",
        figure=medians[slowest],
        goal=50,
        bound=AT_MOST,
        unit="ms",
        ours=waits[slowest],
        notes=[
            ", ".join(f"{period} {medians[period]:.0f} ms" for period in Period)
            + f"; the first {max(took[0] for took in waits.values()):.0f} ms",
            f"{size.interactions:,} interactions moved from a file in {moved:.0f} s",
        ],
    )


async def _recording(url: str, folder: Path, files: Files, size: Size) -> list[Finding]:
    """Batches, then single requests, on the server and in a file by turns."""
    on_server: list[Phase] = []
    in_file: list[Phase] = []
    single: dict[str, list[float]] = {"server": [], "file": []}
    with files.copy(await files.many(3600)) as path:
        async with (
            Load.on(folder / "load", files.traffic, 3600, database_url=url) as server,
            Load.on(path, files.traffic, 3600) as file,
        ):
            for load in (server, file):
                await load.batches(size.batches // 5)
            for _ in range(size.repeats):
                on_server.append(await server.batches(size.batches // 2))
                in_file.append(await file.batches(size.batches // 2))
        opened = {
            "server": AnalyticsService.open(folder / "single", database_url=url, pseudonym_key=KEY),
            "file": AnalyticsService.open(path, pseudonym_key=KEY),
        }
        interactions = drawn(size.people, FIRST_UPDATE_ID + 3 * size.interactions)
        async with opened["server"] as one, opened["file"] as other:
            for _ in range(size.repeats):
                single["server"].append(await requests(one, interactions, size.seconds))
                single["file"].append(await requests(other, interactions, size.seconds))
    return [
        _beside_a_file(f"in batches of {BATCH}", *_speeds(on_server, in_file)),
        _beside_a_file(
            f"of requests of one, {IN_FLIGHT} at a time", single["server"], single["file"]
        ),
    ]


def _speeds(*runs: list[Phase]) -> Iterator[list[float]]:
    for phases in runs:
        yield [phase.per_second for phase in phases]


def _beside_a_file(how: str, ours: list[float], peer: list[float]) -> Finding:
    pairs = zip(ours, peer, strict=True)
    return Finding(
        what=f"PostgreSQL: interactions a second {how}",
        beside=f"the bot's file: {quartiles([one / other for one, other in pairs])[1]:.2f} of it",
        figure=quartiles(ours)[1],
        goal=10 * PEAK,
        bound=AT_LEAST,
        unit="a second",
        ours=ours,
        peer=peer,
        measured_in="a second",
    )


async def _replicas(url: str, folder: Path, size: Size) -> Finding:
    """How many single requests a second more processes commit."""
    speeds: dict[int, list[float]] = {number: [] for number in REPLICAS}
    first = FIRST_UPDATE_ID + 10 * size.interactions
    for _ in range(size.repeats):
        for number, found in speeds.items():
            found.append(await _together(url, folder, size, number, first))
            first += number * size.interactions
    medians = {number: quartiles(found)[1] for number, found in speeds.items()}
    return Finding(
        what=f"PostgreSQL: requests of one, {REPLICAS[-1]} processes",
        beside="one process: so many times",
        figure=medians[REPLICAS[-1]] / medians[1],
        goal=1,
        bound=AT_LEAST,
        ours=speeds[REPLICAS[-1]],
        peer=speeds[1],
        measured_in="a second",
        notes=[
            "; ".join(
                f"{number} processes: {each:,.0f} a second" for number, each in medians.items()
            )
        ],
    )


async def _together(url: str, folder: Path, size: Size, number: int, first: int) -> float:
    """Return how many requests a second so many processes commit at the same time."""
    begun = [
        await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "tests.benchmarks.replica", url, folder / f"replica-{each}"),
            *(str(size.people), str(first + each * size.interactions), str(size.seconds)),
            stdin=PIPE,
            stdout=PIPE,
            cwd=ROOT,
        )
        for each in range(number)
    ]
    for process in begun:
        assert process.stdout
        assert await process.stdout.readline() == b"ready\n"
    for process in begun:
        assert process.stdin
        process.stdin.write(b"\n")
        await process.stdin.drain()
    said = await asyncio.gather(*[process.communicate() for process in begun])
    return sum(float(out) for out, _ in said)


async def _deletions(url: str, folder: Path, files: Files, size: Size) -> list[Finding]:
    cleaning: list[float] = []
    erasing: list[float] = []
    deleted = 0
    people = random.Random(size.people).sample(range(1, size.people + 1), size.erasures)
    async with Load.on(folder / "deletions", files.traffic, 3600, database_url=url) as load:
        for person in people:
            began = time.perf_counter()
            await load.analytics.people.erase(telegram_id(person))
            erasing.append(time.perf_counter() - began)
        for number in range(1, size.repeats + 1):
            days = (load.now().timestamp() - load.end) / 86_400 + 90 - number
            began = time.perf_counter()
            deleted += await load.analytics.cleanup_old_interactions(int(days))
            cleaning.append(time.perf_counter() - began)
        began = time.perf_counter()
        await load.analytics.maintenance.compact_if_due(large_too=True)
        compaction = time.perf_counter() - began
    return [
        Finding(
            what="PostgreSQL: erasure of one person",
            beside="",
            figure=quartiles(erasing)[1],
            goal=0.5,
            bound=AT_MOST,
            unit="s",
            ours=erasing,
            measured_in="s",
        ),
        Finding(
            what="PostgreSQL: cleanup of a day",
            beside="",
            figure=quartiles(cleaning)[1],
            goal=60,
            bound=AT_MOST,
            unit="s",
            ours=cleaning,
            measured_in="s",
            notes=[
                f"{deleted / size.repeats:,.0f} interactions a day; the compaction of "
                f"{size.people:,} people, in which recording waits, took {compaction:.1f} s"
            ],
        ),
    ]
