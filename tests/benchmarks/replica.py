"""`python -m tests.benchmarks.replica`: a process that records, as fast as it goes."""

import asyncio
import random
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import count
from pathlib import Path

from analytics import AnalyticsService, Interaction, InteractionType
from tests.benchmarks.data import KEY, telegram_id

# Requests that a process has open at a time, as Telegram sends to a webhook with its default.
IN_FLIGHT = 40


async def requests(
    analytics: AnalyticsService, interactions: Iterator[tuple[Interaction, int]], seconds: float
) -> float:
    """Record each of them in a request of its own; return how many a second were committed."""
    began = time.perf_counter()
    ends = began + seconds
    done = 0

    async def request() -> None:
        nonlocal done
        while time.perf_counter() < ends:
            interaction, update_id = next(interactions)
            assert await analytics.record([interaction], [update_id])
            done += 1

    await asyncio.gather(*[request() for _ in range(IN_FLIGHT)])
    return done / (time.perf_counter() - began)


def drawn(people: int, first: int) -> Iterator[tuple[Interaction, int]]:
    """Yield messages of now by people drawn by chance, with the ids of their updates."""
    chance = random.Random(first)
    for update_id in count(first):
        person = telegram_id(1 + chance.randrange(people))
        yield Interaction(person, InteractionType.MESSAGE, datetime.now(UTC)), update_id


async def main(url: str, path: str, people: str, first: str, seconds: str) -> None:
    async with AnalyticsService.open(Path(path), database_url=url, pseudonym_key=KEY) as analytics:
        interactions = drawn(int(people), int(first))
        await requests(analytics, interactions, float(seconds) / 4)
        print("ready", flush=True)
        sys.stdin.readline()
        print(await requests(analytics, interactions, float(seconds)), flush=True)


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
