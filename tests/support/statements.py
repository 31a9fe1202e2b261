"""The statements that a service runs, each to be changed, left out, or the last."""

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from typing import Any
from unittest.mock import patch

import aiosqlite

from analytics.sqlite import database
from analytics.sqlite.connections import connect
from analytics.sqlite.database import Database
from tests.support.killed import die

# The steps of a compaction.
FIRST_CHECKPOINT, VACUUM, SECOND_CHECKPOINT = range(3)
# It reads the file, and ends when it is interrupted.
ENDLESS = """
    WITH RECURSIVE numbers (n) AS (
        SELECT count(*) FROM interactions UNION ALL SELECT n + 1 FROM numbers)
    SELECT count(*) FROM numbers
"""
Statement = Callable[[], Coroutine[Any, Any, Any]]
# What stands for the statements of a transaction, which are run in one call.
TRANSACTION = "BEGIN IMMEDIATE; ...; COMMIT"


@contextmanager
def statements(instead: Callable[[str, Statement], Coroutine[Any, Any, Any]]) -> Iterator[None]:
    """`instead` is handed each statement, and how to run it; a transaction is one."""
    execute = aiosqlite.Connection.execute_fetchall
    transact = Database.transact

    async def handed(self: aiosqlite.Connection, sql: str, *parameters: Any) -> Any:
        return await instead(sql, lambda: execute(self, sql, *parameters))

    async def as_one(self: Database, work: Any) -> None:
        await instead(TRANSACTION, lambda: transact(self, work))

    with (
        patch.object(aiosqlite.Connection, "execute_fetchall", handed),
        patch.object(Database, "transact", as_one),
    ):
        yield


class Transactions:
    """The number of transactions that have been committed, and a way to wait for the next."""

    def __init__(self) -> None:
        self.count = 0
        self.committed = asyncio.Event()

    async def note(self, sql: str, run: Statement) -> Any:
        answer = await run()
        if sql == TRANSACTION:
            self.count += 1
            self.committed.set()
        return answer


@contextmanager
def transactions() -> Iterator[Transactions]:
    """Those that are committed meanwhile."""
    noted = Transactions()
    with statements(noted.note):
        yield noted


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


async def interrupt(connection: aiosqlite.Connection, task: asyncio.Task[Any]) -> None:
    """Interrupt what a task runs: again and again, since before it has begun that does nothing."""
    with suppress(sqlite3.ProgrammingError):  # the connection is closed by then
        while not task.done():
            await connection.interrupt()
            await asyncio.sleep(0)


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
