"""Move everything that one store keeps into another, which is empty."""

from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import NamedTuple

from analytics.errors import MoveRefused
from analytics.sqlite import moving as sqlite
from analytics.tables import TABLES, Source, Target

# A file, or the URL of a PostgreSQL database.
Place = Path | str


class MovedTable(NamedTuple):
    """A table, and how many rows of it were moved, or would be."""

    name: str
    rows: int


async def move(
    source: Place,
    target: Place,
    *,
    database_key: bytes | None = None,
    dry_run: bool = False,
    progress: Callable[[int, int], None] | None = None,
) -> Sequence[MovedTable]:
    """Copy all of `source` into `target`, and return the tables with their numbers of rows.

    Both are paths of SQLite files, which `database_key` encrypts, or `postgresql://` URLs. The
    source is read at one moment and stays as it is. The target gets everything in one transaction,
    or, with `dry_run`, nothing. `progress` is called with the rows that are done, and all.

    Raises MoveRefused if the target has data already, and an AnalyticsError if either cannot be
    used, is used by another process, or has another schema. The target is as it was then.
    """
    async with _source(source, database_key) as old, _target(target, database_key) as new:
        found = [MovedTable(table.name, await old.count(table)) for table in TABLES]
        if dry_run:
            return found
        await new.have_types(await old.types())
        total, done = sum(table.rows for table in found), 0
        for table in TABLES:
            async for rows in old.rows(table):
                await new.add(table, rows)
                done += len(rows)
                if progress:
                    progress(done, total)
        for table, (_, expected) in zip(TABLES, found, strict=True):
            if (count := await new.count(table)) != expected:
                raise MoveRefused(
                    f"{table.name} has {expected:,} rows, of which {count:,} arrived",
                    "try again, and if it is the same, keep the database that you have",
                )
        await new.commit()
        return found


def _source(place: Place, database_key: bytes | None) -> AbstractAsyncContextManager[Source]:
    if isinstance(place, Path):
        return sqlite.open_source(place, database_key)
    from analytics.postgres import moving as postgres  # not everyone has the extra

    return postgres.open_source(place)


def _target(place: Place, database_key: bytes | None) -> AbstractAsyncContextManager[Target]:
    if isinstance(place, Path):
        return sqlite.open_target(place, database_key)
    from analytics.postgres import moving as postgres

    return postgres.open_target(place)
