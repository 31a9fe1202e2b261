"""Backups: whole copies of the file, made while the bot runs."""

import asyncio
import logging
import os
import shutil
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from pathlib import Path

import aiosqlite

from analytics.errors import (
    AnalyticsError,
    BackupRefused,
    DatabaseDamaged,
    DatabaseInaccessible,
    DiskFull,
    NotOurDatabase,
    WrongDatabaseKey,
)
from analytics.maintenance.copying import only_copy
from analytics.notices import BackupFails, Notice
from analytics.sqlite import files, migrations, origins
from analytics.sqlite.belongings import BEFORE_MIGRATION, matching
from analytics.sqlite.connections import (
    address,
    connect,
    is_full,
    set_pragmas,
    why,
)
from analytics.sqlite.origins import Origin

logger = logging.getLogger(__name__)

# How often admins are told that there is no backup.
TELL_EACH = timedelta(days=1)


class DailyBackups:
    """What the running bot does about backups: a new one each day, and the old ones go."""

    def __init__(
        self,
        path: Path,
        folder: Path | None,
        database_key: bytes | None,
        *,
        keep: int,
        retention_days: int,
        clock: Callable[[], datetime],
        note: Callable[[], Awaitable[None]],
        tell: Callable[[Notice], None],
    ) -> None:
        """Without a `folder`, only what was copied before a migration is deleted in time.

        `note` is called before each backup; `tell` takes what admins have to know.
        """
        self._path = Path(os.path.realpath(path))
        self._folder = folder
        self._database_key = database_key
        self._keep = keep
        self._retention_days = retention_days
        self._clock = clock
        self._note = note
        self._tell = tell
        self._told: datetime | None = None

    async def run(self) -> None:
        """A failure is logged, and told once a day: the next run tries again."""
        now, bounds = self._clock(), (self._keep, self._retention_days)
        try:
            _forget_migrated(self._path, self._retention_days, now)
            if self._folder is not None:
                await self._note()
                to = await backup_into(self._path, self._folder, self._database_key, *bounds, now)
                logger.info("backed up to %s", to)
        except (AnalyticsError, OSError) as error:
            logger.error("no backup: %s", error)
            if self._told is None or now - self._told >= TELL_EACH:
                self._told = now
                self._tell(BackupFails())

    async def last(self) -> datetime | None:
        """When the newest backup was made."""
        if self._folder is None:
            return None
        try:
            return await last_backup(self._path, self._folder, self._database_key, self._clock())
        except (AnalyticsError, OSError):
            return None  # the next run says why


async def backup(path: Path, to: Path, database_key: bytes | None) -> None:
    """Copy the database `path`, in use or not, to the new file `to`, with mode 0600.

    Of an encrypted one, with `database_key`, the copy is encrypted, too.

    The copy is of one moment, holds nothing of what was deleted, is checked and synced. Raises
    BackupRefused and leaves nothing behind if that is not possible, or if there is a file already;
    raises DatabaseMissing, and DatabaseInUse while another backup takes too long.
    """
    path = Path(os.path.realpath(path))
    if not path.is_file():
        raise files.missing(path)
    try:
        if os.path.lexists(to):
            raise FileExistsError
        files.create_folder(to.parent)
        async with only_copy(path, to), copy(path, to, database_key):
            files.publish(to)
    except FileExistsError:
        raise BackupRefused(f"{to} exists already", "give a path where nothing is") from None
    except OSError as error:
        raise BackupRefused(
            f"{to} cannot be made ({why(to, error)})", "give another path"
        ) from None


async def check(path: Path, database_key: bytes | None) -> None:
    """Raise an AnalyticsError unless the file is a whole database of a version known here."""
    answer, found = "", 0
    if database_key and files.size(path) and files.is_plain(path):
        raise WrongDatabaseKey(
            f"{path} is not encrypted", "take DATABASE_KEY out, restore it, and encrypt it then"
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
            "give another file, or set DATABASE_KEY if it is encrypted",
        )
    if answer != "ok":
        another = ", or has another DATABASE_KEY" if database_key else ""
        raise DatabaseDamaged(f"{path} is damaged{another}", "give another file")


def _may_be_ours(path: Path, database_key: bytes | None) -> bool:
    try:
        files.refuse_foreign(path, migrations.APPLICATION_ID, encrypted=database_key is not None)
    except AnalyticsError:
        return False
    return True


