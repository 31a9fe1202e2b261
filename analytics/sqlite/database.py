"""Open, check, migrate, read, write and compact the SQLite file.

One connection writes and one reads. A write is a single statement outside a transaction, or a
transaction that is a single call on the connection's thread. SQLite commits either whole or not at
all: a cancelled task can leave nothing half done.
"""

import asyncio
import os
import sqlite3
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import AsyncExitStack, ExitStack, asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import aiosqlite

from analytics import disk
from analytics.errors import AnalyticsError, DatabaseReplaced, DatabaseUnavailable, DiskFull
from analytics.sqlite import copying, encryption, files, locks, migrations, refusals, reserve
from analytics.sqlite.checkpoints import Checkpoints, checkpoint
from analytics.sqlite.connections import (
    DAMAGE,
    ERRORS,
    PASSING,
    PRAGMAS,
    check_sqlite,
    connect,
    damaged_or_gone,
    is_damaged,
    primary_code,
    set_pragmas,
    translate,
    translated,
)
from analytics.sqlite.files import Identity
from analytics.sqlite.transactions import Transaction
from analytics.store_types import Access

# How long a statement waits for another process: short in the bot, whose interactions can wait
# in memory; long in a command, which may meet the bot's VACUUM.
BUSY_MS_OWN = 1_000
BUSY_MS_SHARE = 60_000


Prepare = Callable[["Database"], Awaitable[None]]


