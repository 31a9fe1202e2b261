"""Move everything that one store keeps into another, which is empty."""

from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Any, NamedTuple

from analytics.errors import MoveRefused, UnsupportedPostgreSQL
from analytics.moved_tables import TABLES, Source, Target
from analytics.sqlite import moving as sqlite

# A file, or the URL of a PostgreSQL database.
Place = Path | str


class MovedTable(NamedTuple):
    """A table, and how many rows of it were moved, or would be."""

    name: str
    rows: int


class Moved(NamedTuple):
    """The result of a move: the names of both databases, without a password, and the tables."""

    source: str
    target: str
    tables: Sequence[MovedTable]


async def move(
    source: Place,
    target: Place,
    *,
    beside: Path | None = None,
    database_key: bytes | None = None,
    dry_run: bool = False,
    progress: Callable[[int, int], None] | None = None,
) -> Moved:
    """Copy all of `source` into `target`.

    Both are paths of SQLite files, which `database_key` encrypts, or `postgresql://` URLs; the bot
    of a URL has its own files beside the path `beside`. The source is read at one moment and stays
    as it is. The target gets everything in one transaction, or, with `dry_run`, nothing. `progress`
    is called with the number of rows that are done, and that of all.

    Raises MoveRefused if the target has data already, or interactions wait to be recorded, and an
    AnalyticsError if either database cannot be used, is used by another process, or has another
    schema. The target is as it was then.
    """
    for path in (source, beside):
        if isinstance(path, Path):
            sqlite.refuse_waiting(path)
    async with open_source(source, database_key) as old, open_target(target, database_key) as new:
        tables = [MovedTable(table.name, await old.count(table)) for table in TABLES]
        moved = Moved(old.name, new.name, tables)
        if dry_run:
            return moved
        await new.have_types(await old.types())
        total, done = sum(table.rows for table in tables), 0
        for table in TABLES:
            async for rows in old.rows(table):
                await new.add(table, rows)
                done += len(rows)
                if progress:
                    progress(done, total)
        for table, (_, expected) in zip(TABLES, tables, strict=True):
            if (count := await new.count(table)) != expected:
                raise MoveRefused(
                    f"{table.name} has {expected:,} rows, of which {count:,} arrived",
                    "try again, and if it is the same, keep the database that you have",
                )
        await new.commit()
        return moved


def open_source(place: Place, database_key: bytes | None) -> AbstractAsyncContextManager[Source]:
    if isinstance(place, Path):
        return sqlite.open_source(place, database_key)
    source: AbstractAsyncContextManager[Source] = _postgres().open_source(place)
    return source


def open_target(place: Place, database_key: bytes | None) -> AbstractAsyncContextManager[Target]:
    if isinstance(place, Path):
        return sqlite.open_target(place, database_key)
    target: AbstractAsyncContextManager[Target] = _postgres().open_target(place)
    return target


def _postgres() -> Any:
    try:
        from analytics.postgres import moving
    except ImportError:  # psycopg, or the libpq that it looks for
        raise UnsupportedPostgreSQL(
            "psycopg is missing, which a PostgreSQL database needs",
            "run pip install -e '.[postgres]'",
        ) from None
    return moving
