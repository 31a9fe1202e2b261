"""A service with a clock and a key of its own, and what is recorded with it."""

from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager, contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any
from unittest.mock import patch

from analytics import AnalyticsService, Interaction, InteractionType, recording
from analytics.sqlite import database
from tests.support.clock import NOW, Clock
from tests.support.second_connection import NAME

KEY = bytes(range(32))
SOMEBODY = 6_000_000_001


def open_service(folder: Path, **options: Any) -> AbstractAsyncContextManager[AnalyticsService]:
    """Exact to the second, at NOW, unless told otherwise."""
    defaults: dict[str, Any] = {
        "pseudonym_key": KEY,
        "timestamp_precision": 1,
        "clock": lambda: NOW,
    }
    return AnalyticsService.open(folder / NAME, **(defaults | options))


@asynccontextmanager
async def begun_a_year_ago(
    folder: Path, clock: Clock, **options: Any
) -> AsyncIterator[AnalyticsService]:
    """A service that all of its past year is known of."""
    begun = clock.now - timedelta(days=365)
    await run_once(folder, clock=lambda: begun, **options)
    async with open_service(folder, clock=clock, **options) as analytics:
        yield analytics


async def run_once(folder: Path, said: Sequence[Interaction] = (), **options: Any) -> None:
    """Open a service, record what was `said`, and close it."""
    async with open_service(folder, **options) as analytics:
        if said:
            await analytics.record(said)


def interaction(
    ago: timedelta = timedelta(0),
    person: int = SOMEBODY,
    interaction_type: InteractionType = InteractionType.MESSAGE,
) -> Interaction:
    return Interaction(person, interaction_type, NOW - ago)


def days_ago(days: float, count: int = 1, people: int = 1) -> list[Interaction]:
    """No two in the same second."""
    return [
        interaction(timedelta(days=days, seconds=number), SOMEBODY + number % people)
        for number in range(count)
    ]


@contextmanager
def failing_at_once() -> Iterator[None]:
    """Notice without waiting that a file is locked, and try again at once."""
    with (
        patch.object(database, "BUSY_MS_OWN", 1),
        patch.object(recording, "RETRY_SECONDS", 0.01),
    ):
        yield
