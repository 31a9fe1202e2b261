"""The files beside and behind the database: made private, recognised, reserved, set aside."""

import os
import shutil
from datetime import UTC, datetime
from pathlib import Path

# Given up when the disk is full, so that a checkpoint and a cleanup can run.
RESERVE_BYTES = 2 * 1024 * 1024

# Device and inode of the database and of its write-ahead log.
Identity = tuple[tuple[int, int] | None, tuple[int, int] | None]


class CannotOpen(Exception):
    """The file cannot be used as it is; the message says in a sentence why, and what to do."""


def wal(path: Path) -> Path:
    """The write-ahead log of a database."""
    return path.with_name(f"{path.name}-wal")


def create_private(path: Path) -> None:
    """Folder 0700, file 0600, which SQLite gives its companions too; what exists is left alone."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    if not path.exists():
        os.close(os.open(path, os.O_WRONLY | os.O_CREAT, 0o600))


def refuse_foreign(path: Path, application_id: int) -> None:
    """Raise CannotOpen for a file that is not ours, before anything is written beside it.

    Looks at the header alone: opening a database with SQLite may create its companions. A file
    of ours that was killed before its first checkpoint is empty, or has no table in its header.
    """
    with path.open("rb") as file:
        header = file.read(100)
    if not header:
        return
    if not header.startswith(b"SQLite format 3\0"):
        raise CannotOpen(f"{path} is not a database: set DATABASE_PATH to another file")
    schema_cookie, found_id = (int.from_bytes(header[at : at + 4], "big") for at in (40, 68))
    if found_id != application_id and (found_id or schema_cookie):
        raise CannotOpen(f"{path} belongs to another program: set DATABASE_PATH to another file")


def size(path: Path) -> int:
    """Bytes; 0 for a file that is not there."""
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return 0


def identity(path: Path) -> Identity:
    """Tells whether the path still leads to the files that were opened, not cut to nothing."""
    return _inode(path) if size(path) else None, _inode(wal(path))


def _inode(path: Path) -> tuple[int, int] | None:
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino


def set_aside(path: Path) -> Path:
    """Rename a damaged database, with its log, to a name that says so; returns the new path."""
    now = datetime.now(UTC)
    aside = path.with_name(f"{path.name}.damaged-{now:%Y%m%dT%H%M%S.%fZ}")
    for old, new in ((path, aside), (wal(path), wal(aside))):
        if old.exists():
            old.rename(new)
            new.chmod(0o600)
    # Only an index of the log, which SQLite makes anew.
    path.with_name(f"{path.name}-shm").unlink(missing_ok=True)
    return aside


def reserve(path: Path) -> Path:
    return path.with_name(f"{path.name}.reserve")


def keep_reserve(path: Path) -> None:
    """Have the reserve, if the disk has room for it and as much again."""
    if reserve(path).exists() or shutil.disk_usage(path.parent).free < 2 * RESERVE_BYTES:
        return
    descriptor = os.open(reserve(path), os.O_WRONLY | os.O_CREAT, 0o600)
    try:
        # Not a hole: zeros that are really there.
        if os.write(descriptor, bytes(RESERVE_BYTES)) < RESERVE_BYTES:
            give_up_reserve(path)
    except OSError:
        give_up_reserve(path)
    finally:
        os.close(descriptor)


def give_up_reserve(path: Path) -> bool:
    """True if there was one."""
    try:
        reserve(path).unlink()
    except FileNotFoundError:
        return False
    return True
