"""The SQLite file: open, check, migrate, write, read, compact.

One connection writes and one reads. Every write is a single statement outside a transaction,
which SQLite commits whole or not at all: a cancelled task can leave nothing half done.
"""

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import AsyncExitStack, ExitStack, asynccontextmanager, suppress
from enum import Enum, auto
from pathlib import Path
from typing import Any

import aiosqlite

from analytics import files, locks, migrations
from analytics.connections import (
    DAMAGE,
    PRAGMAS,
    connect,
    is_damaged,
    primary_code,
    sentence,
    set_pragmas,
)
from analytics.files import CannotOpen, Identity

# STRICT tables came with it.
MINIMUM_SQLITE = (3, 37, 0)

# How large the write-ahead log grows before it is carried over into the file: SQLite's own default.
CHECKPOINT_BYTES = 1000 * 4096
# How long a statement waits for another process: short in the bot, whose interactions can wait
# in memory; long in a command, which may meet the bot's VACUUM.
BUSY_MS_OWN = 1_000
BUSY_MS_SHARE = 60_000
# What waiting or room will cure. After any other error the file is checked.
PASSING = {
    sqlite3.SQLITE_BUSY,
    sqlite3.SQLITE_LOCKED,
    sqlite3.SQLITE_FULL,
    sqlite3.SQLITE_READONLY,
    sqlite3.SQLITE_INTERRUPT,
}


class FileReplaced(Exception):
    """What was written went into a file that is no longer at its path."""


class Access(Enum):
    """What a process wants of the file."""

    OWN = auto()
    """The bot: the only one of its kind, creates and migrates, checkpoints and compacts."""
    SHARE = auto()
    """A command that writes: beside a running bot, or as the owner while there is none."""
    READ = auto()
    """A command that reads: takes no lock, creates nothing."""


Prepare = Callable[["Database"], Awaitable[None]]


