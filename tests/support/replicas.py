"""Several processes of a bot at one PostgreSQL database."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

from analytics import Access, AnalyticsService
from analytics.statistics.reports import ReportRules
from tests.support.any_store import service_over
from tests.support.clock import Clock
from tests.support.postgres import database_of

RULES = ReportRules(retention_days=90)


@asynccontextmanager
async def services(
    folder: Path, clock: Clock, count: int = 2, rules: ReportRules = RULES
) -> AsyncIterator[list[AnalyticsService]]:
    """Open a service for each process, with a spool of its own."""
    from analytics.postgres.store import open_store  # not everyone has the extra

    async with AsyncExitStack() as stack:
        opened = []
        for number in range(count):
            own = folder / str(number)
            own.mkdir(exist_ok=True)
            store = await stack.enter_async_context(open_store(database_of(folder), Access.OWN))
            service = service_over(store, own, clock, rules)
            opened.append(await stack.enter_async_context(service))
        yield opened
