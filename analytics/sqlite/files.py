"""Name, replace and set aside the files of a database."""

import os
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

from analytics import disk

# The first bytes of every database that is not encrypted.
MAGIC = b"SQLite format 3\0"

# Followed by the moment a database was set aside.
DAMAGED = ".damaged-"

# Device and inode of the database and of its write-ahead log.
Identity = tuple[tuple[int, int] | None, tuple[int, int] | None]


def wal(path: Path) -> Path:
    """Return the path of the write-ahead log of a database."""
    return path.with_name(f"{path.name}-wal")


def journal(path: Path) -> Path:
    """Return the path of the rollback journal, of a database without a write-ahead log.

    A backup, for example, has none yet.
    """
    return path.with_name(f"{path.name}-journal")


def spool(path: Path) -> Path:
    """Return the path where interactions wait while the database `path` cannot be written."""
    return path.with_name(f"{path.name}.spool")


def index(path: Path) -> Path:
    """Return the path of the index of the write-ahead log; SQLite makes it anew."""
    return path.with_name(f"{path.name}-shm")


def discard_index(path: Path) -> None:
    """Remove the log's index of a database that is only read, and by no other process."""
    index(path).unlink(missing_ok=True)


def discard_draft(path: Path) -> None:
    """Remove the draft of a database, for example one that a kill has left, and its log."""
    disk.discard_draft(path)
    discard_companions(disk.draft_of(path))


def publish(path: Path, *, over: bool = False) -> None:
    """Give the draft of a database the name `path`, as `disk.publish` does; remove its log."""
    try:
        disk.publish(path, over=over)
    finally:
        discard_companions(disk.draft_of(path))


def discard_companions(path: Path) -> None:
    """Remove the log, its index and the journal of a database that is gone, or is to be."""
    for file in (wal(path), index(path), journal(path)):
        file.unlink(missing_ok=True)


def plain(path: Path) -> Path:
    """Return the second name of a plain database that an encrypted one is replacing."""
    return path.with_name(f"{path.name}.plain")


def replace_with_draft(path: Path) -> None:
    """Give the draft the name of the plain database, which keeps its second name, `plain(path)`.

    The log must have been carried over: it is renamed first. A kill leaves one or the other
    database under the name, whole.
    """
    disk.sync(disk.draft_of(path))
    for beside in (wal, index):
        with suppress(FileNotFoundError):
            beside(path).rename(beside(plain(path)))
    disk.sync_folder(path.parent)
    try:
        os.link(path, plain(path))
    except OSError:
        # Without second names, as in `disk.publish`, the file has none for a moment: see
        # `undo_replacing`.
        path.rename(plain(path))
    disk.draft_of(path).replace(path)
    disk.sync_folder(path.parent)


def undo_replacing(path: Path) -> bool:
    """Give the plain database its name back if a kill came between the two renames.

    Return whether that was necessary.
    """
    if os.path.lexists(path) or not disk.size(plain(path)):
        return False
    plain(path).rename(path)
    disk.sync_folder(path.parent)
    return True


def remove_plain(path: Path) -> None:
    """Overwrite and remove the plain database, and its log, that `replace_with_draft` has left."""
    left = plain(path)
    for file in (left, wal(left), index(left)):
        if file.exists():
            # With a second name it is in use: the other file has not taken its place yet.
            if file.stat().st_nlink == 1:
                disk.overwrite(file)
            file.unlink()


def is_plain(path: Path) -> bool:
    """Return whether a file begins as a database that is not encrypted. Raises OSError."""
    return header(path).startswith(MAGIC)


def header(path: Path) -> bytes:
    """Return the first 72 bytes of a file, up to its application id. Raises OSError."""
    with path.open("rb") as file:
        return file.read(72)


def identity(path: Path) -> Identity:
    """Return device and inode of a database and its log, to see whether they were replaced.

    A database that is missing or was cut to nothing gives None instead of its numbers.
    """
    return _inode(path) if disk.size(path) else None, _inode(wal(path))


def _inode(path: Path) -> tuple[int, int] | None:
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino


def set_aside(path: Path) -> Path:
    """Rename a damaged database, with its log, to a name that says so, and return the new path.

    Each name is on the disk before the next: after a power cut a database that is still in its
    place has its log.
    """
    now = datetime.now(UTC)
    aside = path.with_name(f"{path.name}{DAMAGED}{now:%Y%m%dT%H%M%S.%fZ}")
    moved = []
    for old, new in ((path, aside), (wal(path), wal(aside)), (journal(path), journal(aside))):
        if old.exists():
            with suppress(OSError):  # not every file system has rights
                old.chmod(0o600)
            old.rename(new)
            disk.sync_folder(path.parent)
            moved.append(new)
    index(path).unlink(missing_ok=True)
    return moved[0]
