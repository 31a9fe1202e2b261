"""The SQLite file: open, check, migrate, write, read, compact.

One connection writes and one reads. Every write is a single statement outside a transaction,
which SQLite commits whole or not at all: a cancelled task can leave nothing half done.
"""

import os
import sqlite3
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from enum import Enum, auto
from importlib.resources import files
from pathlib import Path
from typing import Any

import aiosqlite
from filelock import FileLock, Timeout

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


class CannotOpen(Exception):
    """The file cannot be used as it is; the message says in a sentence why, and what to do."""


class Access(Enum):
    """What a process wants of the file."""

    OWN = auto()
    """The bot: the only one of its kind, creates and migrates, checkpoints and compacts."""
    SHARE = auto()
    """A command that writes: beside a running bot, or as the owner while there is none."""
    READ = auto()
    """A command that reads: takes no lock, creates nothing."""


class Database:
    """An open file. Made by `Database.open`."""

    def __init__(self, path: Path, writer: aiosqlite.Connection, owner: bool) -> None:
        self.path = path
        self.owner = owner
        self._writer = writer
        self._reader = writer
        self._checkpoint_at = CHECKPOINT_BYTES

    @classmethod
    @asynccontextmanager
    async def open(cls, path: Path, access: Access) -> AsyncIterator["Database"]:
        """Open the file; OWN creates it, and its folder, if missing. Raises CannotOpen."""
        if sqlite3.sqlite_version_info < MINIMUM_SQLITE:
            needed = ".".join(map(str, MINIMUM_SQLITE))
            raise CannotOpen(
                f"SQLite is {sqlite3.sqlite_version}: "
                f"use a Python that has SQLite {needed} or newer"
            )
        async with AsyncExitStack() as stack:
            try:
                database = await cls._open(path, access, stack)
            except (sqlite3.Error, OSError) as error:
                raise CannotOpen(_sentence(path, error)) from error
            yield database

    @classmethod
    async def _open(cls, path: Path, access: Access, stack: AsyncExitStack) -> "Database":
        if access is not Access.OWN and not path.exists():
            raise CannotOpen(f"{path} does not exist: start the bot first, or set DATABASE_PATH")
        if path.exists():
            _refuse_foreign(path)
        if access is Access.READ:
            reader = await stack.enter_async_context(_connect(path, read_only=True))
            await _version(path, reader, may_be_old=False)
            return cls(path, reader, owner=False)

        if access is Access.OWN:
            _create_private(path)
        owner = _take_ownership(path, access, stack)
        writer = await stack.enter_async_context(_connect(path, read_only=False))
        version = await _version(path, writer, may_be_old=owner)
        await _set_pragmas(
            writer, PRAGMAS | {"busy_timeout": BUSY_MS_OWN if owner else BUSY_MS_SHARE}
        )
        if owner and version < SCHEMA_VERSION:
            await _migrate(writer, version)
        database = cls(path, writer, owner)
        database._reader = await stack.enter_async_context(_connect(path, read_only=True))
        await _set_pragmas(database._reader, {"query_only": 1})
        return database

    async def read(self, sql: str, parameters: Sequence[Any] | Mapping[str, Any] = ()) -> list[Any]:
        """The rows of one SELECT, which sees one moment of the file."""
        return list(await self._reader.execute_fetchall(sql, parameters))

    async def write(self, sql: str, parameters: Sequence[Any] = ()) -> list[Any]:
        """Run one statement, committed when this returns; the rows of its RETURNING."""
        rows = list(await self._writer.execute_fetchall(sql, parameters))
        if self.owner:
            await self._checkpoint_if_large()
        return rows

    async def compact(self) -> bool:
        """Remove from the disk what was deleted; False if not possible now, to be tried again.

        The least that leaves nothing: page splits leave copies that only VACUUM removes, and
        each checkpoint carries what came before it out of the write-ahead log.
        Writing waits meanwhile, about half a second per million rows.
        """
        if not self.owner:
            return False
        try:
            with _write_lock(self.path, timeout=0):
                if not await self._checkpoint():
                    return False
                await self._writer.execute_fetchall("VACUUM")
                return await self._checkpoint()
        except Timeout:
            return False

    def size(self) -> int:
        """Bytes on disk, write-ahead log included."""
        return self.path.stat().st_size + _size(_wal(self.path))

    async def _checkpoint(self) -> bool:
        """Carry the write-ahead log over and empty it. A busy checkpoint did not happen."""
        [(busy, _, _)] = await self._writer.execute_fetchall("PRAGMA wal_checkpoint(TRUNCATE)")
        return not busy

    async def _checkpoint_if_large(self) -> None:
        size = _size(_wal(self.path))
        if size < self._checkpoint_at:
            return
        try:
            with _write_lock(self.path, timeout=0):
                done = await self._checkpoint()
        except Timeout:
            done = False
        # While a reader or a command holds it back, try again only when it has grown as much again.
        self._checkpoint_at = CHECKPOINT_BYTES if done else size + CHECKPOINT_BYTES


def _connect(path: Path, *, read_only: bool) -> aiosqlite.Connection:
    mode = "ro" if read_only else "rw"
    return aiosqlite.connect(
        f"{path.absolute().as_uri()}?mode={mode}", uri=True, isolation_level=None
    )


def _create_private(path: Path) -> None:
    """Folder 0700, file 0600, which SQLite gives its companions too; what exists is left alone."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    if not path.exists():
        os.close(os.open(path, os.O_WRONLY | os.O_CREAT, 0o600))


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


def _refuse_foreign(path: Path) -> None:
    """Raise CannotOpen for a file that is not ours, before anything is written beside it.

    Looks at the header alone: opening a database with SQLite may create its companions. A file
    of ours that was killed before its first checkpoint is empty, or has no table in its header.
    """
    with path.open("rb") as file:
        header = file.read(100)
    if not header:
        return
    if not header.startswith(b"SQLite format 3\0"):
        raise CannotOpen(f"{path} is not a database: set DATABASE_PATH to another file")
    schema_cookie, application_id = (int.from_bytes(header[at : at + 4], "big") for at in (40, 68))
    if application_id != APPLICATION_ID and (application_id or schema_cookie):
        raise CannotOpen(f"{path} belongs to another program: set DATABASE_PATH to another file")


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
    text = files("analytics").joinpath("schema.sql").read_text("utf-8")
    for line in text.splitlines(keepends=True):
        statement += line
        if sqlite3.complete_statement(statement):
            yield statement
            statement = ""


def _wal(path: Path) -> Path:
    return path.with_name(f"{path.name}-wal")


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return 0


def _sentence(path: Path, error: sqlite3.Error | OSError) -> str:
    code = getattr(error, "sqlite_errorcode", None)
    if code == sqlite3.SQLITE_BUSY:
        return f"{path} is locked by another program: close that program and try again"
    reason = error.strerror if isinstance(error, OSError) else str(error)
    return f"{path} cannot be opened ({reason}): check DATABASE_PATH and the rights to its folder"
