"""The store in an embedded SQLite file."""

import json
import secrets
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from datetime import datetime
from functools import cached_property
from pathlib import Path

from analytics.errors import PseudonymKeyMissing, WrongPseudonymKey
from analytics.lease import Lease, Unshared
from analytics.models import InteractionType
from analytics.one_process import OneProcess
from analytics.pseudonyms import References
from analytics.sqlite import origins
from analytics.sqlite.compaction import Compaction
from analytics.sqlite.database import Database
from analytics.sqlite.queries.admins import AdminQueries, name_by_pseudonym
from analytics.sqlite.queries.interactions import InteractionQueries
from analytics.sqlite.queries.links import LinkQueries
from analytics.sqlite.queries.notes import NoteQueries
from analytics.sqlite.queries.personal_data import PeopleQueries
from analytics.sqlite.queries.recording import RecordingQueries
from analytics.sqlite.queries.retention import RetentionQueries
from analytics.sqlite.queries.small_groups import SmallGroupQueries
from analytics.sqlite.queries.statistics import StatisticsQueries
from analytics.store import Store
from analytics.store_types import Access, Setting

VOCABULARY = "INSERT OR IGNORE INTO interaction_types (name) SELECT value FROM json_each(?)"


class SQLiteStore(
    Compaction,
    RecordingQueries,
    StatisticsQueries,
    SmallGroupQueries,
    InteractionQueries,
    RetentionQueries,
    PeopleQueries,
    AdminQueries,
    LinkQueries,
    NoteQueries,
    OneProcess,
):
    """A database file, whose queries are in groups by theme; use `open_store`."""

    def __init__(self, database: Database, began: int) -> None:
        Compaction.__init__(self, database)
        OneProcess.__init__(self, began)

    @property
    def name(self) -> str:
        return str(self._database.path)

    @property
    def is_owner(self) -> bool:
        return self._database.owner

    @property
    def is_on_server(self) -> bool:
        return False

    @cached_property
    def lease(self) -> Lease:
        return Unshared()

    @property
    def patience(self) -> float:
        return 0.0

    def keep_reserve(self) -> None:
        self._database.keep_reserve()

    async def size(self) -> int:
        return self._database.size()

    async def check(self) -> None:
        await self._database.check()

    async def interrupt(self) -> None:
        await self._database.stop_compacting()


@asynccontextmanager
async def open_store(
    path: Path,
    access: Access,
    database_key: bytes | None,
    *,
    clock: Callable[[], datetime],
    prepare: Callable[[Store], Awaitable[None]],
    references: Callable[[Store], Awaitable[References]],
    on_set_aside: Callable[[Path], None],
) -> AsyncIterator[SQLiteStore]:
    """Open the database at `path`; OWN creates it if missing. `database_key` has 32 bytes.

    The owner calls `prepare` with the store for the file it opens, and again for each new file that
    replaces a damaged one while the process runs. Before, it calls `on_set_aside` with the path of
    each damaged file that was set aside. `references` returns the references of the file.
    Raises AnalyticsError if the file cannot be opened, and what `prepare` raises.
    """
    store: SQLiteStore | None = None
    database_id: str | None = None
    began = int(clock().timestamp())

    async def begin(database: Database) -> None:
        nonlocal store, database_id
        store = store or SQLiteStore(database, began)
        if database.set_aside:
            # The file that was set aside may be read again: it counts as a backup made now.
            await store.put_setting(Setting.LAST_BACKUP, int(clock().timestamp()))
        for aside in database.set_aside:
            database_id = database_id or await origins.id_of_damaged(aside, database_key)
        await store.put_setting_once(origins.DATABASE_ID, database_id or secrets.token_hex(8))
        # A file that takes the place of this one while the process runs has the same backups.
        database_id = str(await store.get_setting(origins.DATABASE_ID))
        while database.set_aside:
            on_set_aside(database.set_aside.pop())
        await database.write(VOCABULARY, (json.dumps(list(InteractionType)),))
        await prepare(store)
        with suppress(PseudonymKeyMissing, WrongPseudonymKey):  # a command
            of_file = store
            await name_by_pseudonym(database, lambda: references(of_file))

    async with Database.open(path, access, begin, database_key) as database:
        yield store or SQLiteStore(database, began)
