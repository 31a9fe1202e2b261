"""Open a store of either kind."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import ExitStack, asynccontextmanager
from datetime import datetime
from pathlib import Path

from analytics import disk
from analytics.errors import UnsupportedPostgreSQL
from analytics.pseudonyms import References
from analytics.sqlite import locks
from analytics.sqlite.connections import translated
from analytics.sqlite.store import open_store as open_file
from analytics.store import Store
from analytics.store_types import Access


@asynccontextmanager
async def open_store(
    path: Path,
    database_url: str | None,
    access: Access,
    database_key: bytes | None,
    *,
    clock: Callable[[], datetime],
    prepare: Callable[[Store], Awaitable[None]],
    references: Callable[[Store], Awaitable[References]],
    on_set_aside: Callable[[Path], None],
) -> AsyncIterator[Store]:
    """Open the PostgreSQL database at `database_url`, or else the file at `path`.

    With a URL, `path` is where the owner has files of its own, which no other process may have; the
    arguments after `access` are those of the store of a file, and a server's uses `prepare`.
    Raises AnalyticsError if the database cannot be opened, and what `prepare` raises.
    """
    if database_url is None:
        async with open_file(
            path,
            access,
            database_key,
            clock=clock,
            prepare=prepare,
            references=references,
            on_set_aside=on_set_aside,
        ) as file:
            yield file
        return
    try:
        from analytics.postgres.store import open_store as open_server
    except ImportError:  # psycopg, or the libpq that it looks for
        raise UnsupportedPostgreSQL(
            "DATABASE_URL is set, but psycopg is missing", "run pip install -e '.[postgres]'"
        ) from None
    with ExitStack() as held:
        if access is Access.OWN:
            with translated(path, OSError):
                disk.create_folder(path.parent)
                locks.own(path, held, locks.OWNER_TIMEOUT)
        async with open_server(database_url, access) as server:
            await prepare(server)
            yield server
