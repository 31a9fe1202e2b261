"""A process that records as a bot does: `python -m tests.faults.postgres.writer`.

It prints a line for each commit; and one for each batch that `record` returned for, which a bot
would acknowledge then, with its last update id. On SIGTERM it closes the service and ends.
"""

import asyncio
import random
import signal
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from unittest.mock import patch

from analytics import AnalyticsError, AnalyticsService, Interaction, InteractionType
from analytics.postgres import store
from analytics.postgres.store import PostgresStore
from bot.sandbox.people import FIRST_USER_ID
from tests.support.second_connection import NAME
from tests.support.service import KEY

PEOPLE = 20_000
# Update ids of one writer.
RANGE = 1_000_000_000
LARGEST_BATCH = 100
# The share of interactions that come up to three days late.
LATE = 0.01
# While the database is away a bot gets no more than people send.
PAUSE = 0.3
TYPES = list(InteractionType)
# The exit status of a writer that could not open the database.
NOT_OPENED = 3


def interaction(update_id: int, begin: datetime) -> Interaction:
    """Return what an update is, the same whoever sends it again: of this hour, or days late."""
    chance = random.Random(update_id)
    late = chance.randrange(3 * 86_400) if chance.random() < LATE else chance.randrange(3_600)
    return Interaction(
        FIRST_USER_ID + chance.randrange(PEOPLE),
        chance.choice(TYPES),
        begin - timedelta(seconds=late),
    )


class Noted(PostgresStore):
    """A store that tells each commit."""

    async def record(self, *values: Any, **named: Any) -> None:
        await super().record(*values, **named)
        print("committed", flush=True)


async def write(url: str, folder: Path, first: int, batches: int | None, begin: datetime) -> None:
    """Record updates from `first` on, until SIGTERM or for a number of batches."""
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    chance = random.Random(first)
    opening = AnalyticsService.open(
        folder / NAME, database_url=url, pseudonym_key=KEY, timestamp_precision=1
    )
    async with opening as analytics:
        while not stop.is_set() and batches != 0:
            ids = range(first, first + chance.randint(1, LARGEST_BATCH))
            committed = await analytics.record([interaction(each, begin) for each in ids], ids)
            print(ids[-1], flush=True)
            first = ids[-1] + 1
            batches = None if batches is None else batches - 1
            if not committed:
                await asyncio.sleep(PAUSE)


def main(url: str, folder: str, first: str, batches: str, begin: str) -> int:
    moment = datetime.fromtimestamp(int(begin), UTC)
    number = int(batches)
    try:
        with patch.object(store, "PostgresStore", Noted):
            asyncio.run(
                write(url, Path(folder), int(first), None if number < 0 else number, moment)
            )
    except AnalyticsError as error:
        print(error, file=sys.stderr)
        return NOT_OPENED
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
