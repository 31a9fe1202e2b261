"""Name, make, replace, reserve and set aside the files of a database, whole and private."""

import os
import shutil
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

from analytics.errors import DatabaseMissing, NotOurDatabase, WrongDatabaseKey

# Given up when the disk is full, so that a checkpoint and a cleanup can run.
RESERVE_BYTES = 2 * 1024 * 1024

# The first bytes of every database that is not encrypted.
MAGIC = b"SQLite format 3\0"

# The end of a draft's name.
UNFINISHED = ".unfinished"
# Followed by the moment a database was set aside.
DAMAGED = ".damaged-"
# Suffixes in place of the database's own: its key, and the one that is to replace it.
KEY, NEXT_KEY = ".key", ".new-key"

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


def _index(path: Path) -> Path:
    """Return the path of the index of the write-ahead log; SQLite makes it anew."""
    return path.with_name(f"{path.name}-shm")


def real(path: Path) -> Path:
    """Return what a link leads to: all that belongs to a database is beside the file itself."""
    return Path(os.path.realpath(path)) if path.is_symlink() else path


def create_folder(folder: Path) -> None:
    """Make a folder, and what is missing above it, so that it survives a power cut.

    The folder has mode 0700; an existing one is left as it is.
    """
    missing = [each for each in (folder, *folder.parents) if not each.exists()]
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    for made in missing:
        sync_folder(made.parent)


def sync_folder(folder: Path) -> None:
    """Sync a folder to the disk: only then do new names in it survive a power cut."""
    # Some file systems refuse it: there it has to do without.
    with suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def begin_draft(path: Path, content: bytes = b"") -> Path:
    """Make a file, mode 0600, that `publish` gives the name `path` once it is whole.

    Raises FileExistsError while another process writes one, or after a kill: a caller who knows
    that there is no other process calls `discard_draft` before.
    """
    draft = draft_of(path)
    # Never through a link: O_EXCL refuses one.
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(content)
    return draft


def discard_index(path: Path) -> None:
    """Remove the log's index of a database that is only read, and by no other process."""
    _index(path).unlink(missing_ok=True)


def publish(path: Path, *, over: bool = False) -> None:
    """Give the draft the name `path`; a kill leaves all of it under that name, or none of it.

    An existing file is replaced if `over`; otherwise raises FileExistsError.
    """
    draft = draft_of(path)
    with draft.open("rb") as file:
        os.fsync(file.fileno())
    try:
        if over:
            draft.replace(path)
        else:
            _name(draft, path)
    finally:
        discard_draft(path)
    sync_folder(path.parent)


def _name(draft: Path, path: Path) -> None:
    """Give the draft its name. Raises FileExistsError rather than replace a file."""
    try:
        os.link(draft, path)
    except FileExistsError:
        raise
    except OSError:
        # FAT, exFAT, Android and some of FUSE have no second names, and each says so with an error
        # of its own. Of our processes only the one that made the draft can be here; and a kill
        # leaves no name to an empty file, as one would that holds the place first.
        if os.path.lexists(path):
            raise FileExistsError from None
        draft.rename(path)


def discard_draft(path: Path) -> None:
    """Remove the draft of `path`, for example one that a kill has left."""
    draft = draft_of(path)
    draft.unlink(missing_ok=True)
    discard_companions(draft)


def discard_companions(path: Path) -> None:
    """Remove the log, its index and the journal of a database that is gone, or is to be."""
    for file in (wal(path), _index(path), journal(path)):
        file.unlink(missing_ok=True)


def draft_of(path: Path) -> Path:
    return path.with_name(f"{path.name}{UNFINISHED}")


def plain(path: Path) -> Path:
    """Return the second name of a plain database that an encrypted one is replacing."""
    return path.with_name(f"{path.name}.plain")


def replace_with_draft(path: Path) -> None:
    """Give the draft the name of the plain database, which keeps its second name, `plain(path)`.

    The log must have been carried over: it is renamed first. A kill leaves one or the other
    database under the name, whole.
    """
    with draft_of(path).open("rb") as file:
        os.fsync(file.fileno())
    for beside in (wal, _index):
        with suppress(FileNotFoundError):
            beside(path).rename(beside(plain(path)))
    sync_folder(path.parent)
    try:
        os.link(path, plain(path))
    except OSError:
        # Without second names (as in `_name`) the file has none for a moment: see `undo_replacing`.
        path.rename(plain(path))
    draft_of(path).replace(path)
    sync_folder(path.parent)


def undo_replacing(path: Path) -> bool:
    """Give the plain database its name back if a kill came between the two renames.

    Return whether that was necessary.
    """
    if os.path.lexists(path) or not size(plain(path)):
        return False
    plain(path).rename(path)
    sync_folder(path.parent)
    return True


