"""The SQLite file: open, check, migrate, write, read, compact.

One connection writes and one reads. Every write is a single statement outside a transaction,
which SQLite commits whole or not at all: a cancelled task can leave nothing half done.
"""

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from enum import Enum, auto
from importlib import resources
from pathlib import Path
from typing import Any

import aiosqlite
from filelock import FileLock, Timeout

from analytics import files
from analytics.files import CannotOpen, Identity

# "TgAn": tells the file apart from every other SQLite file.
APPLICATION_ID = 0x5467416E
SCHEMA_VERSION = 1
# The statements that bring a file to the version named from the one before it.
MIGRATIONS: dict[int, Sequence[str]] = {}
# STRICT tables came with it.
MINIMUM_SQLITE = (3, 37, 0)

# How large the write-ahead log grows before it is carried over into the file: SQLite's own default.
CHECKPOINT_BYTES = 1000 * 4096
# How long a statement waits for another process: short in the bot, whose interactions can wait
# in memory; long in a command, which may meet the bot's VACUUM.
BUSY_MS_OWN = 1_000
BUSY_MS_SHARE = 60_000
# How long a starting bot waits for a command that has the file to itself, or for the bot before it.
OWNER_PATIENCE = 5.0
# How long a command waits for another command.
WRITER_PATIENCE = 60.0

PRAGMAS: dict[str, str | int] = {
    "journal_mode": "wal",
    "synchronous": 2,  # FULL: of 1,000 simulated power cuts NORMAL lost commits in 539
    "foreign_keys": 1,
    "secure_delete": 1,
    "temp_store": 2,  # in memory: VACUUM would write its temporary files elsewhere
    # SQLite up to 3.51.2 can damage the file when one connection writes while another
    # checkpoints: the bot checkpoints itself, and only while no command writes.
    "wal_autocheckpoint": 0,
}


