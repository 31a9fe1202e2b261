"""Wipe a bot: delete everything it kept about anyone."""

import os
from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from analytics import disk
from analytics.errors import (
    AnalyticsError,
    DatabaseInUse,
    DatabaseMissing,
    NotOurDatabase,
    WipeIncomplete,
)
from analytics.sqlite import locks, origins, refusals
from analytics.sqlite.belongings import (
    LOCKS,
    all_set_aside,
    belongings,
    belongings_of_key,
    matching,
    sharing_key,
)
from analytics.sqlite.copying import unfinished
from analytics.sqlite.origins import Origin


@dataclass
class Wipe:
    """The files to delete, keys first, and those to leave though they look alike."""

    files: list[Path]
    backups_of_others: list[Path] = field(default_factory=list)
    sharing_key_file: list[Path] = field(default_factory=list)
    """Other databases with the same key file, which therefore stays."""

    def delete_files(self) -> Iterator[Path]:
        """Overwrite and delete each file, and yield it; a link is removed, not followed.

        Raises WipeIncomplete at the end, naming what could not be deleted.
        """
        failed = []
        for file in self.files:
            try:
                if disk.is_regular(file):
                    disk.overwrite(file)
                file.unlink()
            except FileNotFoundError:
                continue
            except OSError as error:
                failed.append(f"{file} ({error.strerror})")
            else:
                yield file
        for folder in {file.parent for file in self.files}:
            disk.sync_folder(folder)
        if failed:
            raise WipeIncomplete(
                f"these files could not be deleted: {', '.join(failed)}",
                "resolve the cause, and run the command again",
            )


@asynccontextmanager
async def everything(
    path: Path, backup_dir: Path | None, database_key: bytes | None
) -> AsyncIterator[Wipe]:
    """Find all files of a database: itself, its key, what was made beside it, and its backups.

    No bot or command can use it until this is left.
    Raises DatabaseInUse while one does or a backup is being made, DatabaseMissing if nothing is
    there, and NotOurDatabase for a folder in the place of a file; nothing has changed then.
    """
    path = Path(os.path.realpath(path))
    refusals.refuse_key_name(path)
    if not belongings(path):
        raise DatabaseMissing(f"{path} does not exist", "there is nothing to erase")
    with ExitStack() as held:
        locks.be_alone(path, held)
        if not locks.be_the_copier(path, held):
            raise DatabaseInUse(f"a backup of {path} is being made", "try again later")
        copies: list[Path] = []
        others: list[Path] = []
        if backup_dir:
            of = await _known_by(path, database_key)
            copies, others = await origins.all_backups(path, of, backup_dir, database_key)
        # Only now, since reading the database may make its companions.
        shared = sharing_key(path)
        locked = matching(path, LOCKS)
        keys = belongings_of_key(path)
        own = [file for file in belongings(path) if file not in (*locked, *keys)]
        own += [*unfinished(path), *copies]
        wipe = Wipe(own if shared else [*keys, *own], others, shared)
        if not wipe.files:
            raise DatabaseMissing(f"{path} does not exist", "there is nothing to erase")
        for file in wipe.files:
            if not file.is_symlink() and file.exists() and not file.is_file():
                raise NotOurDatabase(f"{file} is not a file", "nothing was erased, move it away")
        yield wipe
    if not os.path.lexists(path):
        for lock in locked:
            lock.unlink(missing_ok=True)


async def _known_by(path: Path, database_key: bytes | None) -> Origin:
    """Return what tells the database from others, read from it or from a damaged one set aside."""
    for file in (path, *reversed(all_set_aside(path))):
        try:
            refusals.refuse_special(file)
            of = await origins.origin(file, database_key)
        except (AnalyticsError, OSError):
            continue
        if of.database_id or of.references:
            return of
    return Origin(None, None, None)
