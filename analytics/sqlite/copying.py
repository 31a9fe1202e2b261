"""Copy a database file whole, at one moment and without what was deleted.

A note beside the database tells which copy is being made, so that what a kill left is found.
"""

import asyncio
import os
import shutil
import time
from collections.abc import AsyncIterator
from contextlib import ExitStack, asynccontextmanager
from pathlib import Path

import aiosqlite

from analytics import disk
from analytics.errors import (
    AnalyticsError,
    BackupRefused,
    DatabaseDamaged,
    DatabaseInaccessible,
    DatabaseInUse,
    DiskFull,
    NoRoomForCopy,
    NotOurDatabase,
    WrongDatabaseKey,
)
from analytics.sqlite import files, locks, migrations, refusals, reserve
from analytics.sqlite.belongings import COMPANION, matching
from analytics.sqlite.connections import address, connect, is_full, set_pragmas

# How long a backup waits for another one of the same database, in seconds.
OTHER_COPY_TIMEOUT = 60.0
# An unfinished copy that is not noted, and has not grown for this many seconds, was left by a kill.
SURELY_LEFT = 3600


@asynccontextmanager
async def only_copy(path: Path, to: Path) -> AsyncIterator[None]:
    """Become the only process that copies the database `path`, to the draft of `to`.

    What a killed one left is removed before. Raises DatabaseInUse if another one takes longer than
    60 seconds, and BackupRefused if another program's draft is there, younger than an hour.
    """
    with ExitStack() as held:
        given_up = time.monotonic() + OTHER_COPY_TIMEOUT
        while not locks.be_the_copier(path, held):
            if time.monotonic() > given_up:
                raise DatabaseInUse(f"a backup of {path} is being made", "try again later")
            await asyncio.sleep(0.1)
        _sweep(path)
        _refuse_draft_of_others(disk.draft_of(to))
        _write_note(path, to)
        try:
            yield
        finally:
            note(path).unlink(missing_ok=True)


def sweep(path: Path) -> None:
    """Remove what a killed backup left, unless one is being made."""
    with ExitStack() as held:
        if note(path).exists() and locks.be_the_copier(path, held):
            _sweep(path)


def unfinished(path: Path) -> list[Path]:
    """Return the existing files of the copy that was being made, in whatever folder."""
    if not disk.is_regular(note(path)):
        return []
    to = Path(os.fsdecode(note(path).read_bytes()))
    return matching(disk.draft_of(to), COMPANION) if to.is_absolute() else []


def note(path: Path) -> Path:
    return path.with_name(f"{path.name}.copying")


def _sweep(path: Path) -> None:
    for file in unfinished(path):
        file.unlink(missing_ok=True)
    note(path).unlink(missing_ok=True)