# The extended codes of SQLite carry the primary one in their lowest byte.
PRIMARY_CODE = 0xFF
DAMAGE = {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB}


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
            try:
                if access is not Access.OWN and not path.exists():
                    raise CannotOpen(
                        f"{path} does not exist: start the bot first, or set DATABASE_PATH"
                    )
                if access is Access.OWN:
                    files.create_private(path)
                if path.exists():
                    files.refuse_foreign(path, APPLICATION_ID)
                owner = access is not Access.READ and _take_ownership(path, access, stack)
                database = cls(path, access, owner, prepare or _nothing_to_prepare)
                stack.push_async_callback(database._disconnect)
                await database._connect()
            except (sqlite3.Error, OSError) as error:
                raise CannotOpen(_sentence(path, error)) from error
            yield database

    async def read(self, sql: str, parameters: Sequence[Any] | Mapping[str, Any] = ()) -> list[Any]:
        """The rows of one SELECT, which sees one moment of the file."""
        if self._reader is None:
            raise CannotOpen(f"{self.path} is not open at the moment")
        return list(await self._reader.execute_fetchall(sql, parameters))

    async def write(self, sql: str, parameters: Sequence[Any] = ()) -> list[Any]:
        """Run one statement, committed when this returns; the rows of its RETURNING.

        An error means that nothing was committed, or that it went into a file that is no longer
        there. What the owner can do about the reason is done before the next statement.
        """
        if self._writer is None or self._damaged or self._is_replaced():
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

        The least that leaves nothing: page splits leave copies that only VACUUM removes, and
        each checkpoint carries what came before it out of the write-ahead log.
        Writing waits meanwhile, about half a second per million rows.
        """
        if not self.owner or self._writer is None or self._damaged:
            return False
        try:
            with _write_lock(self.path, timeout=0):
                if not await self._checkpoint():
                    return False
                self._compacting = True
                await self._writer.execute_fetchall("VACUUM")
                return await self._checkpoint()
        except Timeout:
            return False
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
        if self.owner and await _is_damaged(self.path):
            self.set_aside.append(files.set_aside(self.path))
            files.create_private(self.path)
        async with AsyncExitStack() as stack:
            if self._access is Access.READ:
                reader = await stack.enter_async_context(_connection(self.path, read_only=True))
                await _version(self.path, reader, may_be_old=False)
                self._reader = reader
            else:
                await self._connect_writer(stack)
            self._connections = stack.pop_all()
        self._damaged = False
        self._identity = files.identity(self.path)
        if self.owner:
            files.keep_reserve(self.path)
            try:
                await self._prepare(self)
            except BaseException:
                await self._disconnect()
                raise

    async def _connect_writer(self, stack: AsyncExitStack) -> None:
        writer = await stack.enter_async_context(_connection(self.path, read_only=False))
        version = await _version(self.path, writer, may_be_old=self.owner)
        busy = BUSY_MS_OWN if self.owner else BUSY_MS_SHARE
        await _set_pragmas(writer, PRAGMAS | {"busy_timeout": busy})
        if self.owner and version < SCHEMA_VERSION:
            await _migrate(writer, version)
        # Opened last and closed first: the writer's closing then carries the log over.
        reader = await stack.enter_async_context(_connection(self.path, read_only=True))
        await _set_pragmas(reader, {"query_only": 1})
        self._writer, self._reader = writer, reader

    async def _disconnect(self) -> None:
        writer, self._writer, self._reader = self._writer, None, None
        if writer is not None and (self._damaged or self._is_replaced()):
            # The last connection to close writes to the file, unless it may only read.
            await writer.close()
        await self._connections.aclose()

    def _is_replaced(self) -> bool:
        """Whether the path leads to another file than the one that is open, or to none."""
        return self.owner and files.identity(self.path) != self._identity

    async def _heal(self) -> None:
        """Open again what is at the path now; a damaged file is set aside before."""
        async with self._healing:
            if self._writer is not None and not self._damaged and not self._is_replaced():
                return
            await self._disconnect()
            files.create_private(self.path)
            files.refuse_foreign(self.path, APPLICATION_ID)
            await self._connect()

    async def _learn_from(self, error: sqlite3.Error) -> None:
        """Do now, or note for the next statement, what the owner can do about an error."""
        code = (getattr(error, "sqlite_errorcode", None) or 0) & PRIMARY_CODE
        if not self.owner or self._writer is None:
            return
        if code == sqlite3.SQLITE_FULL and files.give_up_reserve(self.path):
            with suppress(sqlite3.Error):
                await self._checkpoint()
        self._damaged = self._damaged or code in DAMAGE

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
            with _write_lock(self.path, timeout=0):
                done = await self._checkpoint()
        except (Timeout, sqlite3.Error):
            done = False
        # While a reader or a command holds it back, try again only when it has grown as much again.
        self._checkpoint_at = CHECKPOINT_BYTES if done else size + CHECKPOINT_BYTES


async def _nothing_to_prepare(database: Database) -> None:
    pass


async def _is_damaged(path: Path) -> bool:
    """What quick_check says, through a connection that cannot write."""
    if not path.exists() or not files.size(path):
        return False
    try:
        async with _connection(path, read_only=True) as connection:
            [(answer,)] = await connection.execute_fetchall("PRAGMA quick_check(1)")
            return bool(answer != "ok")
    except sqlite3.DatabaseError as error:
        if (getattr(error, "sqlite_errorcode", None) or 0) & PRIMARY_CODE in DAMAGE:
            return True
        raise


def _connection(path: Path, *, read_only: bool) -> aiosqlite.Connection:
    mode = "ro" if read_only else "rw"
    return aiosqlite.connect(
        f"{path.absolute().as_uri()}?mode={mode}", uri=True, isolation_level=None
    )


def _take_ownership(path: Path, access: Access, stack: AsyncExitStack) -> bool:
    """True for the owner; another writer gets the write lock. Both die with the process."""
    lock = FileLock(f"{path}.lock", mode=0o600)
    try:
        stack.enter_context(lock.acquire(timeout=OWNER_PATIENCE if access is Access.OWN else 0))
    except Timeout:
        if access is Access.OWN:
            raise CannotOpen(
                f"another process is running on {path}: stop it, or set another DATABASE_PATH"
            ) from None
    else:
        return True
    try:
        stack.enter_context(_write_lock(path, timeout=WRITER_PATIENCE))
    except Timeout:
        raise CannotOpen(f"another command writes to {path}: try again when it is done") from None
    return False


def _write_lock(path: Path, timeout: float) -> Any:
    """Held by whoever checkpoints, and by a command that writes beside the bot."""
    return FileLock(f"{path}.write-lock", mode=0o600).acquire(timeout=timeout)


async def _set_pragmas(connection: aiosqlite.Connection, pragmas: dict[str, str | int]) -> None:
    """SQLite refuses a pragma in silence: ask for each and check the answer."""
    for name, wanted in pragmas.items():
        await connection.execute_fetchall(f"PRAGMA {name}={wanted}")
        [(answer,)] = await connection.execute_fetchall(f"PRAGMA {name}")
        if answer != wanted:
            raise CannotOpen(
                f"SQLite refuses {name}={wanted} and stays at {answer}: "
                "keep the database on a local disk, with a Python that has an ordinary SQLite"
            )


async def _version(path: Path, connection: aiosqlite.Connection, *, may_be_old: bool) -> int:
    """The file's schema version, 0 for a new file. Raises CannotOpen for one that is not usable."""
    [(version,)] = await connection.execute_fetchall("PRAGMA user_version")
    if version > SCHEMA_VERSION:
        raise CannotOpen(
            f"{path} was written by a newer version (schema {version}, this one knows "
            f"{SCHEMA_VERSION}): install that version again, or restore an older backup"
        )
    if version < SCHEMA_VERSION and not may_be_old:
        raise CannotOpen(f"{path} is not of this version yet: start this version's bot once")
    return int(version)


async def _migrate(connection: aiosqlite.Connection, version: int) -> None:
    """Make a new file, or bring an old one up to date, in one transaction.

    Statement by statement: `executescript` commits first, and a kill would leave half of it.
    """
    if version == 0:
        statements = [*schema(), f"PRAGMA application_id={APPLICATION_ID}"]
    else:
        steps = range(version + 1, SCHEMA_VERSION + 1)
        statements = [statement for step in steps for statement in MIGRATIONS[step]]
    await connection.execute_fetchall("BEGIN IMMEDIATE")
    for statement in statements:
        await connection.execute_fetchall(statement)
    await connection.execute_fetchall(f"PRAGMA user_version={SCHEMA_VERSION}")
    await connection.execute_fetchall("COMMIT")


def schema() -> Iterator[str]:
    """The statements of schema.sql, one by one."""
    statement = ""
    text = resources.files("analytics").joinpath("schema.sql").read_text("utf-8")
    for line in text.splitlines(keepends=True):
        statement += line
        if sqlite3.complete_statement(statement):
            yield statement
            statement = ""


def _sentence(path: Path, error: sqlite3.Error | OSError) -> str:
    code = getattr(error, "sqlite_errorcode", None)
    if code == sqlite3.SQLITE_BUSY:
        return f"{path} is locked by another program: close that program and try again"
    reason = error.strerror if isinstance(error, OSError) else str(error)
    return f"{path} cannot be opened ({reason}): check DATABASE_PATH and the rights to its folder"
