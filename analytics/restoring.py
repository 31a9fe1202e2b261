"""The way back: a backup in the place of the database."""

import os
from contextlib import ExitStack, suppress
from pathlib import Path

from analytics import files, locks
from analytics.backups import BackupRefused, check, copy
from analytics.connections import ERRORS, check_sqlite, connect
from analytics.keys import choose, mismatch


async def restore(
    source: Path,
    path: Path,
    key: bytes | None,
    pseudonymise: bool,
    database_key: bytes | None,
    *,
    force: bool = False,
) -> None:
    """Put the backup `source` in the place of the database `path`, which nobody may have open.

    `key` is None if it is in the key file. Raises BackupRefused, and CannotOpen while a bot runs
    or for another key than that of the backup; nothing has changed then. With `force`, a database
    at `path` is overwritten.
    """
    path = Path(os.path.realpath(path))
    if not source.exists():
        raise BackupRefused(f"{source} does not exist: give the path of a backup")
    if path.exists() and not force:
        raise BackupRefused(f"{path} exists already: --force overwrites it with the backup")
    check_sqlite(database_key)
    await check(source, database_key)
    written_with = await _written_with(source, database_key)
    references = choose(path, key, pseudonymise, written_with)
    if written_with != references.fingerprint:
        raise BackupRefused(mismatch(source, written_with, references))
    try:
        files.create_folder(path.parent)
        with ExitStack() as held:
            locks.own(path, held, locks.OWNER_PATIENCE)
            async with copy(source, path, database_key):
                if path.exists():
                    await _fold_log(path, database_key)
                # A log that belongs to another file would be replayed into this one.
                files.discard_companions(path)
                files.publish(path, over=True)
    except OSError as error:
        raise BackupRefused(f"{path} cannot be written ({error.strerror}): check its folder") from (
            None
        )


async def _written_with(path: Path, database_key: bytes | None) -> str | None:
    """The fingerprint of the key that the file was written with."""
    async with connect(path, database_key, read_only=True) as connection:
        rows = await connection.execute_fetchall(
            "SELECT value FROM file_settings WHERE name = 'references'"
        )
    return next((value for (value,) in rows), None)


async def _fold_log(path: Path, database_key: bytes | None) -> None:
    """Carry a database's log over into it, so that it is whole without one until it is replaced."""
    with suppress(*ERRORS):  # a damaged one is to be replaced as it is
        async with connect(path, database_key, read_only=False) as connection:
            await connection.execute_fetchall("PRAGMA wal_checkpoint(TRUNCATE)")