def remove_plain(path: Path) -> None:
    """Overwrite and remove the plain database, and its log, that `replace_with_draft` has left."""
    left = plain(path)
    for file in (left, wal(left), _index(left)):
        if file.exists():
            # With a second name it is in use: the other file has not taken its place yet.
            if file.stat().st_nlink == 1:
                overwrite(file)
            file.unlink()


def overwrite(file: Path) -> None:
    """Overwrite a file with zeros in its place; what the disk itself keeps of it is out of reach.

    Raises OSError for a link.
    """
    descriptor = os.open(file, os.O_RDWR | getattr(os, "O_NOFOLLOW", 0))
    with os.fdopen(descriptor, "r+b") as content:
        left = os.fstat(descriptor).st_size
        while left > 0:
            left -= content.write(bytes(min(left, 1024 * 1024)))
        content.flush()
        os.fsync(content.fileno())


def is_plain(path: Path) -> bool:
    """Return whether a file begins as a database that is not encrypted. Raises OSError."""
    return _header(path).startswith(MAGIC)


def _header(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(72)


def refuse_key_name(path: Path) -> None:
    if path.suffix in (KEY, NEXT_KEY):
        raise NotOurDatabase(
            f"{path} has the name of a key file", "set DATABASE_PATH to another name"
        )


def refuse_special(path: Path) -> None:
    """Raise NotOurDatabase for a folder, a pipe, which would block, or the name of a key file.

    Also raise it where SQLite would write through a link to a file that is not ours.
    """
    if path.exists() and not path.is_file():
        raise NotOurDatabase(f"{path} is not a file", "set DATABASE_PATH to the path of a file")
    refuse_key_name(path)
    for companion in (wal(path), _index(path), journal(path)):
        if companion.is_symlink():
            raise NotOurDatabase(f"{companion} is a link, and would be written to", "remove it")


def refuse_foreign(path: Path, application_id: int, *, encrypted: bool) -> None:
    """Raise NotOurDatabase for a path that is not ours, before anything is written there.

    Also raise WrongDatabaseKey for a plain file that should be `encrypted`.

    Only the header is read: opening a database with SQLite may create its companions. A path that
    leads to nothing or to an empty file is free; an encrypted file is accepted, since only its key
    tells more.
    """
    refuse_special(path)
    if not size(path):
        return
    if not is_plain(path):
        if encrypted:
            return
        raise NotOurDatabase(
            f"{path} is not a database",
            "set DATABASE_PATH to another file, or DATABASE_KEY if it is encrypted",
        )
    if int.from_bytes(_header(path)[68:], "big") != application_id:
        raise foreign(path)
    if encrypted:
        raise WrongDatabaseKey(
            f"{path} is not encrypted", "run python main.py encrypt, or take DATABASE_KEY out"
        )


def refuse_missing(path: Path) -> None:
    """Raise DatabaseMissing if there is no database at `path`, for a command that needs one."""
    if not size(path) and not size(plain(path)):
        raise missing(path)


def missing(path: Path) -> DatabaseMissing:
    return DatabaseMissing(f"{path} does not exist", "start the bot first, or set DATABASE_PATH")


def foreign(path: Path) -> NotOurDatabase:
    return NotOurDatabase(f"{path} belongs to another program", "set DATABASE_PATH to another file")


def size(path: Path) -> int:
    """Return the size of a file in bytes, 0 if it does not exist."""
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return 0


def is_regular(path: Path) -> bool:
    """Return whether a path is a file, and no link, folder, pipe or device."""
    return not path.is_symlink() and path.is_file()


def identity(path: Path) -> Identity:
    """Return device and inode of a database and its log, to see whether they were replaced.

    A database that is missing or was cut to nothing gives None instead of its numbers.
    """
    return _inode(path) if size(path) else None, _inode(wal(path))


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
            sync_folder(path.parent)
            moved.append(new)
    _index(path).unlink(missing_ok=True)
    return moved[0]


def reserve(path: Path) -> Path:
    return path.with_name(f"{path.name}.reserve")


def keep_reserve(path: Path) -> None:
    """Make the reserve of 2 MiB, if the disk has room for it and as much again."""
    if is_regular(reserve(path)) and size(reserve(path)) >= RESERVE_BYTES:
        return
    try:
        if shutil.disk_usage(path.parent).free < 2 * RESERVE_BYTES:
            return
        # Made anew, since a link, or a file with a second name, may not be ours to write to.
        reserve(path).unlink(missing_ok=True)
        descriptor = os.open(reserve(path), os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except OSError:
        return  # the folder is gone or read-only, as the next statement will find
    try:
        # Random, since some file systems do not store zeros.
        if os.write(descriptor, os.urandom(RESERVE_BYTES)) < RESERVE_BYTES:
            give_up_reserve(path)
    except OSError:
        give_up_reserve(path)
    finally:
        os.close(descriptor)


def give_up_reserve(path: Path) -> bool:
    """Remove the reserve, so that there is room to write; return whether there was one."""
    try:
        reserve(path).unlink()
    except FileNotFoundError:
        return False
    return True
