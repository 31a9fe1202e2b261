"""Read a file whole, at one moment, to move it; and make a file of what is moved."""

import asyncio
import os
from collections.abc import AsyncIterator, Sequence
from contextlib import ExitStack, asynccontextmanager
from pathlib import Path

import aiosqlite

from analytics import disk
from analytics.errors import MoveRefused
from analytics.moved_tables import CHUNK, STAYING_SETTINGS, Row, Table, json_text
from analytics.sqlite import encryption, files, locks, migrations, refusals
from analytics.sqlite.connections import (
    check_sqlite,
    connect,
    damaged_or_gone,
    is_damaged,
    set_pragmas,
    translated,
)

STAYING = ", ".join(f"'{name}'" for name in STAYING_SETTINGS)
# The outer loop of a CROSS JOIN is over the first table, in its own order.
TYPED = """
    SELECT {columns} FROM {table}
    CROSS JOIN interaction_types ON interaction_types.id = interaction_type
"""
SELECT = {
    "settings": f"SELECT name, value FROM file_settings WHERE name NOT IN ({STAYING})",
    "interactions": TYPED.format(table="interactions", columns="timestamp, user_id, name, count"),
    "hourly_counts": TYPED.format(table="hourly_counts", columns="hour, name, count"),
    "audit_trail": "SELECT rowid, timestamp, admin_id, action FROM audit_trail ORDER BY rowid",
}
TYPE = "(SELECT id FROM interaction_types WHERE name = ?)"
INSERT = {
    "settings": "INSERT INTO file_settings (name, value) VALUES (?, ?)",
    "interactions": "INSERT INTO interactions (timestamp, user_id, interaction_type, count) "
    f"VALUES (?, ?, {TYPE}, ?)",
    "hourly_counts": "INSERT INTO hourly_counts (hour, interaction_type, count) "
    f"VALUES (?, {TYPE}, ?)",
    "audit_trail": "INSERT INTO audit_trail (rowid, timestamp, admin_id, action) "
    "VALUES (?, ?, ?, ?)",
}
ADD_TYPE = "INSERT INTO interaction_types (name) VALUES (?)"
# A file that nobody knows yet needs no journal, and is synced once it is whole.
DRAFT_PRAGMAS: dict[str, str | int] = {
    "journal_mode": "off",
    "synchronous": 0,
    "temp_store": 2,
    "cache_size": -65_536,  # 64 MiB: the index of references is filled at random
}


class _Counted:
    def __init__(self, connection: aiosqlite.Connection, path: Path) -> None:
        self._connection = connection
        self.name = str(path)

    async def count(self, table: Table) -> int:
        # Without the types: an interaction whose type is unknown is one that would not arrive.
        counted = f"({SELECT['settings']})" if table.name == "settings" else table.name
        sql = f"SELECT count(*) FROM {counted}"
        [(count,)] = await self._connection.execute_fetchall(sql)
        return int(count)


class FileSource(_Counted):
    """A file that is moved; use `open_source`."""

    async def types(self) -> Sequence[str]:
        sql = "SELECT name FROM interaction_types ORDER BY id"
        return [name for (name,) in await self._connection.execute_fetchall(sql)]

    async def rows(self, table: Table) -> AsyncIterator[Sequence[Row]]:
        async with self._connection.execute(_select(table)) as cursor:
            while rows := list(await cursor.fetchmany(CHUNK)):
                if table.name == "daily_trends":
                    yield [(*row, json_text(breakdown)) for *row, breakdown in rows]
                else:
                    yield rows


class FileTarget(_Counted):
    """A file that is made; use `open_target`."""

    def __init__(self, connection: aiosqlite.Connection, path: Path) -> None:
        super().__init__(connection, path)
        self.is_whole = False

    async def have_types(self, names: Sequence[str]) -> None:
        await self._connection.executemany(ADD_TYPE, [(name,) for name in names])

    async def add(self, table: Table, rows: Sequence[Row]) -> None:
        await self._connection.executemany(_insert(table), rows)

    async def commit(self) -> None:
        self.is_whole = True


