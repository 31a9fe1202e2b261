"""What recording costs on top of the rows themselves: plain sqlite3 on the same tables."""

import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count, islice
from pathlib import Path

from analytics import Pseudonyms
from analytics.sqlite.connections import PRAGMAS
from tests.benchmarks.data import DAY, FIRST_UPDATE_ID, KEY, TYPES, Traffic, telegram_id
from tests.benchmarks.files import PRECISIONS, Files, Size
from tests.benchmarks.load import BATCH, Load, Took
from tests.benchmarks.table import AT_LEAST, Finding, quartiles

# Of the product's: SQLite's own checkpoints take the place of the bot's.
PRAGMAS_OF_PEER = {name: PRAGMAS[name] for name in PRAGMAS if name != "wal_autocheckpoint"}

REMEMBER = "INSERT OR IGNORE INTO remembered_updates (update_id, received) VALUES (?, ?)"
SEE = """
    INSERT INTO users (reference, last_seen) VALUES (?, ?)
    ON CONFLICT DO UPDATE SET last_seen = excluded.last_seen WHERE excluded.last_seen > last_seen
"""
ADD = """
    INSERT INTO interactions (timestamp, user_id, interaction_type, count)
    SELECT ?, users.id, interaction_types.id, 1 FROM users JOIN interaction_types
    WHERE reference = ? AND name = ?
    ON CONFLICT DO UPDATE SET count = count + 1
"""

# An update's id, the person's reference, the type, when.
Row = tuple[int, int, str, int]


async def measure(files: Files, size: Size) -> list[Finding]:
    findings = []
    for precision, name in PRECISIONS.items():
        ours: list[Took] = []
        peer: list[Took] = []
        path = await files.many(precision)
        with files.copy(path) as for_ours, files.copy(path) as for_peer:
            rows = _rows(files.traffic, precision)
            async with Load.on(for_ours, files.traffic, precision) as load:
                with _connected(for_peer) as database:
                    await load.batches(size.batches // 5)
                    _record(database, islice(rows, BATCH * (size.batches // 5)))
                    for _ in range(size.repeats):
                        ours.append((await load.batches(size.batches)).took)
                        peer.append(_record(database, islice(rows, BATCH * size.batches)))
        speed = [1e6 / quartiles([each.waited for each in runs])[1] for runs in (ours, peer)]
        pairs = [beside.used / each.used for each, beside in zip(ours, peer, strict=True)]
        findings.append(
            Finding(
                what=f"processor time to record in batches of {BATCH}, {name}",
                beside="sqlite3, executemany and commit, same tables and triggers: so many times",
                figure=quartiles(pairs)[1],
                goal=0.8,
                bound=AT_LEAST,
                ours=[each.used for each in ours],
                peer=[each.used for each in peer],
                measured_in="µs",
                notes=[f"{speed[0]:,.0f} interactions/s, and {speed[1]:,.0f}"],
            )
        )
    return findings


def _rows(traffic: Traffic, precision: int) -> Iterator[Row]:
    """What Load records, as it is stored; pseudonyms are the peer's work, too."""
    reference = Pseudonyms(KEY).reference
    update_ids = count(FIRST_UPDATE_ID + traffic.interactions)
    for day in count(traffic.days + 1):
        for at, person, kind in traffic.day(day):
            yield (
                next(update_ids),
                reference(telegram_id(person)),
                TYPES[kind].value,
                at // precision * precision,
            )


@contextmanager
def _connected(path: Path) -> Iterator[sqlite3.Connection]:
    database = sqlite3.connect(path)
    try:
        for name, value in PRAGMAS_OF_PEER.items():
            database.execute(f"PRAGMA {name}={value}")
        yield database
    finally:
        database.close()


def _record(database: sqlite3.Connection, rows: Iterator[Row]) -> Took:
    done = 0
    began, used = time.perf_counter(), time.process_time()
    while batch := list(islice(rows, BATCH)):
        database.executemany(REMEMBER, ((row[0], row[3] // DAY * DAY) for row in batch))
        database.executemany(SEE, ((row[1], row[3]) for row in batch))
        database.executemany(ADD, ((row[3], row[1], row[2]) for row in batch))
        database.commit()
        done += len(batch)
    waited, used = time.perf_counter() - began, time.process_time() - used
    return Took(1e6 * waited / done, 1e6 * used / done)
