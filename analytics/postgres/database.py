"""Open, read and write the PostgreSQL database.

Each process has one connection that writes, one that reads, one that scans, and one for its lease
if it polls. A write is a transaction, which PostgreSQL commits whole or not at all. Recording goes
on in many processes at once; what deletes waits for them, and they for it, by a lock that ends with
the transaction.
"""

import secrets
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from typing import Any, TypeVar

import psycopg
from psycopg import errors

from analytics.errors import AnalyticsError
from analytics.postgres import migrations
from analytics.postgres.connections import Connection, Server, Session
from analytics.postgres.lease import PostgresLease
from analytics.store_types import Access

# How long a statement waits for a lock: short in the bot, whose interactions can wait in memory.
LOCK_MS_OWN = 1_000
LOCK_MS_SHARE = 60_000
# A server that takes longer hangs: it is left for the one that may have taken its place.
RECORDING_SECONDS = 10.0
ANSWER_SECONDS = 30.0
SCAN_SECONDS = 600.0
# A process that was stopped in a transaction holds up the others for no longer.
IDLE_MS = 10_000
# The server's own limit is only for those that it has answered to the end, which in a pipeline it
# has not: whoever waits for a lock of another process ends that, if it waits for its bot.
END_STOPPED = """
    SELECT pg_terminate_backend(pid) FROM pg_stat_activity
    WHERE datname = current_database() AND usename = current_user
        AND application_name = current_setting('application_name') AND pid <> pg_backend_pid()
        AND state = 'active' AND wait_event = 'ClientRead'
        AND state_change < clock_timestamp() - %s * interval '1 millisecond'
"""
# Two processes may make the same person, the same number or the same day at once: the one that
# comes second begins anew.
COLLISIONS = (
    errors.UniqueViolation,
    errors.DeadlockDetected,
    errors.SerializationFailure,
    errors.CheckViolation,  # the day was dropped
)
ATTEMPTS = 5
# Counters with this writer are folded.
FOLDED = 0

# Recording goes on side by side; what deletes, and who makes the partition of a day, is alone.
LOCKS = {
    "recording": f"SELECT pg_advisory_xact_lock_shared({migrations.OURS}, 1)",
    "deleting": f"SELECT pg_advisory_xact_lock({migrations.OURS}, 1)",
    "days": f"SELECT pg_advisory_xact_lock({migrations.OURS}, 2)",
}
TYPES = "SELECT name, id FROM bot_analytics.interaction_types"
Parameters = Sequence[Any] | Mapping[str, Any]
T = TypeVar("T")


