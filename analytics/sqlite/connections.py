"""Connect to SQLite or SQLCipher, check each pragma, and translate errors of the driver."""

import asyncio
import errno
import sqlite3
from collections.abc import AsyncIterator, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any

import aiosqlite

from analytics import disk
from analytics.errors import (
    AnalyticsError,
    DatabaseDamaged,
    DatabaseInaccessible,
    DatabaseUnavailable,
    DiskFull,
    UnsupportedSQLite,
)
from analytics.sqlite import files, room

try:
    from sqlcipher3 import dbapi2 as sqlcipher
except ImportError:  # the extra is not installed
    sqlcipher = None  # type: ignore[assignment]

# The first version with STRICT tables.
MINIMUM_SQLITE = (3, 37, 0)

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

# SQLCipher has classes of its own, and calls it a lack of memory when a connection is used again
# after a page that cannot be decrypted. SQLite's message may quote what is damaged, and Python then
# fails to decode it.
ERRORS = (sqlite3.Error, (sqlcipher or sqlite3).Error, MemoryError, UnicodeDecodeError)
NO_TEXT = (
    sqlite3.OperationalError,
    (sqlcipher or sqlite3).OperationalError,
    UnicodeDecodeError,
)
NOT_A_DATABASE = sqlite3.SQLITE_NOTADB
DAMAGE = {sqlite3.SQLITE_CORRUPT, NOT_A_DATABASE}
# Errors that waiting or free space cures. After any other error the file is checked.
PASSING = {
    sqlite3.SQLITE_BUSY,
    sqlite3.SQLITE_LOCKED,
    sqlite3.SQLITE_FULL,
    sqlite3.SQLITE_READONLY,
    sqlite3.SQLITE_INTERRUPT,
}

# Too many open files, too little memory, or a network disk that does not answer now.
PASSING_ERRNO = {
    *(errno.EAGAIN, errno.EBUSY, errno.EINTR, errno.EIO, errno.EMFILE, errno.ENFILE),
    *(errno.ENOMEM, errno.ETIMEDOUT),
}


def check_sqlite(database_key: bytes | None) -> None:
    """Raise UnsupportedSQLite for an SQLite that is too old, or for a key without SQLCipher."""
    if database_key and not sqlcipher:
        raise UnsupportedSQLite(
            "DATABASE_KEY is set, but SQLCipher is missing", "run pip install -e '.[sqlcipher]'"
        )
    library = sqlcipher if database_key else sqlite3
    if library.sqlite_version_info < MINIMUM_SQLITE:
        needed = ".".join(map(str, MINIMUM_SQLITE))
        raise UnsupportedSQLite(
            f"SQLite is {library.sqlite_version}", f"use a Python that has SQLite {needed} or newer"
        )


@asynccontextmanager
async def connect(
    path: Path, database_key: bytes | None, *, read_only: bool
) -> AsyncIterator[aiosqlite.Connection]:
    """Connect to an existing file; with a `database_key` of 32 bytes the whole of it is encrypted.

    What the driver raises until this is left is raised as an AnalyticsError.
    """
    refused: list[Exception] = []
    opened: list[Any] = []

    def connector() -> Any:
        library = sqlcipher if database_key else sqlite3
        try:
            connection = library.connect(
                address(path, read_only=read_only),
                uri=True,
                isolation_level=None,
                check_same_thread=False,
            )
            opened.append(connection)
            if database_key:
                _unlock(connection, database_key)
        except Exception as error:
            refused.append(error)
            return None
        return connection

    with translated(path):
        connection = _Connection(connector, iter_chunk_size=64)
        try:
            async with connection:
                for error in refused:
                    connection.stop()
                    raise error
                yield connection
        finally:
            try:
                await connection.ended()
            finally:
                # Whoever is cancelled while the file is opened is not given what aiosqlite opens.
                for each in opened:
                    each.close()


class _Connection(aiosqlite.Connection):
    """A connection whose thread can be waited for, which aiosqlite does not always do."""

    _end: asyncio.Future[Any] | None = None

    def stop(self) -> asyncio.Future[Any] | None:
        """Tell the thread to end, once: it answers the first time only."""
        self._end = self._end or super().stop()
        return self._end

    async def ended(self) -> None:
        """Wait until a thread that was told to end has, even while cancelled.

        Until then it calls the loop, which may be closed.
        """
        end, cancelled = self._end, None
        while end is not None and not end.done():
            try:
                await asyncio.wait([end])
            except asyncio.CancelledError as error:
                cancelled = error
        if cancelled:
            raise cancelled


def address(path: Path, *, read_only: bool) -> str:
    return f"{path.absolute().as_uri()}?mode={'ro' if read_only else 'rw'}"


