"""SQLite refuses a pragma in silence: each is asked for, and its answer checked."""

import asyncio
import sqlite3
import threading
from pathlib import Path
from typing import Any
from unittest.mock import patch

import aiosqlite
import pytest

from analytics import DatabaseInaccessible, UnsupportedSQLite
from analytics.sqlite.connections import PRAGMAS, connect
from tests.support.processes import PATIENCE
from tests.support.service import open_service, run_once
from tests.support.statements import connections

# What SQLite may answer to a pragma that it refuses.
OTHERWISE: dict[str, str | int] = {
    "journal_mode": "delete",
    "synchronous": 1,
    "foreign_keys": 0,
    "secure_delete": 0,
    "temp_store": 0,
    "wal_autocheckpoint": 1000,
    "busy_timeout": 7,
    "query_only": 0,
}


async def test_each_connection_has_the_pragmas(tmp_path: Path) -> None:
    with connections() as opened:
        async with open_service(tmp_path):
            writer, reader = opened
            of_writer = {name: await answer(writer, name) for name in PRAGMAS}
            waits = await answer(writer, "busy_timeout")
            only_reads = await answer(reader, "query_only")

    assert of_writer == PRAGMAS
    assert waits == 1_000
    assert only_reads == 1


@pytest.mark.parametrize("name", OTHERWISE)
async def test_a_refused_pragma_is_noticed(name: str, tmp_path: Path) -> None:
    execute = aiosqlite.Connection.execute_fetchall
    setting = f"PRAGMA {name}="

    async def refusing(self: aiosqlite.Connection, sql: str, *parameters: Any) -> Any:
        if sql.startswith(setting):
            sql = f"{setting}{OTHERWISE[name]}"
        return await execute(self, sql, *parameters)

    with (
        patch.object(aiosqlite.Connection, "execute_fetchall", refusing),
        pytest.raises(
            UnsupportedSQLite, match=f"SQLite refuses {name}=.* and stays at {OTHERWISE[name]}"
        ),
    ):
        await run_once(tmp_path)


async def answer(connection: aiosqlite.Connection, name: str) -> Any:
    [(value,)] = await connection.execute_fetchall(f"PRAGMA {name}")
    return value


def test_a_file_that_cannot_be_opened_leaves_nothing_that_fails_later(tmp_path: Path) -> None:
    """A thread that tells an event loop that is closed prints a traceback at a command's end."""

    async def look() -> None:
        async with connect(tmp_path / "missing", None, read_only=True):
            pass

    failed: list[object] = []
    with patch.object(threading, "excepthook", failed.append):
        for _ in range(100):
            before = set(threading.enumerate())
            with pytest.raises(DatabaseInaccessible):
                asyncio.run(look())
            for thread in set(threading.enumerate()) - before:
                thread.join()

    assert failed == []


async def test_whoever_is_cancelled_while_a_file_is_opened_leaves_it_closed(tmp_path: Path) -> None:
    connect_to, opened = sqlite3.connect, list[sqlite3.Connection]()
    begun, may_open = threading.Event(), threading.Event()
    threads = list[threading.Thread]()

    def slowly(*given: Any, **options: Any) -> sqlite3.Connection:
        threads.append(threading.current_thread())
        begun.set()
        may_open.wait()
        opened.append(connect_to(*given, **options))
        return opened[-1]

    async def look() -> None:
        async with connect(tmp_path / "some.sqlite3", None, read_only=False):
            raise AssertionError("a cancelled task was given a connection")

    (tmp_path / "some.sqlite3").touch()
    with patch.object(sqlite3, "connect", slowly):
        looking = asyncio.create_task(look())
        await asyncio.to_thread(begun.wait)
        for _ in range(3):
            looking.cancel()
            await asyncio.sleep(0)
        waited = not looking.done()
        may_open.set()
        with pytest.raises(asyncio.CancelledError):
            await looking

    assert waited
    for connection in opened:
        with pytest.raises(sqlite3.ProgrammingError, match="closed"):
            connection.execute("SELECT 1")
    for thread in threads:
        thread.join(PATIENCE)
        assert not thread.is_alive()