class Database:
    """An open file. Made by `Database.open`."""

    def __init__(self, path: Path, access: Access, owner: bool, prepare: Prepare) -> None:
        self.path = path
        self.owner = owner
        self.set_aside: list[Path] = []  # damaged files that this one took the place of
        self._access = access
        self._prepare = prepare
        self._connections = AsyncExitStack()
        self._writer: aiosqlite.Connection | None = None
        self._reader: aiosqlite.Connection | None = None
        self._identity: Identity | None = None
        self._damaged = False
        self._suspect = False
        self._compacting = False
        self._healing = asyncio.Lock()
        self._checkpoint_at = CHECKPOINT_BYTES

    @classmethod
    @asynccontextmanager
    async def open(
        cls, path: Path, access: Access, prepare: Prepare | None = None
    ) -> AsyncIterator["Database"]:
        """Open the file; OWN creates it, and its folder, if missing.

        `prepare` is called with each file that the owner opens, also when one takes the place of
        another while the process runs. Raises CannotOpen.
        """
        if sqlite3.sqlite_version_info < MINIMUM_SQLITE:
            needed = ".".join(map(str, MINIMUM_SQLITE))
            raise CannotOpen(
                f"SQLite is {sqlite3.sqlite_version}: "
                f"use a Python that has SQLite {needed} or newer"
            )
        async with AsyncExitStack() as stack:
            held = stack.enter_context(ExitStack())
            try:
                if access is not Access.OWN and not path.exists():
                    raise CannotOpen(
                        f"{path} does not exist: start the bot first, or set DATABASE_PATH"
                    )
                if access is Access.OWN:
                    files.create_private(path)
                if path.exists():
                    files.refuse_foreign(path, migrations.APPLICATION_ID)
                if access is Access.OWN:
                    locks.own(path, held)
                owner = access is Access.OWN or (access is Access.SHARE and locks.share(path, held))
                database = cls(path, access, owner, prepare or _nothing_to_prepare)
                stack.push_async_callback(database._disconnect)
                await database._connect()
            except (sqlite3.Error, OSError) as error:
                raise CannotOpen(sentence(path, error)) from error
            yield database

    async def read(self, sql: str, parameters: Sequence[Any] | Mapping[str, Any] = ()) -> list[Any]:
        """The rows of one SELECT, which sees one moment of the file."""
        if self._reader is None:
            raise CannotOpen(f"{self.path} is not open at the moment")
        try:
            return list(await self._reader.execute_fetchall(sql, parameters))
        except sqlite3.Error as error:
            await self._learn_from(error)
            raise

    async def write(self, sql: str, parameters: Sequence[Any] = ()) -> list[Any]:
        """Run one statement, committed when this returns; the rows of its RETURNING.

        An error means that nothing was committed, or that it went into a file that is no longer
        there. What the owner can do about the reason is done before the next statement.
        """
        if self._needs_healing:
            # Whoever waits may be cancelled; the healing goes on.
            await asyncio.shield(asyncio.ensure_future(self._heal()))
        assert self._writer is not None
        try:
            rows = list(await self._writer.execute_fetchall(sql, parameters))
        except sqlite3.Error as error:
            await self._learn_from(error)
            raise
        if self._is_replaced():
            raise FileReplaced
        if self.owner:
            await self._checkpoint_if_large()
        return rows

    async def compact(self) -> bool:
        """Remove from the disk what was deleted; False if not possible now, to be tried again.

        The least that leaves nothing: page splits leave copies that only VACUUM removes, and the
        checkpoint after it carries it over into the file. The one before asks whether a reader
        would hold that back: then nothing is rewritten in vain.
        Writing waits meanwhile, about half a second per million rows.
        """
        if not self.owner or self._writer is None or self._needs_healing:
            return False
        try:
            with locks.write_lock(self.path, timeout=0):
                if not await self._checkpoint():
                    return False
                self._compacting = True
                await self._writer.execute_fetchall("VACUUM")
                return await self._checkpoint()
        except OSError:
            return False  # the lock is held, or cannot be opened
        except sqlite3.Error as error:
            await self._learn_from(error)
            return False
        finally:
            self._compacting = False

    def size(self) -> int:
        """Bytes on disk, write-ahead log included."""
        return files.size(self.path) + files.size(files.wal(self.path))

    def keep_reserve(self) -> None:
        """Have the reserve for the moment when the disk is full, if there is room for it."""
        if self.owner:
            files.keep_reserve(self.path)

    async def stop_compacting(self) -> None:
        """End a VACUUM that runs, which may take long and leaves everything as it was."""
        if self._compacting and self._writer is not None:
            await self._writer.interrupt()

    async def _connect(self) -> None:
        """Open the connections. Raises CannotOpen, sqlite3.Error and OSError."""
        if self.owner and (self._damaged or await is_damaged(self.path)):
            self.set_aside.append(files.set_aside(self.path))
            files.create_private(self.path)
        async with AsyncExitStack() as stack:
            if self._access is Access.READ:
                reader = await stack.enter_async_context(connect(self.path, read_only=True))
                await migrations.version(self.path, reader, may_be_old=False)
                self._reader = reader
            else:
                await self._connect_writer(stack)
            self._connections = stack.pop_all()
        self._damaged = self._suspect = False
        self._identity = files.identity(self.path)
        if self.owner:
            files.keep_reserve(self.path)
            try:
                await self._prepare(self)
            except BaseException:
                await self._disconnect()
                raise

    async def _connect_writer(self, stack: AsyncExitStack) -> None:
        writer = await stack.enter_async_context(connect(self.path, read_only=False))
        version = await migrations.version(self.path, writer, may_be_old=self.owner)
        busy = BUSY_MS_OWN if self.owner else BUSY_MS_SHARE
        await set_pragmas(writer, PRAGMAS | {"busy_timeout": busy})
        if self.owner:
            await migrations.migrate(writer, version)
        # Opened last and closed first: the writer's closing then carries the log over.
        reader = await stack.enter_async_context(connect(self.path, read_only=True))
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
        """Whether the path leads to another file than the one that is open, or to none."""
        return self.owner and files.identity(self.path) != self._identity

    async def _heal(self) -> None:
        """Open again what is at the path now; a damaged file is set aside before."""
        async with self._healing:
            if not self._needs_healing:
                return
            if self._is_replaced():
                self._damaged = False  # that was the other file
            elif self._suspect and not self._damaged:
                self._damaged = await is_damaged(self.path)
                self._suspect = False
                if not self._damaged:
                    return
            await self._disconnect()
            files.create_private(self.path)
            files.refuse_foreign(self.path, migrations.APPLICATION_ID)
            await self._connect()

    async def _learn_from(self, error: sqlite3.Error) -> None:
        """Do now, or note for the next statement, what the owner can do about an error."""
        if not self.owner or self._writer is None:
            return
        code = primary_code(error)
        if code == sqlite3.SQLITE_FULL and files.give_up_reserve(self.path):
            with suppress(sqlite3.Error):
                await self._checkpoint()
        self._damaged = self._damaged or code in DAMAGE
        self._suspect = self._suspect or code not in PASSING

    async def _checkpoint(self) -> bool:
        """Carry the write-ahead log over and empty it. A busy checkpoint did not happen."""
        assert self._writer is not None
        [(busy, _, _)] = await self._writer.execute_fetchall("PRAGMA wal_checkpoint(TRUNCATE)")
        return not busy

    async def _checkpoint_if_large(self) -> None:
        size = files.size(files.wal(self.path))
        if size < self._checkpoint_at:
            return
        try:
            with locks.write_lock(self.path, timeout=0):
                done = await self._checkpoint()
        except (OSError, sqlite3.Error):
            # The lock is held, or cannot be opened; what was written is committed nonetheless.
            done = False
        # While a reader or a command holds it back, try again only when it has grown as much again.
        self._checkpoint_at = CHECKPOINT_BYTES if done else size + CHECKPOINT_BYTES


async def _nothing_to_prepare(database: Database) -> None:
    pass
