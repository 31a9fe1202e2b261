"""A start is killed after each statement that makes a new file, or brings an old one up to date."""

import os
import shutil
import signal
import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, closing, contextmanager
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from unittest.mock import patch

import aiosqlite

from analytics import AnalyticsService, Interaction, InteractionType
from analytics.sqlite import migrations
from tests.faults.no_hard_links import without_hard_links
from tests.faults.table import Fault, Row
from tests.support.killed import is_killed
from tests.support.recount import inconsistencies
from tests.support.second_connection import NAME, total

BEGIN = datetime(2026, 1, 1, tzinfo=UTC)
INTERACTIONS = 50
# A next version, such as a later one may be: tables and rows change.
STATEMENTS = [
    "ALTER TABLE users ADD COLUMN busiest INTEGER",
    "UPDATE users SET busiest = (SELECT min(timestamp) FROM interactions WHERE user_id = users.id)",
    "CREATE TABLE answers (day INTEGER PRIMARY KEY, count INTEGER NOT NULL) STRICT",
    "INSERT INTO answers SELECT hour / 86400, sum(count) FROM hourly_counts GROUP BY 1",
]
# Before a path is tried with one statement more, to be surely at the end.
MAX_STATEMENTS = 100


@contextmanager
def next_version() -> Iterator[None]:
    with ExitStack() as stack:
        following = migrations.SCHEMA_VERSION + 1
        stack.enter_context(patch.object(migrations, "SCHEMA_VERSION", following))
        stack.enter_context(patch.dict(migrations.MIGRATIONS, {following: STATEMENTS}))
        yield


class Deadly:
    """A connection whose process is killed after so many statements."""

    def __init__(self, connection: aiosqlite.Connection, statements: int) -> None:
        self._connection = connection
        self._left = statements

    async def execute_fetchall(self, sql: str) -> Any:
        rows = await self._connection.execute_fetchall(sql)
        self._left -= 1
        if not self._left:
            os.kill(os.getpid(), signal.SIGKILL)
        return rows


async def start_and_die(path: Path, new: bool, statements: int, linkless: bool = False) -> None:
    """What a start does, up to a statement of the transaction, which kills the process."""
    whole = migrations.in_one_transaction

    async def deadly(connection: Any, sql: Iterable[str]) -> None:
        await whole(Deadly(connection, statements), sql)  # type: ignore[arg-type]

    with ExitStack() as stack:
        stack.enter_context(patch.object(migrations, "in_one_transaction", deadly))
        if linkless:
            stack.enter_context(without_hard_links())
        if not new:
            stack.enter_context(next_version())
        async with AnalyticsService.open(path):
            pass


def contents(path: Path) -> tuple[int, list[Any]]:
    """Version and schema; through a connection that leaves the log for the next start."""
    with closing(sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True)) as database:
        [(version,)] = database.execute("PRAGMA user_version")
        schema = database.execute("SELECT type, name, sql FROM sqlite_schema ORDER BY 1, 2")
        return int(version), schema.fetchall()


async def record(analytics: AnalyticsService, first: int, count: int) -> None:
    interactions = [
        Interaction(
            6_000_000_001 + number % 7, InteractionType.MESSAGE, BEGIN + timedelta(hours=number)
        )
        for number in range(first, first + count)
    ]
    assert await analytics.record(interactions, range(first, first + count))


async def killed_while_migrating(times: int) -> Row:
    """`times` rounds over all statements; each kill on a copy of a file with rows."""
    injected = recorded = 0
    with TemporaryDirectory() as folder:
        path = Path(folder) / NAME
        async with AnalyticsService.open(path) as analytics:
            await record(analytics, 0, INTERACTIONS)
        old = contents(path)
        copy = Path(folder) / "copy"
        copy.mkdir()
        new = await _migrated(path, copy)
        for _ in range(times):
            for statements in range(1, MAX_STATEMENTS):
                _copy(path, copy)
                if not is_killed(start_and_die, copy / NAME, False, statements):
                    assert contents(copy / NAME) == new
                    break
                injected += 1
                assert contents(copy / NAME) in (old, new)
                with next_version():
                    async with AnalyticsService.open(copy / NAME) as analytics:
                        await record(analytics, INTERACTIONS, 1)
                assert contents(copy / NAME) == new
                assert inconsistencies(copy / NAME) == []
                recorded += total(copy / NAME) - 1
    return _row(injected, injected * INTERACTIONS, recorded)


async def killed_while_made(times: int, *, linkless: bool = False) -> Row:
    """`times` rounds over all statements; the next start then records."""
    injected = recorded = 0
    with ExitStack() as stack:
        folder = stack.enter_context(TemporaryDirectory())
        if linkless:
            stack.enter_context(without_hard_links())
        whole = Path(folder) / "whole" / NAME
        async with AnalyticsService.open(whole):
            pass
        for _ in range(times):
            for statements in range(1, MAX_STATEMENTS):
                path = Path(folder) / "new" / NAME
                if not is_killed(start_and_die, path, True, statements, linkless):
                    assert contents(path) == contents(whole)
                    break
                injected += 1
                assert not path.exists()
                async with AnalyticsService.open(path) as analytics:
                    assert analytics.notices.empty()
                    await record(analytics, 0, 1)
                assert contents(path) == contents(whole)
                recorded += total(path)
                shutil.rmtree(path.parent)
    return _row(injected, injected, recorded)


async def _migrated(path: Path, copy: Path) -> tuple[int, list[Any]]:
    """What a start that is not killed makes of the file."""
    _copy(path, copy)
    with next_version():
        async with AnalyticsService.open(copy / NAME):
            pass
    return contents(copy / NAME)


def _copy(path: Path, folder: Path) -> None:
    for old in folder.glob(f"{NAME}*"):
        old.unlink()
    for file in (path, path.with_suffix(".key")):
        shutil.copy(file, folder)


def _row(injected: int, acknowledged: int, recorded: int) -> Row:
    return Row(
        injected=injected,
        acknowledged=acknowledged,
        recorded=recorded,
        lost=max(0, acknowledged - recorded),
        counted_twice=max(0, recorded - acknowledged),
    )


FAULTS = [
    Fault("migration killed after each statement", killed_while_migrating, short=1, long=20),
    Fault("new file killed after each statement", killed_while_made, short=1, long=20),
    Fault(
        "new file killed, no hard links",
        partial(killed_while_made, linkless=True),
        short=1,
        long=1,
    ),
]
