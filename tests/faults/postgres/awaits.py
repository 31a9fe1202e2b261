"""Whoever works on a PostgreSQL server is cancelled at each `await`, or killed in a migration."""

import asyncio
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from unittest.mock import patch

from psycopg import AsyncConnection

from analytics import Access, AnalyticsService
from analytics.postgres import migrations
from analytics.postgres.store import open_store
from analytics.privacy import retention
from tests.faults import cancellation
from tests.faults.cancellation import (
    BATCH,
    HANGS,
    KEY,
    LEAVER,
    LEAVES,
    MAX_SUSPENSIONS,
    NEXT,
    NOW,
    OLD,
    RECENT,
    STEP,
    Action,
    is_cancelled,
    record,
    second,
)
from tests.faults.table import Fault, Row
from tests.support.killed import die, is_killed
from tests.support.postgres import execute, own_server, url_of
from tests.support.postgres_recount import DIFFERENCES
from tests.support.second_connection import NAME
from tests.support.webhooks import free_port

OPTIONS = "-c listen_addresses= -c fsync=off -c shared_buffers=32MB"
ACTIONS = (
    cancellation.record_batch,
    cancellation.clean_up,
    cancellation.compact,
    cancellation.erase,
    cancellation.opt_out,
    cancellation.report,
)
COUNTS = "SELECT timestamp, sum(count) FROM bot_analytics.interactions GROUP BY 1"
COMPACTION_DUE = """
    INSERT INTO bot_analytics.settings (name, value)
    VALUES ('compaction_due', '0'), ('deletions', '1')
    ON CONFLICT DO NOTHING
"""
DROP = "DROP SCHEMA IF EXISTS bot_analytics CASCADE"
# A next version, such as a later one may be: tables and rows change.
STATEMENTS = [
    "ALTER TABLE bot_analytics.users ADD COLUMN busiest bigint",
    "UPDATE bot_analytics.users SET busiest = last_seen",
    "CREATE TABLE bot_analytics.answers (day int PRIMARY KEY, count bigint NOT NULL)",
    "INSERT INTO bot_analytics.answers SELECT hour / 86400, sum(count) "
    "FROM bot_analytics.hourly_counts GROUP BY 1",
]
VERSION = "SELECT value::int FROM bot_analytics.settings WHERE name = 'schema_version'"
HAS_ANSWERS = "SELECT to_regclass('bot_analytics.answers') IS NOT NULL"
ANSWERS = "SELECT sum(count) FROM bot_analytics.answers"


def open_service(url: str, folder: Path) -> Any:
    return AnalyticsService.open(
        folder / NAME,
        database_url=url,
        pseudonym_key=KEY,
        timestamp_precision=1,
        clock=lambda: NOW,
    )


def counts(url: str) -> dict[int, int]:
    """How often each interaction is there, by its time."""
    return {int(at): int(count) for at, count in execute(url, COUNTS)}


async def after_cancellation(
    url: str, folder: Path, action: Action, at: int, *, late: bool
) -> Row | None:
    """What is in the database afterwards; None if there was nothing left to cancel."""
    execute(url, DROP)
    async with asyncio.timeout(2 * HANGS), open_service(url, folder) as analytics:
        await record(analytics, OLD)
        await record(analytics, RECENT)
        if action is cancellation.erase:
            await record(analytics, LEAVES, LEAVER)
        if action is cancellation.compact:
            execute(url, COMPACTION_DUE)
        cancelled = await is_cancelled(action(analytics), at, late=late)
        await record(analytics, NEXT)
        if action is cancellation.erase:
            # All of them are gone, or none.
            assert len(set(map(second, LEAVES)) & counts(url).keys()) in (0, len(LEAVES))
        if action in (cancellation.erase, cancellation.opt_out):
            # Somebody who was not told that it was done asks again.
            await action(analytics)
        if action is cancellation.opt_out:
            await record(analytics, LEAVES, LEAVER)
        if action is cancellation.record_batch:
            # Telegram sends again what it was not told had arrived.
            await record(analytics, BATCH)
        await analytics.cleanup_old_interactions()
    assert execute(url, DIFFERENCES) == []
    expected = {*NEXT, *RECENT, *(BATCH if action is cancellation.record_batch else ())}
    found = counts(url)
    assert found.keys() <= set(map(second, expected))
    row = Row(
        injected=1,
        acknowledged=len(expected),
        recorded=sum(found.values()),
        lost=len(set(map(second, expected)) - found.keys()),
        counted_twice=sum(found.values()) - len(found),
    )
    return row if cancelled else None


