"""What is to be gone, in every form in which a file could hold it, and the search for it."""

import os
import random
import signal
from collections.abc import AsyncIterator, Callable, Coroutine, Iterable, Iterator
from contextlib import asynccontextmanager, contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any
from unittest.mock import patch

import aiosqlite

from analytics import AnalyticsService, Interaction, InteractionType, Pseudonyms
from analytics.sqlite import database
from analytics.sqlite.connections import connect
from tests.support import raw_updates
from tests.support.clock import NOW
from tests.support.second_connection import select
from tests.support.service import KEY, SOMEBODY

REFERENCES = Pseudonyms(KEY)
# In no order of time, so that pages split and leave copies of their rows behind.
THOUSANDS = 3_000
PEOPLE = 200
BATCH = 100
LONGEST_AGO = timedelta(days=80)
SIZES = (1, 2, 3, 4, 6, 8)


def somebodies(chance: random.Random) -> list[Interaction]:
    """Thousands of interactions of hundreds of people."""
    return [
        Interaction(
            SOMEBODY + chance.randrange(PEOPLE),
            chance.choice(list(InteractionType)),
            NOW - LONGEST_AGO * chance.random(),
        )
        for _ in range(THOUSANDS)
    ]


async def record_all(analytics: AnalyticsService, said: list[Interaction]) -> None:
    for first in range(0, len(said), BATCH):
        assert await analytics.record(said[first : first + BATCH])


def integer(number: int) -> bytes:
    """A record's integer: big-endian, in as few bytes as SQLite takes; 0 and 1 take none."""
    if number in (0, 1):
        return b""
    size = next(s for s in SIZES if -(1 << 8 * s - 1) <= number < 1 << 8 * s - 1)
    return number.to_bytes(size, "big", signed=True)


def row_number(number: int) -> bytes:
    """Of any signed 64-bit number: seven bits a byte, and eight in a ninth."""
    unsigned = number % 2**64
    if unsigned < 2**56:
        return raw_updates.varint(unsigned)
    head = [unsigned >> 8 + 7 * place & 0x7F | 0x80 for place in reversed(range(8))]
    return bytes([*head, unsigned & 0xFF])


def forms(number: int) -> set[bytes]:
    """Those of a reference or a Telegram ID."""
    eight = number.to_bytes(8, "big", signed=True)
    texts = {str(number), eight.hex(), f"{number % 2**64:x}"}
    found = {eight, eight[::-1], integer(number), row_number(number)}
    return found.union(*map(raw_updates.words_traces, texts))


def key_forms(key: bytes) -> set[bytes]:
    text = key.hex()
    return {key, *raw_updates.words_traces(text), *raw_updates.words_traces(text.upper())}


def rows(folder: Path, person: int) -> set[bytes]:
    """Those of a person, as records; exact to the second, they are unmistakable."""
    records = select(
        folder,
        "SELECT timestamp, user_id, interaction_type FROM interactions "
        "WHERE user_id = (SELECT id FROM users WHERE reference = ?)",
        (REFERENCES.reference(person),),
    )
    return {b"".join(map(integer, record)) for record in records}


def traces(folder: Path, people: Iterable[int]) -> set[bytes]:
    """All that could tell that these people were here."""
    found: set[bytes] = set()
    for person in people:
        found |= forms(person) | forms(REFERENCES.reference(person))
        found |= rows(folder, person)
    return found


def found_in(folder: Path, wanted: set[bytes], *, but: str = "") -> dict[str, int]:
    """File to how many of the wanted are in it, in every file except one, and the reserve.

    The reserve is two million random bytes.
    """
    found = {}
    for path in folder.rglob("*"):
        if path.is_file() and path.name != but and path.suffix != ".reserve":
            content = path.read_bytes()
            if count := sum(trace in content for trace in wanted):
                found[path.name] = count
    return found


Statement = Callable[[], Coroutine[Any, Any, Any]]


@contextmanager
def statements(instead: Callable[[str, Statement], Coroutine[Any, Any, Any]]) -> Iterator[None]:
    """`instead` is handed each statement, and how to run it."""
    execute = aiosqlite.Connection.execute_fetchall

    async def handed(self: aiosqlite.Connection, sql: str, *parameters: Any) -> Any:
        return await instead(sql, lambda: execute(self, sql, *parameters))

    with patch.object(aiosqlite.Connection, "execute_fetchall", handed):
        yield


@contextmanager
def connections() -> Iterator[list[aiosqlite.Connection]]:
    """Those of the databases opened meanwhile: of each the writer, if any, and the reader."""
    opened: list[aiosqlite.Connection] = []

    @asynccontextmanager
    async def noting(*arguments: Any, **options: Any) -> AsyncIterator[aiosqlite.Connection]:
        async with connect(*arguments, **options) as connection:
            opened.append(connection)
            yield connection

    with patch.object(database, "connect", noting):
        yield opened


def is_checkpoint(sql: str) -> bool:
    return "wal_checkpoint" in sql


def compacting_without(*left_out: int) -> Any:
    """The first checkpoint, the VACUUM or the second checkpoint of each compaction left out."""
    step = 2

    async def skipping(sql: str, run: Statement) -> Any:
        nonlocal step
        if sql != "VACUUM" and not is_checkpoint(sql):
            return await run()
        # A checkpoint that follows no VACUUM is a first one, or none of a compaction.
        step = 1 if sql == "VACUUM" else 2 if step == 1 else 0
        return [(0, 0, 0)] if step in left_out else await run()

    return statements(skipping)


def die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def killing_after(count: int) -> Any:
    """This process dies when so many statements have been run."""

    async def counting(_: str, run: Statement) -> Any:
        nonlocal count
        answer = await run()
        count -= 1
        if not count:
            die()
        return answer

    return statements(counting)


def killing_in_vacuum(connection: aiosqlite.Connection) -> Any:
    """This process dies half-way through the VACUUM, which has thousands of steps."""
    steps = 0

    def progress() -> int:
        nonlocal steps
        steps += 1
        if steps == 1_000:
            die()
        return 0

    async def watching(sql: str, run: Statement) -> Any:
        if sql == "VACUUM":
            await connection.set_progress_handler(progress, 1)
        return await run()

    return statements(watching)