class Database:
    """An open database file; use `Database.open`."""

    def __init__(
        self,
        path: Path,
        access: Access,
        owner: bool,
        held: ExitStack,
        prepare: Prepare,
        database_key: bytes | None,
    ) -> None:
        self.path = path
        self.owner = owner
        self.set_aside: list[Path] = []  # damaged files that this one took the place of
        self._access = access
        self._held = held
        self._prepare = prepare
        self._database_key = database_key
        self._connections = AsyncExitStack()
        self._writer: aiosqlite.Connection | None = None
        self._reader: aiosqlite.Connection | None = None
        self._identity: Identity | None = None
        self._damaged = False
        self._suspect = False
        self._reading = asyncio.Lock()
        self._writing = asyncio.Lock()
        self._healing = asyncio.Lock()
        self._checkpoints = Checkpoints(path)

    @classmethod
    @asynccontextmanager
    async def open(
        cls,
        path: Path,
        access: Access,
        prepare: Prepare | None = None,
        database_key: bytes | None = None,
    ) -> AsyncIterator["Database"]:
        """Open the file; OWN creates it, and its folder, if missing.

        `database_key`, 32 bytes, encrypts the file. `prepare` is called with each file that the
        owner opens, also when one takes the place of another while the process runs.
        Raises AnalyticsError if the file cannot be opened, as it is not ours, in use, or damaged
        where only the owner may set it aside.
        """
        check_sqlite(database_key)
        # SQLite has its log beside the file that a link leads to.
        path = Path(os.path.realpath(path))
        async with AsyncExitStack() as stack:
            held = stack.enter_context(ExitStack())
            with translated(path, OSError):
                await encryption.refuse_foreign(path, database_key)
                if access is Access.OWN:
                    disk.create_folder(path.parent)
                else:
                    refusals.refuse_missing(path)
                owner = locks.enter(path, access, held)
                if owner and files.undo_replacing(path):
                    await encryption.refuse_foreign(path, database_key)
                database = cls(
                    path, access, owner, held, prepare or _nothing_to_prepare, database_key
                )
                stack.push_async_callback(database._disconnect)
                try:
                    await database._connect()
                except DiskFull:
                    if not (owner and reserve.give_up(path)):
                        raise
                    await database._disconnect()
                    await database._connect()
            yield database

    async def read(self, sql: str, parameters: Sequence[Any] | Mapping[str, Any] = ()) -> list[Any]:
        """Return the rows of one SELECT, which sees one moment of the file.

        Raises DatabaseUnavailable while the file is not open, and an AnalyticsError for whatever
        the driver raises.
        """
        async with self._reading:
            if self._reader is None:
                raise DatabaseUnavailable(f"{self.path} is not open at the moment", "try again")
            return await self._run(self._reader, sql, parameters)

    async def scan(self, sql: str, parameters: Sequence[Any]) -> list[Any]:
        """Return the rows of a SELECT that takes long, as `read` does; others read meanwhile."""
        if self.owner:
            await self._heal_if_needed()  # it may have been replaced
        async with connect(self.path, self._database_key, read_only=True) as reader:
            return await self._run(reader, sql, parameters)

    async def write(self, sql: str, parameters: Sequence[Any] = ()) -> list[Any]:
        """Run one statement, committed when this returns, and return the rows of its RETURNING.

        Raises an AnalyticsError if nothing was committed, DatabaseReplaced if it went into a file
        that is no longer there. What the owner can do about the reason is done before the next
        statement.
        """
        await self._heal_if_needed()
        async with self._writing:
            rows = await self._run(self._open_writer(), sql, parameters)
        await self._written()
        return rows

    async def write_all(self, *statements: tuple[str, Sequence[Any]]) -> None:
        """Run several statements, each with its parameters, in one transaction.

        Raises an AnalyticsError if nothing was committed, DatabaseReplaced if it went into a file
        that is no longer there.
        """
        await self.transact(lambda transaction: [transaction.run(*each) for each in statements])

    async def transact(self, work: Callable[[Transaction], object]) -> None:
        """Run `work` in one transaction, in one call on the thread of the connection.

        A cancelled task leaves it whole: the call ends with a commit, or without a trace.
        Raises an AnalyticsError if nothing was committed, DatabaseReplaced if it went into a file
        that is no longer there, and whatever else `work` raises.
        """
        await self._heal_if_needed()
        async with self._writing:
            writer = self._open_writer()
            transaction = Transaction(writer)
            try:
                # aiosqlite has a call for each statement only, which takes 0.05 ms and more.
                await writer._execute(transaction.commit, work)  # type: ignore[no-untyped-call]
            except ERRORS as error:
                raise await self._failed(error, *transaction.newest) from error
        await self._written()

    async def _written(self) -> None:
        if self._is_replaced():
            raise _replaced(self.path)
        if self.owner and self._writer is not None:
            await self._checkpoints.if_large(self._writer)

    async def _heal_if_needed(self) -> None:
        if self._needs_healing:
            # The caller may be cancelled; the healing goes on.
            await asyncio.shield(asyncio.ensure_future(self._heal()))

    def _open_writer(self) -> aiosqlite.Connection:
        assert self._writer is not None
        return self._writer

    async def _run(
        self,
        connection: aiosqlite.Connection,
        sql: str,
        parameters: Sequence[Any] | Mapping[str, Any],
    ) -> list[Any]:
        try:
            return list(await connection.execute_fetchall(sql, parameters))
        except ERRORS as error:
            raise await self._failed(error, sql, parameters) from error

    async def compact(self) -> bool:
        """Remove from the disk what was deleted; return False if it has to be tried again.

        Writing waits meanwhile, about 0.2 seconds per million rows.
        """
        if not self.owner or self._writer is None or self._needs_healing:
            return False
        try:
            return await self._checkpoints.compact(self._writer)
        except ERRORS as error:
            await self._failed(error, "VACUUM", ())
            return False

    def size(self) -> int:
        """Return the bytes on disk, write-ahead log included."""
        return disk.size(self.path) + disk.size(files.wal(self.path))

    def keep_reserve(self) -> None:
        """Make the reserve, to be given up when the disk is full, if there is room for it."""
        if self.owner:
            reserve.keep(self.path)

    async def check(self) -> None:
        """Look for damage in what is never read; the next write heals it.

        Raises AnalyticsError if the file cannot be read.
        """
        with translated(self.path, OSError):
            self._suspect |= self.owner and await is_damaged(self.path, self._database_key)

    async def stop_compacting(self) -> None:
        """Interrupt a running compaction, which may take long."""
        if self._writer is not None:
            await self._checkpoints.stop_compacting(self._writer)

    async def _connect(self) -> None:
        """Open the file that is at the path now. Raises AnalyticsError if that fails."""
        try:
            with translated(self.path, OSError):
                await self._try_to_connect()
        except AnalyticsError as error:
            if self._access is not Access.OWN or not isinstance(error.__cause__, ERRORS):
                raise
            self._damaged = self._damaged or primary_code(error.__cause__) in DAMAGE
            if not self._damaged:
                raise
            # quick_check had not found it.
            await self._try_to_connect()

    async def _try_to_connect(self) -> None:
        if self.owner:
            await self._have_a_whole_file()
        async with AsyncExitStack() as stack:
            if self._access is Access.READ:
                reader = await stack.enter_async_context(
                    connect(self.path, self._database_key, read_only=True)
                )
                await migrations.version(self.path, reader, may_be_old=False)
                self._reader = reader
            else:
                await self._connect_writer(stack)
            self._connections = stack.pop_all()
        self._damaged = self._suspect = False
        self._identity = files.identity(self.path)
        if self.owner:
            reserve.keep(self.path)
            try:
                await self._prepare(self)
            except BaseException:
                await self._disconnect()
                raise

    async def _have_a_whole_file(self) -> None:
        """Set a damaged file aside, and make one where there is none."""
        damaged = self._damaged or await is_damaged(self.path, self._database_key)
        if self._access is not Access.OWN and (damaged or not disk.size(self.path)):
            # Only the bot can notify the admins.
            raise damaged_or_gone(self.path)
        files.discard_draft(self.path)
        copying.sweep(self.path)
        if damaged:
            self.set_aside.append(files.set_aside(self.path))
        if not disk.size(self.path):
            self.path.unlink(missing_ok=True)
            await migrations.make(self.path, self._database_key)
        elif self._database_key:
            files.remove_plain(self.path)  # left by a kill while it was encrypted

    async def _connect_writer(self, stack: AsyncExitStack) -> None:
        writer = await stack.enter_async_context(
            connect(self.path, self._database_key, read_only=False)
        )
        version = await migrations.version(self.path, writer, may_be_old=self.owner)
        busy = BUSY_MS_OWN if self.owner else BUSY_MS_SHARE
        await set_pragmas(writer, PRAGMAS | {"busy_timeout": busy})
        if self.owner:
            await copying.before_migration(self.path, version, writer, self._database_key)
            await migrations.migrate(writer, version)
        # A backup has no log until its first statement, and the log is part of the identity.
        await writer.execute_fetchall("PRAGMA user_version")
        # Opened last and closed first: the writer's closing then carries the log over.
        reader = await stack.enter_async_context(
            connect(self.path, self._database_key, read_only=True)
        )
        await set_pragmas(reader, {"query_only": 1})
        self._writer, self._reader = writer, reader

    async def _disconnect(self) -> None:
        if self._writer is not None and self._needs_healing:
            # The last connection to close writes to the file, unless it may only read.
            await self._writer.close()
        self._writer = self._reader = None
        await self._connections.aclose()

    @property
    def _needs_healing(self) -> bool:
        return self._writer is None or self._damaged or self._suspect or self._is_replaced()

    def _is_replaced(self) -> bool:
        """Return whether the path leads to another file than the open one, or to none."""
        return self.owner and files.identity(self.path) != self._identity

    async def _heal(self) -> None:
        """Open the file at the path again, after setting a damaged one aside."""
        async with self._healing:
            if not self._needs_healing:
                return
            with translated(self.path, OSError):
                replaced = self._is_replaced()
                if not replaced and self._suspect and not self._damaged:
                    self._damaged = await is_damaged(self.path, self._database_key)
                    self._suspect = False
                    if not self._needs_healing:
                        return
                await self._disconnect()
                if replaced:
                    self._damaged = False  # that was the other file
                    await encryption.refuse_foreign(self.path, self._database_key)
                    disk.create_folder(self.path.parent)
                    # The lock may have been deleted with the file.
                    self._held.close()
                    locks.own(self.path, self._held, timeout=0)
                await self._connect()

    async def _failed(
        self, error: Exception, sql: str, parameters: Sequence[Any] | Mapping[str, Any]
    ) -> AnalyticsError:
        """Return what to raise, after doing or noting for later what the owner can do about it."""
        failure = translate(self.path, error)
        if not self.owner or self._writer is None:
            return failure
        code, full = primary_code(error), isinstance(failure, DiskFull)
        if full and reserve.give_up(self.path):
            with suppress(*ERRORS):
                await checkpoint(self._writer)
        self._damaged = self._damaged or code in DAMAGE
        if code == sqlite3.SQLITE_ERROR:
            self._damaged |= await migrations.has_lost(self._writer, sql, parameters)
        self._suspect = self._suspect or not (full or code in PASSING)
        return failure


def _replaced(path: Path) -> DatabaseReplaced:
    return DatabaseReplaced(f"{path} was replaced while it was written to", "try again")


async def _nothing_to_prepare(database: Database) -> None:
    pass
