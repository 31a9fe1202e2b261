"""Make backups: whole copies of the file, made while the bot runs."""

import logging
import os
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from pathlib import Path

from analytics import disk
from analytics.errors import AnalyticsError, BackupRefused, NoRoomForCopy
from analytics.notices import BackupFails, Notice
from analytics.sqlite import files, migrations, origins, refusals
from analytics.sqlite.belongings import BEFORE_MIGRATION, matching
from analytics.sqlite.connections import is_full, why
from analytics.sqlite.copying import copy, only_copy
from analytics.sqlite.origins import Origin

logger = logging.getLogger(__name__)

# Admins are notified at most this often that no backup could be made.
NOTIFY_EACH = timedelta(days=1)


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
        self._notified: datetime | None = None

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
            logger.error("backup failed: %s", error)
            if self._notified is None or now - self._notified >= NOTIFY_EACH:
                self._notified = now
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
        raise refusals.missing(path)
    try:
        if os.path.lexists(to):
            raise FileExistsError
        disk.create_folder(to.parent)
        async with only_copy(path, to), copy(path, to, database_key):
            files.publish(to)
    except FileExistsError:
        raise BackupRefused(f"{to} exists already", "give a path where nothing is") from None
    except OSError as error:
        refused = NoRoomForCopy if is_full(to, error) else BackupRefused
        raise refused(f"{to} cannot be made ({why(to, error)})", "give another path") from None


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


def _forget_migrated(path: Path, retention_days: int, now: datetime) -> None:
    """Delete copies from before a migration that are past retention."""
    oldest = (now - timedelta(days=retention_days)).timestamp()
    for file in matching(path, BEFORE_MIGRATION):
        if file.stat().st_mtime < oldest:
            file.unlink()


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
