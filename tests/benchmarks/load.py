"""Recording as fast as it goes, on a file as large as is asked for."""

import asyncio
import gc
import time
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import count, islice
from math import inf
from pathlib import Path
from typing import NamedTuple, TypeVar
from unittest.mock import patch

from analytics import AnalyticsService, Event, EventKind, Interaction, InteractionType
from analytics.sqlite import compaction
from tests.benchmarks.data import DAY, FIRST_UPDATE_ID, KEY, TYPES, Traffic, telegram_id
from tests.benchmarks.table import quartiles

HELP = (Event(EventKind.COMMAND, "help"),)
BATCH = 100  # what Telegram sends at once, at most
# A steady load: batches a second, the interactions of each, and how many are made beforehand.
PER_SECOND = 100
STEADY_BATCH = 10
PREPARED = 4_000

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Phase:
    """A stretch of recording: seconds of each wait for a commit, and of the processor in all."""

    waits: list[float]
    processor: float

    @property
    def seconds(self) -> float:
        """Of recording; making up what happens does not count."""
        return sum(self.waits)

    @property
    def per_second(self) -> float:
        """Interactions."""
        return BATCH * len(self.waits) / self.seconds

    @property
    def took(self) -> "Took":
        interactions = BATCH * len(self.waits)
        return Took(1e6 * self.seconds / interactions, 1e6 * self.processor / interactions)


class Took(NamedTuple):
    """Microseconds for each interaction: until it was committed, and of the processor."""

    waited: float
    used: float


def times(slower: Sequence[Took], faster: Sequence[Took]) -> float:
    """How many times as fast the second is: the median of runs that took turns."""
    pairs = zip(slower, faster, strict=True)
    return quartiles([one.waited / other.waited for one, other in pairs])[1]


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
        self._ready: deque[tuple[list[Interaction], list[int]]] = deque()
        self.analytics: AnalyticsService

    @classmethod
    @asynccontextmanager
    async def on(
        cls, path: Path, traffic: Traffic, precision: int, database_url: str | None = None
    ) -> AsyncIterator["Load"]:
        load = cls(traffic)
        async with AnalyticsService.open(
            path,
            database_url=database_url,
            pseudonym_key=KEY,
            timestamp_precision=precision,
            clock=load.now,
        ) as analytics:
            load.analytics = analytics
            yield load

    @property
    def end(self) -> int:
        """Of what the file was built with, in Unix seconds."""
        return self._traffic.end

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
        processor = 0.0
        while goes_on(len(waits)):
            batch, update_ids = self._batch(BATCH)
            asked, used = time.perf_counter(), time.process_time()
            await self.analytics.record(batch, update_ids)
            processor += time.process_time() - used
            waits.append(time.perf_counter() - asked)
        return Phase(waits, processor)

    async def steadily(self, work: Callable[[], Awaitable[object]], longer: float) -> list[float]:
        """Record at a steady rate until the work is done, and seconds longer; return the waits.

        In seconds, from when a batch was due: one that is held up makes no other come later, and
        counts whole. Commands among them count as events, as they do in the bot.
        """
        loop = asyncio.get_running_loop()
        waits: list[float] = []
        # Made before: a new day takes longer than a commit.
        while len(self._ready) < PREPARED:
            self._ready.append(self._batch(STEADY_BATCH))
        gc.freeze()

        async def record(due: float) -> None:
            batch, ids = self._ready.popleft() if self._ready else self._batch(STEADY_BATCH)
            is_command = (each.interaction_type is InteractionType.COMMAND for each in batch)
            events = [HELP if each else () for each in is_command]
            await self.analytics.record(batch, ids, events)
            waits.append(loop.time() - due)

        working = asyncio.ensure_future(work())
        ends, due = inf, loop.time()
        async with asyncio.TaskGroup() as recording:
            while due < ends:
                await asyncio.sleep(due - loop.time())
                recording.create_task(record(due))
                due += 1 / PER_SECOND
                if working.done() and ends == inf:
                    ends = due + longer
        await working
        gc.unfreeze()
        return waits

    def _batch(self, length: int) -> tuple[list[Interaction], list[int]]:
        """The next interactions, and the ids of their updates."""
        return list(islice(self._interactions, length)), list(islice(self._update_ids, length))

    def _happening(self) -> Iterator[Interaction]:
        for day in count(self._traffic.days + 1):
            self._now += DAY
            for at, person, kind in self._traffic.day(day):
                yield Interaction(telegram_id(person), TYPES[kind], datetime.fromtimestamp(at, UTC))
