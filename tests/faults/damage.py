"""Random bytes change in the database: what is found damaged is set aside, and recording goes on.

`acknowledged` are the interactions recorded after the damage was found, or after the damage where
nothing finds it. What was recorded before is in the file that is set aside.
"""

import random
import shutil
import sqlite3
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, closing, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

from analytics import AnalyticsError, AnalyticsService, Interaction, InteractionType
from analytics.notices import DatabaseSetAside
from analytics.sqlite.files import wal
from tests.faults.table import Fault, Row
from tests.support.recount import inconsistencies
from tests.support.second_connection import NAME

KEY = bytes(32)
NOW = datetime(2026, 6, 1, tzinfo=UTC)
SECTOR = 512
# Before the damage, a minute apart; those after it are between the minutes.
INTERACTIONS = 3_000
BATCH = 5
BATCHES = 8

# What becomes of a damaged file, in the words of the tests.
SET_ASIDE, REFUSED, NOT_FOUND = "set aside", "refused", "not found"


@dataclass(slots=True)
class Outcome:
    """Of damaging one database."""

    what: str = NOT_FOUND
    after: list[int] = field(default_factory=list)
    """The numbers of the interactions that have to be in the file at the end."""
    sentence: str = ""


def moment(number: int) -> datetime:
    return NOW - timedelta(minutes=number)


def later(number: int) -> datetime:
    """The moment of an interaction after the damage."""
    return moment(number) - timedelta(seconds=30)


def interactions(numbers: range, when: Callable[[int], datetime]) -> list[Interaction]:
    types = list(InteractionType)
    return [
        Interaction(6_000_000_001 + number * 7919 % 1_000, types[number % len(types)], when(number))
        for number in numbers
    ]


