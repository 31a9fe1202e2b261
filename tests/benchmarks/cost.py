"""What a batch saves: one commit for a hundred interactions, or one for each."""

import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from itertools import count, islice

from tests.benchmarks.data import NAIVE, TYPES, Event, Traffic, telegram_id
from tests.benchmarks.files import Files, Size
from tests.benchmarks.load import BATCH, Load, Took, times
from tests.benchmarks.table import AT_LEAST, Finding, quartiles

INSERT = "INSERT INTO interactions (user_id, interaction_type, timestamp) VALUES (?, ?, ?)"


async def measure(files: Files, size: Size) -> list[Finding]:
    ours: list[Took] = []
    peer: list[Took] = []
    limit: list[Took] = []
    ours_at, plain_at = await files.many(3600), await files.many(NAIVE)
    with files.copy(ours_at) as path, files.copy(plain_at) as plain:
        async with Load.on(path, files.traffic, 3600) as load:
            with closing(sqlite3.connect(plain)) as database:
                database.execute("PRAGMA journal_mode=WAL")
                database.execute("PRAGMA synchronous=FULL")
                events = _events(files.traffic)
                await load.batches(size.batches // 5)
                _record(database, islice(events, size.batches))
                for _ in range(size.repeats):
                    ours.append((await load.batches(size.batches)).took)
                    peer.append(_record(database, islice(events, 5 * size.batches)))
                    batched = islice(events, BATCH * size.batches)
                    limit.append(_record(database, batched, at_once=BATCH))
    used = [f"{quartiles([each.used for each in runs])[1]:.1f}" for runs in (ours, peer, limit)]
    return [
        Finding(
            what=f"database work per interaction in batches of {BATCH}",
            beside="INSERT and COMMIT for each, plain table as large: so many times cheaper",
            figure=times(peer, ours),
            goal=8,
            bound=AT_LEAST,
            ours=[each.waited for each in ours],
            peer=[each.waited for each in peer],
            measured_in="µs",
            notes=[
                f"the plain table in batches of {BATCH}, without people, counters and remembered "
                f"updates: {quartiles([each.waited for each in limit])[1]:.1f} µs, so this disk "
                f"allows no more than {times(peer, limit):.1f} times",
                f"µs of the processor: {used[0]}; the plain table {used[1]}, in batches {used[2]}",
            ],
        )
    ]


def _events(traffic: Traffic) -> Iterator[Event]:
    for day in count(traffic.days + 1):
        yield from traffic.day(day)


def _record(database: sqlite3.Connection, events: Iterator[Event], at_once: int = 1) -> Took:
    done = 0
    began, used = time.perf_counter(), time.process_time()
    while batch := list(islice(events, at_once)):
        database.executemany(
            INSERT,
            [
                (telegram_id(person), TYPES[kind], datetime.fromtimestamp(at, UTC).isoformat())
                for at, person, kind in batch
            ],
        )
        database.commit()
        done += len(batch)
    waited, used = time.perf_counter() - began, time.process_time() - used
    return Took(1e6 * waited / done, 1e6 * used / done)