class Transaction:
    """The statements of a transaction; use `Database.transact`."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def run(self, sql: str, parameters: Parameters = ()) -> "psycopg.AsyncCursor[Any]":
        """Send a statement, and do not wait: its rows are fetched from the cursor returned."""
        return await self._connection.execute(sql.encode(), parameters)

    async def rows(self, sql: str, parameters: Parameters = ()) -> list[tuple[Any, ...]]:
        """Run a statement and return its rows."""
        return await (await self.run(sql, parameters)).fetchall()


class Database:
    """An open database; use `Database.open`."""

    def __init__(self, server: Server, access: Access) -> None:
        self.server = server
        self.name = server.name
        self.owner = access is Access.OWN
        self.writer = secrets.randbelow(2**31 - 1) + 1
        """The number of this process, random, under which it counts."""
        self.types: dict[str, int] = {}
        """The ids of interaction types, by name."""
        self.days: set[int] = set()
        """The days, in days since 1970, UTC, of which there is a partition for sure."""
        self._access = access
        self._writing = Session(server)
        self._reading = Session(server)
        self._scanning = Session(server)
        self.lease = PostgresLease(server, self.writer)
        """The lease to poll."""

    @classmethod
    @asynccontextmanager
    async def open(cls, url: str, access: Access) -> AsyncIterator["Database"]:
        """Open the database at a `postgresql://` URL; OWN makes what it lacks.

        Raises AnalyticsError if it cannot be opened: it cannot be reached, is not ours, may not be
        written, or has another schema.
        """
        server = Server(url)
        database = cls(server, access)
        try:
            with server.translated():
                async with database._writing.use(ANSWER_SECONDS) as connection:
                    await migrations.check_server(server.name, connection, access)
                    await migrations.prepare(server.name, connection, access)
                    types = await connection.execute(TYPES)
                    database.types = dict(await types.fetchall())
            yield database
        finally:
            await database.lease.close()
            for session in (database._scanning, database._reading, database._writing):
                await session.close()

    async def read(self, sql: str, parameters: Parameters = ()) -> list[Any]:
        """Return the rows of one SELECT, which sees one moment of the database.

        Raises an AnalyticsError for whatever the driver raises.
        """
        return await self._read(self._reading, ANSWER_SECONDS, sql, parameters)

    async def scan(self, sql: str, parameters: Parameters) -> list[Any]:
        """Return the rows of a SELECT that takes long, as `read` does; others read meanwhile."""
        return await self._read(self._scanning, SCAN_SECONDS, sql, parameters)

    async def _read(
        self, session: Session, seconds: float, sql: str, parameters: Parameters
    ) -> list[Any]:
        with self.server.translated():
            async with session.use(seconds) as connection:
                return await (await connection.execute(sql.encode(), parameters)).fetchall()

    async def write(self, *statements: tuple[str, Parameters]) -> None:
        """Run statements in one transaction, committed when this returns.

        Raises an AnalyticsError if nothing was committed.
        """

        async def work(transaction: Transaction) -> None:
            for each in statements:
                await transaction.run(*each)

        await self.transact(work)

    async def change(self, sql: str, parameters: Parameters) -> list[tuple[Any, ...]]:
        """Run one statement that writes, and return its rows, committed when this returns.

        Raises an AnalyticsError if nothing was committed.
        """

        async def work(transaction: Transaction) -> list[tuple[Any, ...]]:
            return await transaction.rows(sql, parameters)

        return await self.transact(work)

    async def transact(
        self,
        work: Callable[[Transaction], Awaitable[T]],
        lock: str | None = None,
        before: Callable[[], Awaitable[None]] | None = None,
    ) -> T:
        """Run `work` in one transaction; where it collides with another, once more from the start.

        Its statements are sent without waiting for each other. `lock` is one of LOCKS. `before` is
        called each time.
        Raises an AnalyticsError if nothing was committed, and whatever else `work` raises.
        """
        attempts = ATTEMPTS
        while True:
            try:
                if before:
                    await before()
                return await self._transact(work, lock)
            except COLLISIONS as error:
                attempts -= 1
                self.days.clear()
                if not attempts:
                    raise self.server.failed(error) from None
            except errors.LockNotAvailable as error:
                with suppress(AnalyticsError):
                    await self._read(self._writing, ANSWER_SECONDS, END_STOPPED, (IDLE_MS,))
                raise self.server.failed(error) from None
            except psycopg.Error as error:
                raise self.server.failed(error) from None

    async def _transact(self, work: Callable[[Transaction], Awaitable[T]], lock: str | None) -> T:
        wait = LOCK_MS_OWN if self.owner else LOCK_MS_SHARE
        # What deletes may take its time, and so may a command, which waits longer for a lock.
        is_quick = self.owner and lock != "deleting"
        seconds = RECORDING_SECONDS if is_quick else ANSWER_SECONDS + wait / 1_000
        async with (
            self._writing.use(seconds) as connection,
            connection.pipeline(),
            connection.transaction(),
        ):
            transaction = Transaction(connection)
            await transaction.run(f"SET LOCAL lock_timeout = {wait}")
            await transaction.run(f"SET LOCAL idle_in_transaction_session_timeout = {IDLE_MS}")
            if lock:
                await transaction.run(LOCKS[lock])
            return await work(transaction)
