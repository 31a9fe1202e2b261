"""Refuse a path before anything is written there: what is not ours, not a file, or not there."""

from pathlib import Path

from analytics import disk
from analytics.errors import DatabaseMissing, NotOurDatabase, WrongDatabaseKey
from analytics.key_files import KEY, NEXT_KEY
from analytics.sqlite import files


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
    for companion in (files.wal(path), files.index(path), files.journal(path)):
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
    if not disk.size(path):
        return
    if not files.is_plain(path):
        if encrypted:
            return
        raise NotOurDatabase(
            f"{path} is not a database",
            "set DATABASE_PATH to another file, or DATABASE_KEY if it is encrypted",
        )
    if int.from_bytes(files.header(path)[68:], "big") != application_id:
        raise foreign(path)
    if encrypted:
        raise WrongDatabaseKey(
            f"{path} is not encrypted", "run python main.py encrypt, or unset DATABASE_KEY"
        )


def refuse_missing(path: Path) -> None:
    """Raise DatabaseMissing if there is no database at `path`, for a command that needs one."""
    if not disk.size(path) and not disk.size(files.plain(path)):
        raise missing(path)


def missing(path: Path) -> DatabaseMissing:
    return DatabaseMissing(f"{path} does not exist", "start the bot first, or set DATABASE_PATH")


def foreign(path: Path) -> NotOurDatabase:
    return NotOurDatabase(f"{path} belongs to another program", "set DATABASE_PATH to another file")