async def backup_into(
    path: Path,
    folder: Path,
    database_key: bytes | None,
    keep: int,
    retention_days: int | None,
    now: datetime,
) -> Path:
    """Back up into a folder under the name of the moment, then rotate; returns the new backup.

    Without `retention_days`, as the clock may be wrong, none is deleted for its age.
    """
    path = Path(os.path.realpath(path))
    of = await _origin(path, database_key)
    to = folder / of.backup_name(path, now)
    await backup(path, to, database_key)
    origins.rotate(await origins.backups(path, of, folder, database_key), keep, retention_days, now)
    return to


async def _origin(path: Path, database_key: bytes | None) -> Origin:
    """Raises an AnalyticsError where it cannot be read."""
    found = await origins.origin(path, database_key)
    if found.database_id is None:
        raise migrations.older(path)
    return found


async def before_migration(
    path: Path, version: int, writer: aiosqlite.Connection, database_key: bytes | None
) -> None:
    """Copy a database that is about to be changed for good, beside it; `version` 0 is a new one.

    Under one name, so that a start that is tried again and again does not fill the disk: a
    migration that did not come to its end left the file as it was.
    """
    if 0 < version < migrations.SCHEMA_VERSION:
        to = path.with_name(f"{path.name}.before-schema-{migrations.SCHEMA_VERSION}")
        files.discard_draft(to)
        # As AnalyticsService.note_backup.
        await writer.execute_fetchall(
            "INSERT INTO file_settings (name, value) VALUES ('last_backup', ?) "
            "ON CONFLICT DO UPDATE SET value = excluded.value",
            (int(time.time()),),
        )
        files.discard_draft(to)  # a kill while it was copied
        async with copy(path, to, database_key):
            files.publish(to, over=True)


def _forget_migrated(path: Path, retention_days: int, now: datetime) -> None:
    """What was copied before a migration is not kept past retention, either."""
    oldest = (now - timedelta(days=retention_days)).timestamp()
    for copy in matching(path, BEFORE_MIGRATION):
        if copy.stat().st_mtime < oldest:
            copy.unlink()


async def last_backup(
    path: Path, folder: Path, database_key: bytes | None, now: datetime
) -> datetime | None:
    """When the newest backup was made, leaving out what has a date in the future.

    Raises an AnalyticsError if the database cannot be read.
    """
    path = Path(os.path.realpath(path))
    of = await _origin(path, database_key)
    made = await origins.backups(path, of, folder, database_key)
    return max((at for at, _ in made if at <= now), default=None)


@asynccontextmanager
async def copy(source: Path, to: Path, database_key: bytes | None) -> AsyncIterator[Path]:
    """A checked draft of `to`, to be published; what is left of it is removed."""
    _refuse_without_room(source, to)
    try:
        # VACUUM INTO takes an empty file as it is, with its mode.
        draft = files.begin_draft(to)
        try:
            await _vacuum_into(source, draft, database_key)
            await _leave_out_erasures(draft, database_key)
            await check(draft, database_key)
        except AnalyticsError as error:
            what = "the disk is full" if _is_full(to, error) else error.problem
            raise BackupRefused(
                f"{source} cannot be copied to {to} ({what})", "make room, or give another path"
            ) from error
        yield draft
    finally:
        files.discard_draft(to)


def _is_full(to: Path, error: AnalyticsError) -> bool:
    """Whether the disk of the database or of its copy is: a limit on the size of files ends a copy
    before it is as large as what it is of.
    """
    cause = error.__cause__
    return isinstance(error, DiskFull) or (isinstance(cause, Exception) and is_full(to, cause))


async def _vacuum_into(source: Path, draft: Path, database_key: bytes | None) -> None:
    """`Connection.backup` would copy what is left of deleted rows, and never end under writes."""
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
    """In a backup they would outlive those of the database, by as much as the backup does."""
    async with connect(draft, database_key, read_only=False) as connection:
        # Zeroed in place: nothing of it in a journal, and a kill leaves a draft.
        await set_pragmas(connection, {"journal_mode": "off", "secure_delete": 1})
        if await migrations.has_table(connection, "erasures"):
            await connection.execute_fetchall("DELETE FROM erasures")


def _refuse_without_room(source: Path, to: Path) -> None:
    """A backup must not be what fills the disk of the bot."""
    needed = files.size(source) + files.size(files.wal(source)) + 2 * files.RESERVE_BYTES
    if shutil.disk_usage(to.parent).free < needed:
        raise BackupRefused(
            f"{to.parent} has too little room for a copy", f"make {needed / 2**20:,.0f} MiB free"
        )
