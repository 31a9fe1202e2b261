"""The bot, which prints at its end how many transactions have recorded what it received."""

from itertools import count
from unittest.mock import patch

from analytics.sqlite.queries.recording import RecordingQueries
from analytics.store_types import Batch
from bot.cli import main

numbers = count()
record = RecordingQueries.record


async def counted(self: RecordingQueries, batch: Batch) -> None:
    next(numbers)
    await record(self, batch)


if __name__ == "__main__":
    try:
        with patch.object(RecordingQueries, "record", counted):
            main()
    finally:
        print(next(numbers))
