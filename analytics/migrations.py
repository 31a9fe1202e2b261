"""The version of a file, and what brings it up to date."""

import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import closing, suppress
from importlib import resources
from pathlib import Path
from typing import Any

import aiosqlite

from analytics import files
from analytics.connections import ERRORS, PRAGMAS, connect, set_pragmas
from analytics.files import CannotOpen

# "TgAn": tells the file apart from every other SQLite file.
APPLICATION_ID = 0x5467416E
SCHEMA_VERSION = 1
# The statements that bring a file to the version named from the one before it.
MIGRATIONS: dict[int, Sequence[str]] = {}


async def make(path: Path) -> None:
    """A new file, whole before it has its name. Raises FileExistsError where there is something."""
    draft = files.begin_draft(path)
    async with connect(draft, read_only=False) as connection:
        await set_pragmas(connection, PRAGMAS)
        application_id = f"PRAGMA application_id={APPLICATION_ID}"
        await in_one_transaction(connection, [*schema(), application_id])
    files.publish(path)


async def version(path: Path, connection: aiosqlite.Connection, *, may_be_old: bool) -> int:
    """The file's schema version. Raises CannotOpen for one that is not usable."""
    [(version,)] = await connection.execute_fetchall("PRAGMA user_version")
    if version > SCHEMA_VERSION:
        raise CannotOpen(
            f"{path} was written by a newer version (schema {version}, this one knows "
            f"{SCHEMA_VERSION}): install that version again, or restore an older backup"
        )
    if version < 1:
        raise CannotOpen(f"{path} has lost its version: restore a backup, or move it away")
    if version < SCHEMA_VERSION and not may_be_old:
        raise CannotOpen(f"{path} is not of this version yet: start this version's bot once")
    return int(version)


async def migrate(connection: aiosqlite.Connection, version: int) -> None:
    """Bring an old file up to date, in one transaction."""
    if version < SCHEMA_VERSION:
        steps = range(version + 1, SCHEMA_VERSION + 1)
        await in_one_transaction(
            connection, [statement for step in steps for statement in MIGRATIONS[step]]
        )


async def in_one_transaction(connection: aiosqlite.Connection, statements: Iterable[str]) -> None:
    """Statement by statement: `executescript` commits first, and a kill would leave half of it."""
    await connection.execute_fetchall("BEGIN IMMEDIATE")
    for statement in statements:
        await connection.execute_fetchall(statement)
    await connection.execute_fetchall(f"PRAGMA user_version={SCHEMA_VERSION}")
    await connection.execute_fetchall("COMMIT")


async def has_lost(
    connection: aiosqlite.Connection, sql: str, parameters: Sequence[Any] | Mapping[str, Any]
) -> bool:
    """Whether a statement does not suit the file, and would suit a new one: damage to the schema.

    quick_check looks at the structure of the file, and not at the text of a trigger.
    """
    try:
        await connection.execute_fetchall(f"EXPLAIN {sql}", parameters)
    except ERRORS:
        with closing(sqlite3.connect(":memory:")) as new, suppress(sqlite3.Error):
            for statement in schema():
                new.execute(statement)
            new.execute(f"EXPLAIN {sql}", parameters)
            return True
    return False


def schema() -> Iterator[str]:
    """The statements of schema.sql, one by one."""
    statement = ""
    text = resources.files("analytics").joinpath("schema.sql").read_text("utf-8")
    for line in text.splitlines(keepends=True):
        statement += line
        if sqlite3.complete_statement(statement):
            yield statement
            statement = ""
