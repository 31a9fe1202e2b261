"""Several processes of a bot at one PostgreSQL database."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

from analytics import AnalyticsService
from tests.support.clock import Clock
from tests.support.postgres import database_of
from tests.support.service import begun_a_year_ago


@asynccontextmanager
async def services(
    folder: Path, clock: Clock, count: int = 2, **options: Any
) -> AsyncIterator[list[AnalyticsService]]:
    """Open a service for each process, with a spool of its own."""
    url = database_of(folder)
    async with AsyncExitStack() as stack:
        yield [
            await stack.enter_async_context(
                begun_a_year_ago(folder / str(number), clock, database_url=url, **options)
            )
            for number in range(count)
        ]
