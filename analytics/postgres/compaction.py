"""Remove from the server's disk what was deleted: at once from small tables, at night from large.

What deletes notes it in its own transaction: whatever is killed, and whichever process deletes,
nothing is forgotten.
"""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from datetime import timedelta

import psycopg
from psycopg.types.json import Jsonb

from analytics.errors import DatabaseUnavailable
from analytics.postgres.connections import Connection, answering_within
from analytics.postgres.database import (
    LOCK_MS_OWN,
    SCAN_SECONDS,
    Database,
    Parameters,
    Transaction,
)
from analytics.postgres.partitions import drop_empty
from analytics.postgres.queries.counters import fold
from analytics.postgres.queries.settings import FORGET_SPOOLS, PUT, PUT_ONCE, SettingsQueries
from analytics.postgres.wal import remove_log
from analytics.store_types import Setting

# Writing smaller tables anew takes a second or two and is done at once, larger ones at night.
SMALL_BYTES = 64 * 1024 * 1024
# What is deleted leaves the disk within this time, even if no compaction at night happens.
DEADLINE = timedelta(hours=24)
DUE = "compaction_due"
LAST_COMPACTION = "last_compaction"
# How many transactions have deleted something.
COUNT_DELETION = """
    INSERT INTO bot_analytics.settings AS was (name, value) VALUES ('deletions', '1')
    ON CONFLICT (name) DO UPDATE SET value = to_jsonb(was.value::bigint + 1)
"""
DELETIONS = "SELECT value FROM bot_analytics.settings WHERE name = 'deletions'"
# Unless something was deleted meanwhile.
DONE = """
    DELETE FROM bot_analytics.settings WHERE name = 'compaction_due' AND EXISTS (
        SELECT 1 FROM bot_analytics.settings WHERE name = 'deletions' AND value = %s)
    RETURNING name
"""
# Deleted interactions hold numbers only, which mean nothing without their row in users.
TABLES = tuple(
    f"bot_analytics.{name}"
    for name in ("users", "opt_outs", "erasures", "audit_trail", "turned_off", "notes", "tokens")
)
SIZE = "SELECT sum(pg_total_relation_size(name::regclass)) FROM unnest(%s::text[]) AS name"


class Compaction(SettingsQueries):
    """Notes in the database that something was deleted and is still on the disk, and removes it."""

    def __init__(self, database: Database) -> None:
        super().__init__(database)
        self._compacting = asyncio.Lock()
        self._vacuuming: Connection | None = None
        self._now = 0

    @asynccontextmanager
    async def deletion(self, now: int) -> AsyncIterator[None]:
        self._now = now
        yield

    async def _delete(self, *statements: tuple[str, Parameters]) -> None:
        """Run statements that delete, in one transaction that notes it."""

        async def work(transaction: Transaction) -> None:
            for statement in statements:
                await transaction.run(*statement)
            await self._note_deletion(transaction)

        await self._database.transact(work)

    async def _note_deletion(self, transaction: Transaction) -> None:
        await transaction.run(PUT_ONCE, (DUE, Jsonb(self._now)))
        await transaction.run(COUNT_DELETION)

    async def compact_if_due(
        self, now: int, pause: Callable[[], AbstractAsyncContextManager[None]], *, large_too: bool
    ) -> bool:
        """Compact if that is quick (below 64 MiB), or due for 24 hours, or `large_too`."""
        async with self._compacting:
            if large_too:
                await self._database.transact(fold, "deleting")
                await self._database.write((FORGET_SPOOLS, ()))
                deleted_until = await self.get_setting(Setting.DELETED_UNTIL)
                # Whoever reads for long keeps them until the next night.
                with suppress(DatabaseUnavailable):
                    await drop_empty(self._database, int(deleted_until or 0))
            due = await self.get_setting(DUE)
            if due is None:
                return True
            [(size,)] = await self._database.read(SIZE, (list(TABLES),))
            is_overdue = now - int(due) >= DEADLINE.total_seconds()
            if not (size < SMALL_BYTES or large_too or is_overdue):
                return False
            [(deletions,)] = await self._database.read(DELETIONS)
            async with pause():
                if not await self._vacuum():
                    return False

            async def note_done(transaction: Transaction) -> bool:
                await transaction.run(PUT, (LAST_COMPACTION, Jsonb(now)))
                return bool(await transaction.rows(DONE, (Jsonb(deletions),)))

            return await self._database.transact(note_done)

    async def _vacuum(self) -> bool:
        """Write the tables that people stand in anew; return False if that has to be tried again.

        A connection of its own, so that reading goes on.
        """
        connection = await self._database.server.connect()
        self._vacuuming = connection
        try:
            await connection.execute(f"SET lock_timeout = {LOCK_MS_OWN}".encode())
            with answering_within(connection, SCAN_SECONDS):
                for table in TABLES:
                    await connection.execute(f"VACUUM (FULL) {table}".encode())
                await remove_log(connection)
            return True
        except (psycopg.errors.LockNotAvailable, psycopg.errors.QueryCanceled):
            return False
        except psycopg.Error as error:
            raise self._database.server.failed(error) from None
        finally:
            self._vacuuming = None
            with suppress(psycopg.Error):
                await connection.execute("RESET lock_timeout")  # a pooler gives it to others
            await connection.close()

    async def erasures(self) -> int:
        rows = await self._database.read(DELETIONS)
        return int(rows[0][0]) if rows else 0

    async def interrupt(self) -> None:
        if self._vacuuming is not None:
            with suppress(psycopg.Error):
                await self._vacuuming.cancel_safe()