def _sum(rows: list[Row]) -> Row:
    return Row(
        injected=len(rows),
        acknowledged=sum(row.acknowledged for row in rows),
        recorded=sum(row.recorded for row in rows),
        lost=sum(row.lost for row in rows),
        counted_twice=sum(row.counted_twice for row in rows),
    )


async def cancelled_everywhere(times: int) -> Row:
    """`times` rounds over all actions and all their suspensions."""
    rows: list[Row] = []
    port = free_port()
    with own_server(port, OPTIONS) as server, patch.object(retention, "STEP", STEP):
        url = url_of(server, "postgres", port)
        for action in times * ACTIONS:
            for late in (False, True):
                for at in range(1, MAX_SUSPENSIONS):
                    with TemporaryDirectory() as folder:
                        row = await after_cancellation(url, Path(folder), action, at, late=late)
                    if row is None:
                        break
                    rows.append(row)
    return _sum(rows)


@contextmanager
def next_version() -> Iterator[None]:
    with ExitStack() as stack:
        following = migrations.SCHEMA_VERSION + 1
        stack.enter_context(patch.object(migrations, "SCHEMA_VERSION", following))
        stack.enter_context(patch.dict(migrations.MIGRATIONS, {following: STATEMENTS}))
        yield


async def start_and_die(url: str, statements: int) -> None:
    """Start with the next version, and be killed after a statement."""
    whole = AsyncConnection.execute
    left = statements

    async def deadly(connection: Any, *values: Any, **named: Any) -> Any:
        nonlocal left
        cursor = await whole(connection, *values, **named)
        left -= 1
        if not left:
            die()
        return cursor

    with next_version(), patch.object(AsyncConnection, "execute", deadly):
        async with open_store(url, Access.OWN):
            pass


async def killed_while_migrating(times: int) -> Row:
    """`times` rounds over all statements; then two processes start at once with the next version.

    A process of the older version goes on until then.
    """
    rows: list[Row] = []
    port = free_port()
    with own_server(port, OPTIONS) as server:
        url = url_of(server, "postgres", port)
        for at in [*range(1, MAX_SUSPENSIONS)] * times:
            execute(url, DROP)
            with TemporaryDirectory() as name:
                row = await after_kill(url, Path(name), at)
            if row is None:
                break
            rows.append(row)
    return _sum(rows)


async def after_kill(url: str, folder: Path, at: int) -> Row | None:
    older = migrations.SCHEMA_VERSION
    async with open_service(url, folder / "older") as analytics:
        await record(analytics, RECENT)
        killed = await asyncio.to_thread(is_killed, start_and_die, url, at)
        [(version,)], [(has_answers,)] = execute(url, VERSION), execute(url, HAS_ANSWERS)
        # All of it was carried out, or nothing.
        assert (version == older + 1) is has_answers
        await record(analytics, NEXT)
    with next_version():
        async with (
            open_service(url, folder / "one") as one,
            open_service(url, folder / "other") as other,
        ):
            await record(one, BATCH)
            await record(other, BATCH)
    [(answered,)] = execute(url, ANSWERS)
    assert answered in (len(RECENT), len(RECENT) + len(NEXT))
    expected = {second(each) for each in (*RECENT, *NEXT, *BATCH)}
    found = counts(url)
    row = Row(
        injected=1,
        acknowledged=len(expected),
        recorded=sum(found.values()),
        lost=len(expected - found.keys()),
        counted_twice=sum(found.values()) - len(found),
    )
    return row if killed else None


FAULTS = [
    Fault("cancellation at every await", cancelled_everywhere, short=1, long=1),
    Fault("migration killed after each statement", killed_while_migrating, short=1, long=1),
]
