"""Read a database whole, at one moment, to move it; and fill one with what is moved."""

import asyncio
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

import psycopg
from psycopg.types.json import Jsonb

from analytics.errors import DatabaseInUse, MoveRefused
from analytics.moved_tables import CHUNK, DATA, SETTINGS, STAYING_SETTINGS, Row, Table, json_text
from analytics.postgres import migrations, partitions
from analytics.postgres.connections import Connection, Server
from analytics.postgres.database import FOLDED, TYPES
from analytics.postgres.queries.counters import COUNTERS
from analytics.store_types import Access

# How long a process that ends may still be connected, in seconds.
OTHERS_TIMEOUT = 5.0
OTHERS = """
    SELECT EXISTS (SELECT 1 FROM pg_stat_activity
        WHERE datname = current_database() AND pid <> pg_backend_pid()
        AND application_name = current_setting('application_name'))
"""
# Taken before anything is read: LOCK alone does not yet choose the moment that is read. Nobody
# writes meanwhile, not even who comes after OTHERS was asked.
LOCK = "LOCK TABLE {tables} IN SHARE ROW EXCLUSIVE MODE NOWAIT"
# Whatever the server or the role has: a large table takes longer.
NO_TIMEOUTS = """
    SELECT set_config(name, '0', true) FROM pg_settings WHERE name IN (
        'statement_timeout', 'idle_in_transaction_session_timeout', 'transaction_timeout')
"""
STAYING = ", ".join(f"'{name}'" for name in STAYING_SETTINGS)
FILTERED = f"SELECT name, value FROM bot_analytics.settings WHERE name NOT IN ({STAYING})"
TYPED = """
    SELECT {columns} FROM bot_analytics.{table}
    JOIN bot_analytics.interaction_types ON interaction_types.id = interaction_type
"""
# What each process has counted for itself is summed up.
SUMS = {
    counter.table: f"SELECT {', '.join(counter.key)}, sum({counter.counted})::bigint "
    f"FROM bot_analytics.{counter.table} GROUP BY {', '.join(counter.key)} "
    f"HAVING sum({counter.counted}) <> 0"
    for counter in COUNTERS
} | {
    "daily_events": "SELECT day, kind, event, sum(count)::bigint, max(people) "
    "FROM bot_analytics.daily_events GROUP BY day, kind, event"
}
SELECT = SUMS | {
    "settings": FILTERED,
    "interactions": TYPED.format(table="interactions", columns="timestamp, user_id, name, count"),
    "hourly_counts": TYPED.format(table="hourly_counts", columns="hour, name, sum(count)::bigint")
    + "GROUP BY hour, name HAVING sum(count) <> 0",
}
FORGET_SETTINGS = f"DELETE FROM bot_analytics.settings WHERE name NOT IN ({STAYING})"
# What is added later gets an id after those that were brought along.
NEXT_ID = """
    SELECT setval(pg_get_serial_sequence('bot_analytics.{table}', 'id'),
        (SELECT coalesce(max(id), 0) + 1 FROM bot_analytics.{table}), false)
"""


class _Counted:
    def __init__(self, connection: Connection, name: str) -> None:
        self._connection = connection
        self.name = name

    async def count(self, table: Table) -> int:
        # Without the types: an interaction whose type is unknown is one that would not arrive.
        summed = FILTERED if table.name == "settings" else SUMS.get(table.name)
        counted = f"({summed}) AS counted" if summed else f"bot_analytics.{table.name}"
        sql = f"SELECT count(*) FROM {counted}"
        [(count,)] = await _rows(self._connection, sql)
        return int(count)


class DatabaseSource(_Counted):
    """A database that is moved; use `open_source`."""

    async def types(self) -> Sequence[str]:
        return [name for name, _ in await _rows(self._connection, TYPES)]

    async def rows(self, table: Table) -> AsyncIterator[Sequence[Row]]:
        async with self._connection.cursor(name="moved", binary=True) as cursor:
            await cursor.execute(_select(table).encode())
            while rows := await cursor.fetchmany(CHUNK):
                if table.name == "daily_trends":
                    yield [(*row, json_text(breakdown)) for *row, breakdown in rows]
                else:
                    yield rows


