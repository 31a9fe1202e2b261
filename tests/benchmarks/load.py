"""Recording as fast as it goes, on a file as large as is asked for."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import count, islice
from pathlib import Path
from typing import TypeVar
from unittest.mock import patch

from analytics import AnalyticsService, Interaction
from analytics.sqlite import compaction
from tests.benchmarks.data import DAY, FIRST_UPDATE_ID, KEY, TYPES, Traffic, telegram_id

BATCH = 100  # what Telegram sends at once, at most

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Phase:
    """A stretch of recording: seconds of each wait for a commit."""

    waits: list[float]

    @property
    def seconds(self) -> float:
        """Of recording; making up what happens does not count."""
        return sum(self.waits)

    @property
    def per_second(self) -> float:
        """Interactions."""
        return BATCH * len(self.waits) / self.seconds


@contextmanager
def compaction_waits() -> Iterator[None]:
    """For the night, that is for ever, though days pass in seconds here."""
    with (
        patch.object(compaction, "SMALL_FILE_BYTES", 0),
        patch.object(compaction, "DEADLINE", timedelta.max),
    ):
        yield


class Load:
    """Batches of what happens after the file's end, one after the other."""

    def __init__(self, traffic: Traffic) -> None:
        self._traffic = traffic
        self._now = traffic.end
        self._interactions = self._happening()
        # Above those that the file remembers.
        self._update_ids = count(FIRST_UPDATE_ID + traffic.interactions)
        self.analytics: AnalyticsService

    @classmethod
    @asynccontextmanager
    async def on(cls, path: Path, traffic: Traffic, precision: int) -> AsyncIterator["Load"]:
        load = cls(traffic)
        async with AnalyticsService.open(
            path, pseudonym_key=KEY, timestamp_precision=precision, clock=load.now
        ) as analytics:
            load.analytics = analytics
            yield load

    def now(self) -> datetime:
        """The end of the day that is going on."""
        return datetime.fromtimestamp(self._now, UTC)

    async def batches(self, number: int) -> Phase:
        return await self._record_while(lambda done: done < number)

    async def alone(self, seconds: float) -> Phase:
        ends = time.perf_counter() + seconds
        return await self._record_while(lambda done: time.perf_counter() < ends)

    async def beside(self, work: Callable[[], Awaitable[T]]) -> tuple[T, Phase]:
        """Until the work is done; what it returns, too."""
        working = asyncio.ensure_future(work())
        await asyncio.sleep(0)  # it begins
        phase = await self._record_while(lambda done: not working.done())
        return await working, phase

    async def _record_while(self, goes_on: Callable[[int], bool]) -> Phase:
        waits: list[float] = []
        while goes_on(len(waits)):
            batch = list(islice(self._interactions, BATCH))
            update_ids = list(islice(self._update_ids, BATCH))
            asked = time.perf_counter()
            await self.analytics.record(batch, update_ids)
            waits.append(time.perf_counter() - asked)
        return Phase(waits)

    def _happening(self) -> Iterator[Interaction]:
        for day in count(self._traffic.days + 1):
            self._now += DAY
            for at, person, kind in self._traffic.day(day):
                yield Interaction(telegram_id(person), TYPES[kind], datetime.fromtimestamp(at, UTC))
