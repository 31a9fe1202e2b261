"""Make backups: whole copies of the file, made while the bot runs."""

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
    NoRoomForCopy,
    NotOurDatabase,
    WrongDatabaseKey,
)
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
from analytics.sqlite.copying import only_copy
from analytics.sqlite.origins import Origin

logger = logging.getLogger(__name__)

# Admins are notified at most this often that no backup could be made.
TELL_EACH = timedelta(days=1)


class DailyBackups:
    """The backups of a running bot: makes a new one each day, and deletes the old ones."""

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
        """Take the folder, and how many backups and days to keep.

        Without a `folder` no backup is made; only copies from before a migration are deleted when
        past retention. `note` is called before each backup, `tell` with a notice for admins.
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
        """Make a backup, and delete the old ones.

        A failure is logged, and admins are notified once a day; the next run tries again.
        """
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
        """Return when the newest backup was made; None without any, or if that cannot be read."""
        if self._folder is None:
            return None
        try:
            return await last_backup(self._path, self._folder, self._database_key, self._clock())
        except (AnalyticsError, OSError):
            return None  # the next run says why


async def backup(path: Path, to: Path, database_key: bytes | None) -> None:
    """Copy the database `path`, in use or not, to the new file `to`, with mode 0600.

    With the `database_key` of an encrypted database, the copy is encrypted, too. The copy is of one
    moment, holds nothing of what was deleted, and is checked and synced.
    Raises BackupRefused, leaving nothing behind, if that is not possible or `to` exists;
    DatabaseMissing if there is no database; DatabaseInUse if another backup of it takes longer than
    60 seconds.
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
        refused = NoRoomForCopy if is_full(to, error) else BackupRefused
        raise refused(f"{to} cannot be made ({why(to, error)})", "give another path") from None


async def check(path: Path, database_key: bytes | None) -> None:
    """Raise an AnalyticsError unless the file is a whole database of a known version.

    That is WrongDatabaseKey for a plain file with a key given, NotOurDatabase for another program's
    file, NewerSchema for a newer version, DatabaseDamaged, or DatabaseInaccessible.
    """
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
    """Back up into a folder, under a name with the moment, then rotate; return the new backup.

    All but the newest `keep` are deleted, and those older than `retention_days`. Without
    `retention_days`, as the clock may be wrong, none is deleted for its age.
    Raises an AnalyticsError if the database cannot be read or copied, OlderSchema if it has no id
    yet, and OSError if an old backup cannot be deleted.
    """
    path = Path(os.path.realpath(path))
    of = await _origin(path, database_key)
    to = folder / of.backup_name(path, now)
    await backup(path, to, database_key)
    origins.rotate(await origins.backups(path, of, folder, database_key), keep, retention_days, now)
    return to


async def _origin(path: Path, database_key: bytes | None) -> Origin:
    """Return what tells the database from others. Raises an AnalyticsError if it cannot be read."""
    found = await origins.origin(path, database_key)
    if found.database_id is None:
        raise migrations.older(path)
    return found


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
        # The same note as AnalyticsService.note_backup makes.
        await writer.execute_fetchall(
            "INSERT INTO file_settings (name, value) VALUES ('last_backup', ?) "
            "ON CONFLICT DO UPDATE SET value = excluded.value",
            (int(time.time()),),
        )
        files.discard_draft(to)  # left by a kill while it was copied
        async with copy(path, to, database_key):
            files.publish(to, over=True)


def _forget_migrated(path: Path, retention_days: int, now: datetime) -> None:
    """Delete copies from before a migration that are past retention."""
    oldest = (now - timedelta(days=retention_days)).timestamp()
    for copy in matching(path, BEFORE_MIGRATION):
        if copy.stat().st_mtime < oldest:
            copy.unlink()


async def last_backup(
    path: Path, folder: Path, database_key: bytes | None, now: datetime
) -> datetime | None:
    """Return when the newest backup was made, None without any.

    Backups with a date in the future are ignored.
    Raises an AnalyticsError if the database cannot be read, OlderSchema if it has no id yet.
    """
    path = Path(os.path.realpath(path))
    of = await _origin(path, database_key)
    made = await origins.backups(path, of, folder, database_key)
    return max((at for at, _ in made if at <= now), default=None)


@asynccontextmanager
async def copy(source: Path, to: Path, database_key: bytes | None) -> AsyncIterator[Path]:
    """Copy `source` to a checked draft of `to`, to be published; on leaving, remove the draft.

    Raises BackupRefused if there is too little room, or the copy fails; FileExistsError if there is
    a draft already.
    """
    _refuse_without_room(source, to)
    try:
        # VACUUM INTO takes an empty file as it is, with its mode.
        draft = files.begin_draft(to)
        try:
            await _vacuum_into(source, draft, database_key)
            await _leave_out_erasures(draft, database_key)
            await check(draft, database_key)
        except AnalyticsError as error:
            full = _is_full(to, error)
            what = "the disk is full" if full else error.problem
            raise (NoRoomForCopy if full else BackupRefused)(
                f"{source} cannot be copied to {to} ({what})", "make room, or give another path"
            ) from error
        yield draft
    finally:
        files.discard_draft(to)


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
    needed = files.size(source) + files.size(files.wal(source)) + 2 * files.RESERVE_BYTES
    if shutil.disk_usage(to.parent).free < needed:
        raise NoRoomForCopy(
            f"{to.parent} has too little room for a copy", f"make {needed / 2**20:,.0f} MiB free"
        )