class DatabaseTarget(_Counted):
    """A database that is filled; use `open_target`."""

    def __init__(self, connection: Connection, name: str, days: set[int]) -> None:
        super().__init__(connection, name)
        self._types: dict[str, int] = {}
        self._days = days  # of which there is a partition

    async def have_types(self, names: Sequence[str]) -> None:
        await self._connection.execute(migrations.VOCABULARY.encode(), (list(names),))
        self._types = dict(await _rows(self._connection, TYPES))
        await self._connection.execute(FORGET_SETTINGS.encode())

    async def add(self, table: Table, rows: Sequence[Row]) -> None:
        columns = [*table.columns]
        match table.name:
            case "settings":
                rows = [(name, Jsonb(value)) for name, value in rows]
            case "interactions":
                types = self._types
                rows = [(when, who, types[what], count) for when, who, what, count in rows]
                await self._have_days({when // partitions.DAY for when, *_ in rows})
            case "hourly_counts":
                rows = [(hour, self._types[what], count) for hour, what, count in rows]
        if table.name in SUMS:
            columns.append("writer")
            rows = [(*row, FOLDED) for row in rows]
        copy = f"COPY bot_analytics.{table.name} ({', '.join(columns)}) FROM STDIN"
        async with self._connection.cursor() as cursor, cursor.copy(copy.encode()) as copied:
            for row in rows:
                await copied.write_row(row)

    async def _have_days(self, days: set[int]) -> None:
        for day in sorted(days - self._days):
            for statement in partitions.made(day):
                await self._connection.execute(statement.encode())
        self._days |= days

    async def commit(self) -> None:
        for numbered in ("notes", "audit_trail"):
            await self._connection.execute(NEXT_ID.format(table=numbered).encode())
        for table in DATA:
            # The server would plan for empty tables until it comes to look at them by itself.
            await self._connection.execute(f"ANALYZE bot_analytics.{table.name}".encode())
        await self._connection.execute("COMMIT")


@asynccontextmanager
async def open_source(url: str) -> AsyncIterator[DatabaseSource]:
    """Open the database at a URL to be moved; nobody else may use it meanwhile.

    Raises AnalyticsError if it cannot be read, is used, or has another schema.
    """
    server = Server(url)
    async with _connected(server) as connection:
        await migrations.check_server(server.name, connection, Access.SHARE)
        await migrations.prepare(server.name, connection, Access.SHARE)
        await _begin(server, connection, "ISOLATION LEVEL REPEATABLE READ")
        await _be_alone(server, connection)
        yield DatabaseSource(connection, server.name)


@asynccontextmanager
async def open_target(url: str) -> AsyncIterator[DatabaseTarget]:
    """Begin to fill the database at a URL, which keeps what is committed, or stays as it is.

    Raises MoveRefused if it has data, and AnalyticsError if it cannot be written.
    """
    server = Server(url)
    async with _connected(server) as connection:
        await migrations.check_server(server.name, connection, Access.OWN)
        await _begin(server, connection, "")
        await migrations.prepare(server.name, connection, Access.OWN)
        await _be_alone(server, connection)
        for table in DATA:
            sql = f"SELECT EXISTS (SELECT 1 FROM bot_analytics.{table.name})"
            [(has_rows,)] = await _rows(connection, sql)
            if has_rows:
                raise MoveRefused(
                    f"{server.name} has data of a bot already",
                    "give a database that nothing was recorded in",
                )
        days = {day for (day,) in await _rows(connection, partitions.ALL)}
        yield DatabaseTarget(connection, server.name, days)


@asynccontextmanager
async def _connected(server: Server) -> AsyncIterator[Connection]:
    """Enter with a connection; closing it undoes what is not committed."""
    connection = await server.connect()
    try:
        with server.translated():
            try:
                yield connection
            except psycopg.errors.OutOfMemory:
                raise MoveRefused(
                    f"{server.name} cannot lock the partitions of all days at once",
                    "set max_locks_per_transaction = 1024 in postgresql.conf, and restart the "
                    "server",
                ) from None
    finally:
        await connection.close()


async def _begin(server: Server, connection: Connection, how: str) -> None:
    waited = time.monotonic()
    while (await _rows(connection, OTHERS))[0][0]:
        if time.monotonic() - waited > OTHERS_TIMEOUT:
            raise _in_use(server)
        await asyncio.sleep(0.1)
    await connection.execute(f"BEGIN {how}".encode())


async def _be_alone(server: Server, connection: Connection) -> None:
    tables = ", ".join(f"bot_analytics.{table.name}" for table in (SETTINGS, *DATA))
    try:
        await connection.execute(LOCK.format(tables=tables).encode())
    except psycopg.errors.LockNotAvailable:
        raise _in_use(server) from None
    await connection.execute(NO_TIMEOUTS.encode())


def _in_use(server: Server) -> DatabaseInUse:
    return DatabaseInUse(
        f"another process is using {server.name}",
        "stop the bot everywhere, and give the address of the server, not that of a pooler",
    )


async def _rows(connection: Connection, sql: str) -> list[tuple[Any, ...]]:
    return await (await connection.execute(sql.encode())).fetchall()


def _select(table: Table) -> str:
    plain = f"SELECT {', '.join(table.columns)} FROM bot_analytics.{table.name}"
    order = ", ".join(str(number + 1) for number in range(table.order))
    return f"{SELECT.get(table.name, plain)} ORDER BY {order}"
