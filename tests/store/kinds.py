"""The stores that have to keep the contract: each is a line in STORES."""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, AbstractContextManager, asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from unittest.mock import patch

from analytics import Access, Pseudonyms
from analytics.pseudonyms import References
from analytics.sqlite import database
from analytics.sqlite.store import open_store
from analytics.store import Store
from tests.support import postgres
from tests.support.second_connection import NAME, locked
from tests.support.service import KEY

NOW = datetime(2026, 6, 1, 12, 30, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of store."""

    name: str
    open: Callable[[Path], AbstractAsyncContextManager[Store]]
    """Opens the store of a folder, as its owner; the same one each time."""
    url: Callable[[Path], str | None]
    """Returns the address of the database of a folder, None if it is a file in it."""
    locked: Callable[[Path], AbstractContextManager[None]]
    """Keeps the store of a folder from being written, as long as it is entered."""
    examples: int
    """How many histories are tried: as many as take ten seconds or so."""
    reason_to_skip: str | None = None
    """Why it cannot be tested here, None if it can."""


@asynccontextmanager
async def open_sqlite(folder: Path) -> AsyncIterator[Store]:
    async def prepare(_store: Store) -> None:
        pass

    async def references(_store: Store) -> References:
        return Pseudonyms(KEY)

    with patch.object(database, "BUSY_MS_OWN", 10):
        async with open_store(
            folder / NAME,
            Access.OWN,
            None,
            clock=lambda: NOW,
            prepare=prepare,
            references=references,
            on_set_aside=lambda _file: None,
        ) as store:
            yield store


@asynccontextmanager
async def open_postgres(folder: Path) -> AsyncIterator[Store]:
    from analytics.postgres import database, store  # not everyone has the extra

    with patch.object(database, "LOCK_MS_OWN", 10):
        async with store.open_store(postgres.database_of(folder), Access.OWN) as opened:
            yield opened


STORES = [
    Kind("sqlite", open_sqlite, lambda _folder: None, locked, 30),
    Kind(
        *("postgres", open_postgres, postgres.database_of, postgres.locked, 10),
        postgres.reason_to_skip(),
    ),
]
