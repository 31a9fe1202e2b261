"""Find the files that belong to a database by their whole names, never by the beginning alone.

What this program makes beside a database has its name and one of a few marks, some of them with a
number or a moment. Two files have the name of the key file instead.
"""

import os
import re
from pathlib import Path

from analytics import disk
from analytics.key_files import key_file, next_key_file
from analytics.sqlite import files

DAMAGED = rf"{re.escape(files.DAMAGED)}\d{{8}}T\d{{6}}\.\d{{6}}Z"
BEFORE_MIGRATION = r"\.before-schema-\d+"
DRAFT = rf"({re.escape(disk.UNFINISHED)})?"
COMPANION = "(-wal|-shm|-journal)?"
LOCKS = r"\.(lock|write-lock|backup-lock)"
MARKS = (
    rf"(\.plain|{DAMAGED}|{BEFORE_MIGRATION})?{DRAFT}{COMPANION}"
    rf"|{LOCKS}|\.(reserve|copying)|\.spool({DAMAGED})?{COMPANION}|\.erasures{DRAFT}"
)


def belongings(path: Path) -> list[Path]:
    """Return the existing files of a database: itself, its key, and all that was made beside it.

    `path` must not be a link. Links and folders that have one of the names are included.
    """
    return [*matching(path, MARKS), *belongings_of_key(path)]


def belongings_of_key(path: Path) -> list[Path]:
    """Return the existing files of a database's key, and of the one that is to replace it."""
    return [*matching(key_file(path), DRAFT), *matching(next_key_file(path), DRAFT)]


def matching(path: Path, marks: str) -> list[Path]:
    """Return the files beside `path` named as `path` plus what the pattern `marks` matches.

    The list is sorted, and empty without a folder.
    """
    pattern = re.compile(f"{re.escape(path.name)}(?:{marks})", re.ASCII)
    try:
        names = os.listdir(path.parent)  # noqa: PTH208 - bytes that are no text stay as they are
    except (FileNotFoundError, NotADirectoryError):
        return []
    return sorted(path.parent / name for name in names if pattern.fullmatch(name))


def all_set_aside(path: Path) -> list[Path]:
    """Return the damaged databases that were set aside at `path`, without their logs."""
    return matching(path, DAMAGED)


def plain_leftovers(path: Path) -> list[Path]:
    """Return what encrypting `path` leaves as it is: databases that were set aside, their logs."""
    return matching(path, DAMAGED + COMPANION)


def sharing_key(path: Path) -> list[Path]:
    """Return other databases with the same key file: their names differ in the suffix alone."""
    own = {path, *belongings(path)}
    return [
        file
        for file in matching(path.with_suffix(""), r"(\.[^.]*)?")
        if file not in own and _is_database(file)
    ]


def _is_database(path: Path) -> bool:
    """Return whether it is one of ours, maybe encrypted: opening it has made a lock beside it."""
    return disk.is_regular(path) and os.path.lexists(f"{path}.lock")
