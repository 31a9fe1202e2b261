"""Encrypt a plain file as a whole, and refuse files that are not ours or under another key."""

import os
from contextlib import ExitStack
from pathlib import Path

import aiosqlite

from analytics import disk
from analytics.errors import (
    DatabaseDamaged,
    DatabaseInUse,
    DatabaseMissing,
    DatabaseUnavailable,
    WrongDatabaseKey,
)
from analytics.sqlite import files, locks, refusals
from analytics.sqlite.connections import (
    NOT_A_DATABASE,
    address,
    check_sqlite,
    connect,
    is_damaged,
    look_at,
    primary_code,
    translated,
)
from analytics.sqlite.migrations import APPLICATION_ID


async def refuse_foreign(path: Path, database_key: bytes | None) -> None:
    """Raise NotOurDatabase for a file that is not ours, WrongDatabaseKey for one under another key.

    SQLite calls a file under another key damaged. Only a file that can be read with the key at
    first may be found damaged later.
    """
    refusals.refuse_foreign(path, APPLICATION_ID, encrypted=database_key is not None)
    if not database_key or not disk.size(path):
        return
    try:
        async with look_at(path, database_key) as connection:
            [(application_id,)] = await connection.execute_fetchall("PRAGMA application_id")
    except DatabaseDamaged as error:
        if primary_code(error.__cause__) == NOT_A_DATABASE:
            raise WrongDatabaseKey(
                f"{path} cannot be read with this DATABASE_KEY",
                "set the one that it was encrypted with; "
                "if that fails, too, it is damaged: restore a backup, or move it away",
            ) from None
        return  # the key is right
    if application_id != APPLICATION_ID:
        raise refusals.foreign(path)


async def encrypt(path: Path, database_key: bytes) -> bool:
    """Encrypt a plain file with the `database_key`, 32 bytes; return False if it already is.

    A kill leaves a file that opens, plain or encrypted; another call finishes what was begun.
    Raises DatabaseMissing without a file, DatabaseInUse while a bot, a command or another program
    uses it, DatabaseDamaged if it is damaged, and other AnalyticsErrors if it cannot be encrypted.
    """
    check_sqlite(database_key)
    path = Path(os.path.realpath(path))
    refusals.refuse_special(path)
    if not disk.size(path) and not disk.size(files.plain(path)):
        raise DatabaseMissing(
            f"{path} does not exist", "the bot creates it, encrypted, at its first start"
        )
    with ExitStack() as held, translated(path, OSError):
        try:
            locks.be_alone(path, held)
            files.undo_replacing(path)
            held.callback(files.discard_draft, path)
            is_plain = files.is_plain(path)
            await refuse_foreign(path, None if is_plain else database_key)
            files.remove_plain(path)
            if is_plain:
                await _carry_log_over(path)
                files.discard_draft(path)
                await _copy(path, disk.begin_draft(path), database_key)
                files.replace_with_draft(path)
                files.remove_plain(path)
        except DatabaseDamaged as error:
            raise DatabaseDamaged(
                f"{path} is damaged",
                "unset DATABASE_KEY and start the bot, which sets it aside",
            ) from error
    return is_plain


async def _carry_log_over(path: Path) -> None:
    """Carry the log over into the database, and leave the log there, to be overwritten."""
    # The last connection to close deletes the log, unless it may only read.
    async with (
        connect(path, None, read_only=True) as last,
        connect(path, None, read_only=False) as writer,
    ):
        [(busy, _, _)] = await writer.execute_fetchall("PRAGMA wal_checkpoint(RESTART)")
        await last.execute_fetchall("PRAGMA user_version")
    if busy:
        raise DatabaseInUse(f"{path} is being read by another program", "close it and try again")


async def _copy(path: Path, draft: Path, database_key: bytes) -> None:
    """Copy everything in the file into an encrypted one, and check that all of it is there."""
    async with connect(draft, database_key, read_only=False) as copy:
        await _attach(copy, path)
        await copy.execute_fetchall("BEGIN")
        await copy.execute_fetchall("SELECT sqlcipher_export('main', 'plain')")
        for name in ("application_id", "user_version"):
            [(value,)] = await copy.execute_fetchall(f"PRAGMA plain.{name}")
            await copy.execute_fetchall(f"PRAGMA main.{name}={value}")
        await copy.execute_fetchall("COMMIT")
    async with connect(draft, database_key, read_only=True) as copy:
        await _attach(copy, path)
        is_whole = await _counts(copy, "main") == await _counts(copy, "plain")
    if not is_whole or await is_damaged(draft, database_key):
        raise DatabaseUnavailable(f"{path} is unchanged, as its copy is incomplete", "try again")


async def _attach(copy: aiosqlite.Connection, path: Path) -> None:
    await copy.execute_fetchall("ATTACH ? AS plain KEY ''", (address(path, read_only=True),))


async def _counts(copy: aiosqlite.Connection, schema: str) -> dict[str, int]:
    """Return the number of rows of each table, the schema's included."""
    tables = await copy.execute_fetchall(
        f"SELECT name FROM {schema}.sqlite_schema WHERE type = 'table'"
    )
    counts = {}
    for name in ("sqlite_schema", *(name for (name,) in tables)):
        [(counts[name],)] = await copy.execute_fetchall(f"SELECT count(*) FROM {schema}.{name}")
    return counts
