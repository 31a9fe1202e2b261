"""The spool: a small file that keeps what cannot be recorded at once.

That is while the database fails or is compacted. It is appended to before the updates are
acknowledged to Telegram, read once at the next opening, and overwritten and removed once the
database has it all. It is encrypted if the database is.
"""

import asyncio
import json
import logging
import os
from collections.abc import Sequence
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import aiosqlite

from analytics import disk
from analytics.errors import AnalyticsError, DatabaseDamaged, DiskFull
from analytics.spool import Contents, Kept
from analytics.sqlite import files, reserve
from analytics.sqlite.connections import connect, set_pragmas, translated

logger = logging.getLogger(__name__)

# No write-ahead log: it would take a page or two for each batch, which a full disk does not have.
PRAGMAS: dict[str, str | int] = {"synchronous": 3, "secure_delete": 1, "temp_store": 2}
TABLES = (
    # The token of the process that wrote it, and the fingerprint of the pseudonym key.
    "CREATE TABLE IF NOT EXISTS about (token TEXT NOT NULL, written_with TEXT NOT NULL) STRICT",
    "CREATE TABLE IF NOT EXISTS entries "
    "(position INTEGER PRIMARY KEY, name TEXT NOT NULL, content TEXT NOT NULL) STRICT",
)
ABOUT = "SELECT token, written_with FROM about"
ENTRIES = "SELECT position, name, content FROM entries ORDER BY position"
SIGN = "INSERT INTO about SELECT ?, ? WHERE NOT EXISTS (SELECT 1 FROM about)"
# One statement: all of it is there after a crash, or none.
APPEND = """
    INSERT INTO entries
    SELECT json_extract(value, '$[0]'), json_extract(value, '$[1]'), json_extract(value, '$[2]')
    FROM json_each(?)
"""


class SQLiteSpool:
    """A spool beside a database, read by `load` and written by `append`."""

    def __init__(self, database: Path, database_key: bytes | None) -> None:
        """Take the database's path and database key; no file is made before `append`."""
        self.path = files.spool(database)
        self._database = database
        self._database_key = database_key
        self._connections = AsyncExitStack()
        self._connection: aiosqlite.Connection | None = None

    @property
    def exists(self) -> bool:
        return self.path.exists()

    async def load(self) -> Contents | None:
        """Return the content, None if there is none; a damaged spool is set aside.

        Raises AnalyticsError if it cannot be read for another reason.
        """
        if not self.exists:
            return None
        try:
            about, rows = await self._read()
        except DatabaseDamaged:
            aside = files.set_aside(self.path)
            logger.error("the spool is damaged and was not recorded: it is now %s", aside)
            return None
        if not about:
            await self.remove()  # a kill came while it was made, or removed
            return None
        entries = [Kept(position, name, json.loads(content)) for position, name, content in rows]
        token, written_with = about[0]
        return Contents(token, written_with, entries)

    async def _read(self) -> tuple[list[Any], list[Any]]:
        try:
            with translated(self.path, OSError):
                if not any(files.header(self.path)):
                    return [], []  # zeros: a kill came while it was removed
                connection = await self._open()
                return (
                    list(await connection.execute_fetchall(ABOUT)),
                    list(await connection.execute_fetchall(ENTRIES)),
                )
        except AnalyticsError:
            await self.close()
            raise

    async def append(self, token: str, written_with: str, entries: Sequence[Kept]) -> None:
        """Append entries, which are on the disk when this returns; give up the reserve if needed.

        Raises AnalyticsError if they cannot be written.
        """
        content = json.dumps(
            [(each.position, each.name, json.dumps(each.content)) for each in entries]
        )
        try:
            await self._append(token, written_with, content)
        except DiskFull:
            if not reserve.give_up(self._database):
                raise
            await self._append(token, written_with, content)

    async def _append(self, token: str, written_with: str, content: str) -> None:
        with translated(self.path, OSError):
            connection = self._connection or await self._open()
            await connection.execute_fetchall(SIGN, (token, written_with))
            await connection.execute_fetchall(APPEND, (content,))

    async def remove(self) -> None:
        """Overwrite and remove the spool. Raises OSError if that fails."""
        await self.close()
        await asyncio.to_thread(self._remove)  # as long as the disk takes

    def _remove(self) -> None:
        for file in (files.journal(self.path), self.path):
            if file.exists():
                disk.overwrite(file)
                file.unlink()
        disk.sync_folder(self.path.parent)

    async def close(self) -> None:
        """Close the connection, and leave the file for the next process."""
        self._connection = None
        await self._connections.aclose()

    async def _open(self) -> aiosqlite.Connection:
        if not self.exists:
            os.close(os.open(self.path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
            disk.sync_folder(self.path.parent)
        database_key = None if files.is_plain(self.path) else self._database_key
        async with AsyncExitStack() as stack:
            connection = await stack.enter_async_context(
                connect(self.path, database_key, read_only=False)
            )
            await set_pragmas(connection, PRAGMAS)
            for statement in ("BEGIN", *TABLES, "COMMIT"):
                await connection.execute_fetchall(statement)
            self._connections = stack.pop_all()
        self._connection = connection
        return connection