def refuse_waiting(path: Path) -> None:
    """Raise MoveRefused while interactions wait to be recorded, beside the file at `path`."""
    spool = files.spool(Path(os.path.realpath(path)))
    if spool.exists():
        raise MoveRefused(
            f"interactions wait in {spool}", "start the bot, which records them, and stop it again"
        )


@asynccontextmanager
async def open_source(path: Path, database_key: bytes | None) -> AsyncIterator[FileSource]:
    """Open the file at `path` to be moved; no bot or command that writes may use it meanwhile.

    Raises AnalyticsError if it cannot be read whole, is used, or is of an older version.
    """
    check_sqlite(database_key)
    path = Path(os.path.realpath(path))
    with ExitStack() as held, translated(path, OSError):
        refusals.refuse_missing(path)
        await encryption.refuse_foreign(path, database_key)
        locks.be_alone(path, held)
        if await is_damaged(path, database_key):
            raise damaged_or_gone(path)
        async with connect(path, database_key, read_only=True) as connection:
            await migrations.version(path, connection, may_be_old=False)
            await connection.execute_fetchall("BEGIN")  # what is read from now on is of one moment
            yield FileSource(connection, path)


@asynccontextmanager
async def open_target(path: Path, database_key: bytes | None) -> AsyncIterator[FileTarget]:
    """Begin a file that gets its name `path` at the end, if it is committed until then.

    Raises MoveRefused if there is a file already, and AnalyticsError if it cannot be written.
    """
    check_sqlite(database_key)
    path = Path(os.path.realpath(path))
    with ExitStack() as held, translated(path, OSError):
        refusals.refuse_special(path)
        disk.create_folder(path.parent)
        locks.be_alone(path, held)
        # A log without its file would be replayed into the new one.
        beside = (path, files.plain(path), files.wal(path), files.journal(path), files.spool(path))
        if there := [file for file in beside if disk.size(file)]:
            raise MoveRefused(f"{there[0]} exists already", "give the path of a new file")
        # Left by a kill.
        files.discard_draft(path)
        try:
            async with connect(disk.begin_draft(path), database_key, read_only=False) as connection:
                await set_pragmas(connection, DRAFT_PRAGMAS)
                await connection.execute_fetchall("BEGIN IMMEDIATE")
                # Triggers would count again what is counted already.
                await _make(connection, {"TABLE"})
                target = FileTarget(connection, path)
                yield target
                if target.is_whole:
                    await _finish(connection)
            if target.is_whole:
                await asyncio.to_thread(disk.sync, disk.draft_of(path))  # which takes long
                path.unlink(missing_ok=True)  # an empty one
                files.publish(path)
        finally:
            files.discard_draft(path)


async def _finish(connection: aiosqlite.Connection) -> None:
    await _make(connection, {"INDEX", "VIEW", "TRIGGER"})
    await connection.execute_fetchall(f"PRAGMA application_id={migrations.APPLICATION_ID}")
    await connection.execute_fetchall(f"PRAGMA user_version={migrations.SCHEMA_VERSION}")
    await connection.execute_fetchall("COMMIT")
    await set_pragmas(connection, {"journal_mode": "wal"})


async def _make(connection: aiosqlite.Connection, kinds: set[str]) -> None:
    for statement in migrations.schema():
        kind, _ = migrations.created_by(statement)
        if kind in kinds:
            await connection.execute_fetchall(statement)


def _select(table: Table) -> str:
    return SELECT.get(table.name, f"SELECT {', '.join(table.columns)} FROM {table.name}")


def _insert(table: Table) -> str:
    columns, values = ", ".join(table.columns), ", ".join("?" * len(table.columns))
    return INSERT.get(table.name, f"INSERT INTO {table.name} ({columns}) VALUES ({values})")
