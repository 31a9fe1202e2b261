"""What a batch saves: one commit for a hundred interactions, or one for each."""

import sqlite3
import time
from collections.abc import Iterator, Sequence
from contextlib import closing
from datetime import UTC, datetime
from itertools import count, islice

from tests.benchmarks.data import NAIVE, TYPES, Event, Traffic, telegram_id
from tests.benchmarks.files import Files, Size
from tests.benchmarks.load import BATCH, Load
from tests.benchmarks.table import AT_LEAST, Finding, quartiles

INSERT = "INSERT INTO interactions (user_id, interaction_type, timestamp) VALUES (?, ?, ?)"


async def measure(files: Files, size: Size) -> list[Finding]:
    ours: list[float] = []
    peer: list[float] = []
    limit: list[float] = []
    ours_at, plain_at = await files.many(3600), await files.many(NAIVE)
    with files.copy(ours_at) as path, files.copy(plain_at) as plain:
        async with Load.on(path, files.traffic, 3600) as load:
            with closing(sqlite3.connect(plain)) as database:
                database.execute("PRAGMA journal_mode=WAL")
                database.execute("PRAGMA synchronous=FULL")
                events = _events(files.traffic)
                await load.batches(size.batches // 5)
                _record(database, list(islice(events, size.batches)))
                for _ in range(size.repeats):
                    ours.append(1e6 / (await load.batches(size.batches)).per_second)
                    peer.append(_record(database, list(islice(events, 5 * size.batches))))
                    batched = list(islice(events, BATCH * size.batches))
                    limit.append(_record(database, batched, at_once=BATCH))
    return [
        Finding(
            what=f"database work per interaction in batches of {BATCH}",
            beside="INSERT and COMMIT for each, plain table as large: so many times cheaper",
            figure=quartiles(peer)[1] / quartiles(ours)[1],
            goal=10,
            bound=AT_LEAST,
            ours=ours,
            peer=peer,
            measured_in="µs",
            notes=[
                f"the plain table in batches of {BATCH}, without people, counters and remembered "
                f"updates: {quartiles(limit)[1]:.1f} µs, so this disk allows no more than "
                f"{quartiles(peer)[1] / quartiles(limit)[1]:.1f} times"
            ],
        )
    ]


def _events(traffic: Traffic) -> Iterator[Event]:
    for day in count(traffic.days + 1):
        yield from traffic.day(day)


def _record(database: sqlite3.Connection, events: Sequence[Event], at_once: int = 1) -> float:
    """Microseconds for each."""
    began = time.perf_counter()
    for number, (at, person, kind) in enumerate(events, 1):
        moment = datetime.fromtimestamp(at, UTC).isoformat()
        database.execute(INSERT, (telegram_id(person), TYPES[kind], moment))
        if number % at_once == 0:
            database.commit()
    return 1e6 * (time.perf_counter() - began) / len(events)
