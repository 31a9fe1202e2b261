"""A file that is encrypted as a whole: told from others, and made of a plain one."""

import os
from contextlib import ExitStack
from pathlib import Path

import aiosqlite

from analytics.errors import (
    DatabaseDamaged,
    DatabaseInUse,
    DatabaseMissing,
    DatabaseUnavailable,
    WrongDatabaseKey,
)
from analytics.sqlite import files, locks
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


async def refuse_foreign(path: Path, key: bytes | None) -> None:
    """Raise NotOurDatabase or WrongDatabaseKey for what is not ours or not under this key.

    SQLite calls a file under another key damaged. Only what can be read with the key at first may
    be found damaged later.
    """
    files.refuse_foreign(path, APPLICATION_ID, encrypted=key is not None)
    if not key or not files.size(path):
        return
    try:
        async with look_at(path, key) as connection:
            [(application_id,)] = await connection.execute_fetchall("PRAGMA application_id")
    except DatabaseDamaged as error:
        if primary_code(error.__cause__) == NOT_A_DATABASE:
            raise WrongDatabaseKey(
                f"{path} cannot be read with this DATABASE_KEY",
                "set the one it was made with; "
                "with that one it is damaged: restore a backup, or move it away",
            ) from None
        return  # the key is right
    if application_id != APPLICATION_ID:
        raise files.foreign(path)


async def encrypt(path: Path, key: bytes) -> bool:
    """Encrypt a plain file, while nobody else writes to it; False if it is encrypted already.

    Whatever kills this leaves a file that opens, plain or encrypted; called again, it ends what
    was begun. Raises AnalyticsError.
    """
    check_sqlite(key)
    path = Path(os.path.realpath(path))
    files.refuse_special(path)
    if not files.size(path) and not files.size(files.plain(path)):
        raise DatabaseMissing(
            f"{path} does not exist", "the bot makes it, encrypted, on its first start"
        )
    with ExitStack() as held, translated(path, OSError):
        try:
            locks.be_alone(path, held)
            files.undo_replacing(path)
            held.callback(files.discard_draft, path)
            is_plain = files.is_plain(path)
            await refuse_foreign(path, None if is_plain else key)
            files.remove_plain(path)
            if is_plain:
                await _carry_log_over(path)
                files.discard_draft(path)
                await _copy(path, files.begin_draft(path), key)
                files.replace_with_draft(path)
                files.remove_plain(path)
        except DatabaseDamaged as error:
            raise DatabaseDamaged(
                f"{path} is damaged",
                "take DATABASE_KEY out and start the bot, which sets it aside",
            ) from error
    return is_plain


async def _carry_log_over(path: Path) -> None:
    """Have all in the database, and the log still there, to be overwritten."""
    # The last connection to close deletes the log, unless it may only read.
    async with (
        connect(path, None, read_only=True) as last,
        connect(path, None, read_only=False) as writer,
    ):
        [(busy, _, _)] = await writer.execute_fetchall("PRAGMA wal_checkpoint(RESTART)")
        await last.execute_fetchall("PRAGMA user_version")
    if busy:
        raise DatabaseInUse(f"{path} is being read by another program", "close it and try again")


async def _copy(path: Path, draft: Path, key: bytes) -> None:
    """All that is in the file into an encrypted one, and look whether it is there."""
    async with connect(draft, key, read_only=False) as copy:
        await _attach(copy, path)
        await copy.execute_fetchall("BEGIN")
        await copy.execute_fetchall("SELECT sqlcipher_export('main', 'plain')")
        for name in ("application_id", "user_version"):
            [(value,)] = await copy.execute_fetchall(f"PRAGMA plain.{name}")
            await copy.execute_fetchall(f"PRAGMA main.{name}={value}")
        await copy.execute_fetchall("COMMIT")
    async with connect(draft, key, read_only=True) as copy:
        await _attach(copy, path)
        is_whole = await _counts(copy, "main") == await _counts(copy, "plain")
    if not is_whole or await is_damaged(draft, key):
        raise DatabaseUnavailable(
            f"{path} stays as it is, since its copy is not whole", "try again"
        )


async def _attach(copy: aiosqlite.Connection, path: Path) -> None:
    await copy.execute_fetchall("ATTACH ? AS plain KEY ''", (address(path, read_only=True),))


async def _counts(copy: aiosqlite.Connection, schema: str) -> dict[str, int]:
    """Rows by table, tables and triggers themselves included."""
    tables = await copy.execute_fetchall(
        f"SELECT name FROM {schema}.sqlite_schema WHERE type = 'table'"
    )
    counts = {}
    for name in ("sqlite_schema", *(name for (name,) in tables)):
        [(counts[name],)] = await copy.execute_fetchall(f"SELECT count(*) FROM {schema}.{name}")
    return counts
