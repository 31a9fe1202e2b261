"""Another program that reads or locks a database, through a connection of its own."""

import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from analytics import disk
from analytics.sqlite import files

NAME = "analytics.sqlite3"
DATABASE_KEY = bytes(range(100, 132))


def second_connection(path: Path) -> sqlite3.Connection:
    """Encrypted means with DATABASE_KEY."""
    if not disk.size(path) or files.is_plain(path):
        return sqlite3.connect(path)
    from sqlcipher3 import dbapi2 as sqlcipher  # not everyone has the extra

    connection: Any = sqlcipher.connect(str(path))
    connection.execute(f"""PRAGMA key="x'{DATABASE_KEY.hex()}'" """)
    return connection  # type: ignore[no-any-return]


def _file(path: Path) -> Path:
    """Return the file at `path`, or in the folder `path`, where it is called NAME."""
    return path / NAME if path.is_dir() else path


def select(
    path: Path, sql: str, parameters: Sequence[Any] | Mapping[str, Any] = ()
) -> list[tuple[Any, ...]]:
    """Return the rows; `path` is the file or its folder."""
    with closing(second_connection(_file(path))) as database:
        return database.execute(sql, parameters).fetchall()


def total(path: Path) -> int:
    """Return how many interactions are stored."""
    [(count,)] = select(path, "SELECT total(count) FROM interactions")
    return int(count)


@contextmanager
def locked(path: Path, how: str = "IMMEDIATE") -> Iterator[None]:
    """Keep the file from being written, or with EXCLUSIVE from being read, too."""
    with closing(sqlite3.connect(_file(path), timeout=60, isolation_level=None)) as other:
        if how == "EXCLUSIVE":
            other.execute("PRAGMA locking_mode=EXCLUSIVE")
        other.execute(f"BEGIN {how}")
        yield


@contextmanager
def being_read(path: Path) -> Iterator[None]:
    """Read: what this program sees may not leave the write-ahead log."""
    with closing(sqlite3.connect(_file(path), isolation_level=None)) as other:
        other.execute("BEGIN")
        other.execute("SELECT count(*) FROM users").fetchall()
        yield