def damaged(whole: bytes, chance: random.Random) -> bytes:
    """A page of random bytes, a sector of zeros, or some bytes or bits changed anywhere."""
    content = bytearray(whole)
    sector = chance.randrange(len(whole) // SECTOR) * SECTOR
    match chance.randrange(4):
        case 0:
            page = sector // 4096 * 4096
            content[page : page + 4096] = chance.randbytes(4096)
        case 1:
            content[sector : sector + SECTOR] = bytes(SECTOR)
        case 2:
            for _ in range(chance.choice([1, 10, 100])):
                content[chance.randrange(len(whole))] = chance.randrange(256)
        case 3:
            for _ in range(chance.choice([1, 10])):
                content[sector + chance.randrange(SECTOR)] ^= 1 << chance.randrange(8)
    return bytes(content)


def damage(path: Path, chance: random.Random) -> None:
    """In place, as a disk does it under an open file."""
    content = damaged(path.read_bytes(), chance)
    with path.open("r+b") as file:
        file.write(content)


@asynccontextmanager
async def service(path: Path) -> AsyncIterator[AnalyticsService]:
    async with AnalyticsService.open(
        path, pseudonym_key=KEY, timestamp_precision=1, clock=lambda: NOW
    ) as analytics:
        yield analytics


async def fill(analytics: AnalyticsService) -> None:
    for first in range(0, INTERACTIONS, 100):
        numbers = range(first, first + 100)
        assert await analytics.record(interactions(numbers, moment), numbers)


async def a_whole_file() -> bytes:
    """A database without a log."""
    with TemporaryDirectory() as name:
        path = Path(name) / NAME
        async with service(path) as analytics:
            await fill(analytics)
        return path.read_bytes()


async def go_on(analytics: AnalyticsService, outcome: Outcome, begin: int = 0) -> None:
    """Record, report and clean up as a bot does, and note what has to be in the file then."""
    for first in range(begin, begin + BATCHES * BATCH, BATCH):
        numbers = range(first, first + BATCH)
        ids = range(INTERACTIONS + first, INTERACTIONS + first + BATCH)
        await analytics.record(interactions(numbers, later), ids)
        while not analytics.notices.empty():
            if isinstance(analytics.notices.get_nowait(), DatabaseSetAside):
                outcome.what = SET_ASIDE
                outcome.after.clear()
        outcome.after += numbers
        with suppress(AnalyticsError):
            await analytics.get_admin_analytics_report()
        with suppress(AnalyticsError):
            await analytics.cleanup_old_interactions()


def files_set_aside(folder: Path) -> list[Path]:
    """Without their logs."""
    return [file for file in folder.glob("*.damaged-*") if not file.name.endswith("-wal")]


async def start(path: Path) -> Outcome:
    """What a start makes of the files."""
    outcome = Outcome()
    try:
        async with service(path) as analytics:
            await go_on(analytics, outcome)
    except AnalyticsError as error:
        outcome.what, outcome.sentence = REFUSED, str(error)
    return outcome


async def damaged_while_closed(folder: Path, whole: bytes, chance: random.Random) -> Outcome:
    path = folder / NAME
    content = damaged(whole, chance)
    path.write_bytes(content)
    outcome = await start(path)
    if outcome.what == SET_ASIDE:
        [aside] = files_set_aside(folder)
        assert aside.read_bytes() == content
        assert aside.stat().st_mode & 0o777 == 0o600
        assert inconsistencies(path) == []
    elif outcome.what == REFUSED:
        assert path.read_bytes() == content
        assert not files_set_aside(folder)
    return outcome


async def log_damaged_while_closed(folder: Path, killed: Path, chance: random.Random) -> Outcome:
    """After a kill; SQLite takes the log to end before the first frame that is not whole."""
    path = folder / NAME
    shutil.copy(killed, path)
    wal(path).write_bytes(damaged(wal(killed).read_bytes(), chance))
    outcome = await start(path)
    assert outcome.what == NOT_FOUND
    assert inconsistencies(path) == []
    return outcome


async def damaged_while_open(folder: Path, whole: bytes, chance: random.Random) -> Outcome:
    """The file or its log; the bot may have in memory what it needs, and notice at the next start.

    What SQLite has in memory may also be written over the damage.
    """
    path = folder / NAME
    path.write_bytes(whole)
    outcome = Outcome()
    async with service(path) as analytics:
        known = range(chance.choice([10, INTERACTIONS]))
        await analytics.record(interactions(known, moment))
        damage(chance.choice([path, wal(path)]), chance)
        await go_on(analytics, outcome)
    async with service(path) as analytics:
        await go_on(analytics, outcome, begin=BATCHES * BATCH)
    for aside in folder.glob("*.damaged-*"):
        assert aside.stat().st_mode & 0o777 == 0o600
    return outcome


def count_at(path: Path, when: datetime) -> int:
    """0 also where the row cannot be read. Looks at no other: they may be damaged still."""
    with suppress(sqlite3.Error, UnicodeDecodeError), closing(sqlite3.connect(path)) as database:
        sql = "SELECT total(count) FROM interactions WHERE timestamp = ?"
        [(count,)] = database.execute(sql, (when.timestamp(),))
        return int(count)
    return 0


@dataclass(slots=True)
class Tally:
    """Of many outcomes."""

    found: Counter[str] = field(default_factory=Counter)
    sentences: set[str] = field(default_factory=set)
    acknowledged: int = 0
    recorded: int = 0
    lost: int = 0
    counted_twice: int = 0

    def add(self, outcome: Outcome, path: Path) -> None:
        self.found[outcome.what] += 1
        if outcome.what == REFUSED:
            self.sentences.add(outcome.sentence.replace(str(path), "PATH"))
            return
        found = [count_at(path, later(number)) for number in outcome.after]
        self.acknowledged += len(found)
        self.recorded += sum(found)
        self.lost += found.count(0)
        self.counted_twice += sum(count > 1 for count in found)

    def row(self) -> Row:
        return Row(
            injected=self.found.total(),
            acknowledged=self.acknowledged,
            recorded=self.recorded,
            lost=self.lost,
            counted_twice=self.counted_twice,
        )


async def closed(times: int) -> Tally:
    return await _tally(times, damaged_while_closed)


async def log_closed(times: int) -> Tally:
    chance = random.Random(0)
    tally = Tally()
    with TemporaryDirectory() as name:
        killed = Path(name) / "killed"
        path = Path(name) / NAME
        async with service(path) as analytics:
            await fill(analytics)
            shutil.copy(path, killed)
            shutil.copy(wal(path), wal(killed))
        for _ in range(times):
            with TemporaryDirectory() as other:
                outcome = await log_damaged_while_closed(Path(other), killed, chance)
                tally.add(outcome, Path(other) / NAME)
    return tally


async def opened(times: int) -> Tally:
    return await _tally(times, damaged_while_open)


async def _tally(
    times: int, inject: Callable[[Path, bytes, random.Random], Awaitable[Outcome]]
) -> Tally:
    chance = random.Random(0)
    tally = Tally()
    whole = await a_whole_file()
    for _ in range(times):
        with TemporaryDirectory() as name:
            tally.add(await inject(Path(name), whole, chance), Path(name) / NAME)
    return tally


def _fault(name: str, inject: Callable[[int], Awaitable[Tally]], short: int, long: int) -> Fault:
    async def row(times: int) -> Row:
        return (await inject(times)).row()

    return Fault(name, row, short, long)


FAULTS = [
    _fault("random bytes in the database file", closed, short=50, long=2_000),
    _fault("random bytes in its log, after a kill", log_closed, short=20, long=500),
    _fault("random bytes in the open database or its log", opened, short=15, long=300),
]
