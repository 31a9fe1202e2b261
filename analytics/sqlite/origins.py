"""Find and rotate the backups of a database in a folder that others may use as well."""

import re
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from analytics import disk
from analytics.errors import AnalyticsError, DatabaseDamaged
from analytics.sqlite import files
from analytics.sqlite.connections import connect

# The moment a backup was made, in its name: names in order are in the order of time.
MOMENT = "%Y%m%dT%H%M%SZ"
# The moment is followed by the id of the database; backups of earlier versions have no id.
NAME = re.compile(
    r"(?P<stem>.+)-(?P<moment>\d{8}T\d{6}Z)(-(?P<database_id>[0-9a-f]{16}))?\.sqlite3"
    rf"(?P<draft>{re.escape(disk.UNFINISHED)}(-wal|-shm|-journal)?)?",
    re.ASCII | re.DOTALL,
)
# Names in file_settings: a random id that is made with the file, the fingerprint of its key, and
# when recording began.
DATABASE_ID = "database_id"
NAMES = (DATABASE_ID, "references", "recording_began")
FACTS = "SELECT name, value FROM file_settings WHERE name IN (?, ?, ?)"


@dataclass(frozen=True, slots=True)
class Origin:
    """The marks that tell a database from others: its id, its key's fingerprint, its beginning.

    `began` is in Unix seconds. None is not known.
    """

    database_id: str | None
    references: str | None
    began: int | None

    def backup_name(self, path: Path, now: datetime) -> str:
        return f"{path.stem}-{now.astimezone(UTC):{MOMENT}}-{self.database_id}.sqlite3"


async def origin(path: Path, database_key: bytes | None) -> Origin:
    """Read what tells a database, or a backup, from others; all None unless it is a regular file.

    Raises AnalyticsError if the file cannot be read with this key, 32 bytes.
    """
    if not disk.is_regular(path):
        return Origin(None, None, None)
    try:
        return await _read(path, database_key)
    except DatabaseDamaged:
        # Not before: to close a file that SQLite has open, too, would drop this process's locks.
        if not database_key or not files.is_plain(path):
            raise
        return await _read(path, None)  # a backup that was made before `encrypt`


async def _read(path: Path, database_key: bytes | None) -> Origin:
    async with connect(path, database_key, read_only=True) as connection:
        found = {row[0]: row[1] for row in await connection.execute_fetchall(FACTS, NAMES)}
    return Origin(*(found.get(name) for name in NAMES))


async def id_of_damaged(path: Path, database_key: bytes | None) -> str | None:
    """Return the id of a damaged database, by which its backups are still known.

    None if it cannot be read.
    """
    try:
        return (await origin(path, database_key)).database_id
    except (AnalyticsError, OSError):
        return None
    finally:
        files.discard_index(path)


async def backups(
    path: Path, of: Origin, folder: Path, database_key: bytes | None
) -> list[tuple[datetime, Path]]:
    """Return the backups of the database `path` in a folder, each with its moment, oldest first.

    Unfinished ones are left out.
    """
    found = []
    for match, file in _named(folder):
        if not match["draft"] and await _is_of(file, match, path, of, database_key):
            with suppress(ValueError):
                made = datetime.strptime(match["moment"], MOMENT).replace(tzinfo=UTC)
                found.append((made, file))
    return sorted(found)


async def all_backups(
    path: Path, of: Origin, folder: Path, database_key: bytes | None
) -> tuple[list[Path], list[Path]]:
    """Return two lists: the database's backups in a folder, and others' with the same file name.

    The database's own include unfinished ones.
    """
    own, others = [], []
    for match, file in _named(folder):
        if await _is_of(file, match, path, of, database_key):
            own.append(file)
        elif match["stem"] == path.stem:
            others.append(file)
    return own, others


def rotate(
    made: list[tuple[datetime, Path]], keep: int, retention_days: int | None, now: datetime
) -> int:
    """Delete the backups that are past retention, and all but the newest `keep`; return how many.

    Without `retention_days` none is deleted for its age. Backups with a date in the future were
    made while the clock was wrong, and are left for a person to decide about.
    Raises OSError if one cannot be deleted.
    """
    past = sorted((each for each in made if each[0] <= now), reverse=True)
    oldest = now - timedelta(days=retention_days) if retention_days else None
    gone = [file for n, (at, file) in enumerate(past) if n >= keep or (oldest and at < oldest)]
    for file in gone:
        file.unlink()
    return len(gone)


def _named(folder: Path) -> Iterator[tuple[re.Match[str], Path]]:
    with suppress(FileNotFoundError, NotADirectoryError):
        for file in sorted(folder.iterdir()):
            if match := NAME.fullmatch(file.name):
                yield match, file


async def _is_of(
    file: Path, match: re.Match[str], path: Path, of: Origin, database_key: bytes | None
) -> bool:
    if match["database_id"]:
        return match["database_id"] == of.database_id
    # A backup of an earlier version is known by its content: another bot's may have this name, too.
    if match["stem"] != path.stem or of.references is None:
        return False
    try:
        found = await origin(file, database_key)
    except (AnalyticsError, OSError):
        return False
    return (found.references, found.began) == (of.references, of.began)