def _write_note(path: Path, to: Path) -> None:
    descriptor = os.open(note(path), os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(os.fsencode(to.absolute()))
        file.flush()
        os.fsync(descriptor)


def _refuse_draft_of_others(draft: Path) -> None:
    if not os.path.lexists(draft):
        return
    if not disk.is_regular(draft) or time.time() - draft.stat().st_mtime < SURELY_LEFT:
        raise BackupRefused(
            f"{draft} is being written by another program, or left over from one",
            "wait until that ends, or delete it",
        )
    for file in matching(draft, COMPANION):
        file.unlink()


@asynccontextmanager
async def copy(source: Path, to: Path, database_key: bytes | None) -> AsyncIterator[Path]:
    """Copy `source` to a checked draft of `to`, to be published; on leaving, remove the draft.

    Raises BackupRefused if there is too little room, or the copy fails; FileExistsError if there is
    a draft already.
    """
    _refuse_without_room(source, to)
    try:
        # VACUUM INTO takes an empty file as it is, with its mode.
        draft = disk.begin_draft(to)
        try:
            await _vacuum_into(source, draft, database_key)
            await _leave_out_erasures(draft, database_key)
            await check(draft, database_key)
            await asyncio.to_thread(disk.sync, draft)  # which takes long
        except AnalyticsError as error:
            full = _is_full(to, error)
            what = "the disk is full" if full else error.problem
            raise (NoRoomForCopy if full else BackupRefused)(
                f"{source} cannot be copied to {to} ({what})", "free up space, or give another path"
            ) from error
        yield draft
    finally:
        files.discard_draft(to)


async def before_migration(
    path: Path, version: int, writer: aiosqlite.Connection, database_key: bytes | None
) -> None:
    """Copy a database that is about to be migrated, beside it; `version` 0, a new one, is not.

    The name is always the same, so that repeated starts do not fill the disk: a migration that did
    not complete left the file as it was. Raises BackupRefused if it cannot be copied.
    """
    if 0 < version < migrations.SCHEMA_VERSION:
        to = path.with_name(f"{path.name}.before-schema-{migrations.SCHEMA_VERSION}")
        files.discard_draft(to)
        # The same note as Maintenance.note_backup makes.
        await writer.execute_fetchall(
            "INSERT INTO file_settings (name, value) VALUES ('last_backup', ?) "
            "ON CONFLICT DO UPDATE SET value = excluded.value",
            (int(time.time()),),
        )
        files.discard_draft(to)  # left by a kill while it was copied
        async with copy(path, to, database_key):
            files.publish(to, over=True)


async def check(path: Path, database_key: bytes | None) -> None:
    """Raise an AnalyticsError unless the file is a whole database of a known version.

    That is WrongDatabaseKey for a plain file with a key given, NotOurDatabase for another program's
    file, NewerSchema for a newer version, DatabaseDamaged, or DatabaseInaccessible.
    """
    answer, found = "", 0
    if database_key and disk.size(path) and files.is_plain(path):
        raise WrongDatabaseKey(
            f"{path} is not encrypted", "unset DATABASE_KEY, restore it, then encrypt it"
        )
    try:
        async with connect(path, database_key, read_only=True) as connection:
            [(found,)] = await connection.execute_fetchall("PRAGMA application_id")
            if found == migrations.APPLICATION_ID:
                await migrations.version(path, connection, may_be_old=True)
                [(answer,)] = await connection.execute_fetchall("PRAGMA quick_check(1)")
    except DatabaseInaccessible as error:
        raise DatabaseInaccessible(error.problem, "give another file") from error
    except DatabaseDamaged:
        if _may_be_ours(path, database_key):
            found = migrations.APPLICATION_ID
    if found != migrations.APPLICATION_ID:
        raise NotOurDatabase(
            f"{path} is not a database of this program",
            "name another file, or set DATABASE_KEY if it is encrypted",
        )
    if answer != "ok":
        another = ", or has another DATABASE_KEY" if database_key else ""
        raise DatabaseDamaged(f"{path} is damaged{another}", "give another file")


def _may_be_ours(path: Path, database_key: bytes | None) -> bool:
    try:
        refusals.refuse_foreign(path, migrations.APPLICATION_ID, encrypted=database_key is not None)
    except AnalyticsError:
        return False
    return True


def _is_full(to: Path, error: AnalyticsError) -> bool:
    """Return whether the disk of the database or of its copy is full.

    A limit on the size of files ends a copy before it is as large as its source.
    """
    cause = error.__cause__
    return isinstance(error, DiskFull) or (isinstance(cause, Exception) and is_full(to, cause))


async def _vacuum_into(source: Path, draft: Path, database_key: bytes | None) -> None:
    """Copy by VACUUM INTO.

    `Connection.backup` would copy what is left of deleted rows, and never end under writes.
    """
    async with connect(source, database_key, read_only=True) as connection:
        await set_pragmas(connection, {"temp_store": 2, "busy_timeout": 60_000})
        copying = asyncio.ensure_future(
            connection.execute_fetchall("VACUUM INTO ?", (address(draft, read_only=False),))
        )
        try:
            await asyncio.shield(copying)
        except asyncio.CancelledError:
            # Cancelling does not reach the statement.
            await connection.interrupt()
            await asyncio.wait({copying})
            copying.exception()
            raise


async def _leave_out_erasures(draft: Path, database_key: bytes | None) -> None:
    """Delete the listed erasures from the copy: there they would be kept longer than they should.

    They would outlive those of the database by as much as the backup does.
    """
    async with connect(draft, database_key, read_only=False) as connection:
        # Zeroed in place: nothing of it in a journal, and a kill leaves a draft.
        await set_pragmas(connection, {"journal_mode": "off", "secure_delete": 1})
        if await migrations.has_table(connection, "erasures"):
            await connection.execute_fetchall("DELETE FROM erasures")


def _refuse_without_room(source: Path, to: Path) -> None:
    """Raise BackupRefused without enough free space: a backup must not fill the bot's disk."""
    needed = disk.size(source) + disk.size(files.wal(source)) + 2 * reserve.RESERVE_BYTES
    if shutil.disk_usage(to.parent).free < needed:
        raise NoRoomForCopy(
            f"{to.parent} has too little space for a copy", f"free up {needed / 2**20:,.0f} MiB"
        )