def _unlock(connection: Any, database_key: bytes) -> None:
    """Give the connection its key: not through aiosqlite, which logs statements at DEBUG."""
    # What it would print to stderr is raised as an exception as well.
    connection.execute("PRAGMA cipher_log_level=NONE")
    connection.execute(f"""PRAGMA key="x'{database_key.hex()}'" """)
    # A library without a cipher ignores the key, and the file would be a plain one.
    if connection.execute("PRAGMA cipher_status").fetchall() != [("1",)]:
        raise UnsupportedSQLite(
            "this SQLCipher does not encrypt", "reinstall the extra [sqlcipher]"
        )


async def set_pragmas(connection: aiosqlite.Connection, pragmas: dict[str, str | int]) -> None:
    """Set each pragma and check the answer, since SQLite refuses a pragma in silence.

    Raises UnsupportedSQLite for a refused one.
    """
    for name, wanted in pragmas.items():
        await connection.execute_fetchall(f"PRAGMA {name}={wanted}")
        [(answer,)] = await connection.execute_fetchall(f"PRAGMA {name}")
        if answer != wanted:
            raise UnsupportedSQLite(
                f"SQLite refuses {name}={wanted} and stays at {answer}",
                "keep the database on a local disk, with a Python that has a standard SQLite",
            )


def look_at(
    path: Path, database_key: bytes | None
) -> AbstractAsyncContextManager[aiosqlite.Connection]:
    """Connect to a file without writing to it.

    The exception is a file with a rollback journal, left by a kill while a backup was given its
    write-ahead log: what that did is undone first.
    What the driver raises until this is left is raised as an AnalyticsError.
    """
    return connect(path, database_key, read_only=not disk.size(files.journal(path)))


async def is_damaged(path: Path, database_key: bytes | None) -> bool:
    """Return whether quick_check finds damage, or the file is gone and its log is left.

    Raises AnalyticsError if the file cannot be read for another reason.
    """
    if not disk.size(path):
        # The log has lost its file. SQLite would delete it, or carry it over into a new file.
        return disk.size(files.journal(path)) > 0 or disk.size(files.wal(path)) > 0
    try:
        async with look_at(path, database_key) as connection:
            [(answer,)] = await connection.execute_fetchall("PRAGMA quick_check(1)")
            return bool(answer != "ok")
    except DatabaseDamaged:
        return True


def primary_code(error: BaseException | None) -> int:
    """Return SQLite's primary error code, the lowest byte of its extended codes; 0 without one."""
    code: int | None = getattr(error, "sqlite_errorcode", None)
    if code is None:
        # There is no code where Python could not decode a text in the file.
        return sqlite3.SQLITE_CORRUPT if isinstance(error, NO_TEXT) else 0
    return code & 0xFF


def is_full(path: Path, error: Exception) -> bool:
    """Return whether an error means that the disk is full, or the process may not write more.

    SQLite reports a quota, a limit on the size of files, and no room for its shared memory as an
    I/O error, and Python does not give the reason: then writing is tried.
    """
    if isinstance(error, OSError):
        return error.errno in room.NO_ROOM
    code = primary_code(error)
    return code == sqlite3.SQLITE_FULL or (code == sqlite3.SQLITE_IOERR and not room.is_left(path))


def why(path: Path, error: Exception) -> str:
    """Return the reason of an error in a few words, for an operator."""
    if is_full(path, error):
        return "the disk is full"
    said = error.strerror if isinstance(error, OSError) else str(error)
    return said or type(error).__name__


@contextmanager
def translated(path: Path, *others: type[Exception]) -> Iterator[None]:
    """Raise an error of the driver, or one of `others`, as an AnalyticsError about `path`."""
    try:
        yield
    except (*ERRORS, *others) as error:
        raise translate(path, error) from error


def translate(path: Path, error: Exception) -> AnalyticsError:
    """Return the AnalyticsError to raise for an error of the driver or of the operating system."""
    code = primary_code(error)
    if code == sqlite3.SQLITE_BUSY:
        return DatabaseUnavailable(
            f"{path} is locked by another program", "close that program and try again"
        )
    if is_full(path, error):
        return DiskFull(
            f"{path} cannot be written, for the disk is full", "free up space and try again"
        )
    if code in DAMAGE:
        return damaged_or_gone(path)
    passing = isinstance(error, MemoryError) or (
        isinstance(error, OSError) and error.errno in PASSING_ERRNO
    )
    kind = (
        DatabaseUnavailable
        if passing or code in PASSING - {sqlite3.SQLITE_READONLY}
        else DatabaseInaccessible
    )
    return kind(
        f"{path} cannot be used ({why(path, error)})",
        "check DATABASE_PATH and the rights to its folder",
    )


def damaged_or_gone(path: Path) -> DatabaseDamaged:
    return DatabaseDamaged(
        f"{path} is damaged or gone",
        "start the bot or let it run, it begins a new file and keeps this one",
    )
