"""The files that belong to a database: whole names, never whatever begins alike.

What this program makes beside a database has its name and one of a few marks, some of them with a
number or a moment. Two files have the name of the key file instead.
"""

import os
import re
from pathlib import Path

from analytics.sqlite import files

DAMAGED = rf"{re.escape(files.DAMAGED)}\d{{8}}T\d{{6}}\.\d{{6}}Z"
BEFORE_MIGRATION = r"\.before-schema-\d+"
DRAFT = rf"({re.escape(files.UNFINISHED)})?"
COMPANION = "(-wal|-shm|-journal)?"
LOCKS = r"\.(lock|write-lock|backup-lock)"
MARKS = (
    rf"(\.plain|{DAMAGED}|{BEFORE_MIGRATION})?{DRAFT}{COMPANION}"
    rf"|{LOCKS}|\.(reserve|copying)|\.spool({DAMAGED})?{COMPANION}"
)


def belongings(path: Path) -> list[Path]:
    """Return what is there of a database: itself, its key, and all that was made beside it.

    `path` is no link. Links and folders that have one of the names are in the list, too.
    """
    return [*matching(path, MARKS), *belongings_of_key(path)]


def belongings_of_key(path: Path) -> list[Path]:
    """Return what is there of the key of a database, and of the one that is to replace it."""
    return [*matching(key_file(path), DRAFT), *matching(next_key_file(path), DRAFT)]


def matching(path: Path, marks: str) -> list[Path]:
    """Return the files beside `path` whose name is that of `path` and what `marks` matches."""
    pattern = re.compile(f"{re.escape(path.name)}(?:{marks})", re.ASCII)
    try:
        names = os.listdir(path.parent)  # noqa: PTH208 - bytes that are no text stay as they are
    except (FileNotFoundError, NotADirectoryError):
        return []
    return sorted(path.parent / name for name in names if pattern.fullmatch(name))


def all_set_aside(path: Path) -> list[Path]:
    """Return the damaged databases that `path` took the place of, without their logs."""
    return matching(path, DAMAGED)


def plain_leftovers(path: Path) -> list[Path]:
    """Return what encrypting `path` leaves as it is: set aside databases, their logs."""
    return matching(path, DAMAGED + COMPANION)


def key_file(path: Path) -> Path:
    return path.with_suffix(files.KEY)


def next_key_file(path: Path) -> Path:
    """The next key, until the file has been written with it."""
    return path.with_suffix(files.NEXT_KEY)


def sharing_key(path: Path) -> list[Path]:
    """Return the other databases that have the same key file: their names end otherwise."""
    own = {path, *belongings(path)}
    return [
        file
        for file in matching(path.with_suffix(""), r"(\.[^.]*)?")
        if file not in own and _is_database(file)
    ]


def _is_database(path: Path) -> bool:
    """Of ours: who opens one has made a lock beside it; it may be encrypted."""
    return files.is_regular(path) and os.path.lexists(f"{path}.lock")
