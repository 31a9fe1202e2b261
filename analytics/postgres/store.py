"""The store in a PostgreSQL database, for a bot that runs on more than one machine."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from analytics.lease import Lease
from analytics.postgres.database import Database
from analytics.postgres.queries.admins import AdminQueries
from analytics.postgres.queries.erasing_again import ErasingAgainQueries
from analytics.postgres.queries.interactions import InteractionQueries
from analytics.postgres.queries.links import LinkQueries
from analytics.postgres.queries.notes import NoteQueries
from analytics.postgres.queries.personal_data import PeopleQueries
from analytics.postgres.queries.recording import RecordingQueries
from analytics.postgres.queries.retention import RetentionQueries
from analytics.postgres.queries.sharing import SharingQueries
from analytics.postgres.queries.small_groups import SmallGroupQueries
from analytics.postgres.queries.statistics import StatisticsQueries
from analytics.store_types import Access

SIZE = """
    SELECT sum(pg_total_relation_size(oid)) FROM pg_class
    WHERE relnamespace = 'bot_analytics'::regnamespace AND relkind = 'r'
"""

# Table `users` of ten million people is written anew in less, and a server replaced.
PATIENCE_SECONDS = 30.0


class PostgresStore(
    RecordingQueries,
    StatisticsQueries,
    SmallGroupQueries,
    InteractionQueries,
    RetentionQueries,
    PeopleQueries,
    ErasingAgainQueries,
    AdminQueries,
    LinkQueries,
    NoteQueries,
    SharingQueries,
):
    """A database, whose queries are in groups by theme; use `open_store`."""

    @property
    def name(self) -> str:
        return self._database.name

    @property
    def is_owner(self) -> bool:
        return self._database.owner

    @property
    def is_on_server(self) -> bool:
        return True

    @property
    def lease(self) -> Lease:
        return self._database.lease

    @property
    def patience(self) -> float:
        return PATIENCE_SECONDS

    def keep_reserve(self) -> None:
        """Do nothing: the server's disk is not ours."""

    async def size(self) -> int:
        """Return the bytes of our tables and their indexes; the server's log is everybody's."""
        [(size,)] = await self._database.read(SIZE)
        return int(size)

    async def check(self) -> None:
        """Do nothing: a server checks its own pages."""


@asynccontextmanager
async def open_store(url: str, access: Access) -> AsyncIterator[PostgresStore]:
    """Open the database at a `postgresql://` URL; OWN makes our schema in it if missing.

    Raises AnalyticsError if it cannot be opened: it cannot be reached, is not ours, may not be
    written, or has another schema.
    """
    async with Database.open(url, access) as database:
        yield PostgresStore(database)
