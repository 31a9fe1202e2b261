"""Many people who write at once, and moments at which a bot is in the middle of it."""

import asyncio
import random
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress

from bot.sandbox import Sandbox
from tests.support.processes import PATIENCE

PEOPLE = 100
# Updates that always wait for the bot: several batches, so that it is never idle.
WAITING = 300
# The bot takes about so long for a batch, in seconds.
A_BATCH = 0.1
WORDS = ("good morning", "thank you!", "/help", "/nobody_made_this")


@asynccontextmanager
async def crowd(sandbox: Sandbox, chance: random.Random) -> AsyncIterator[None]:
    """Many people write, as fast as they are answered."""
    people = [sandbox.person() for _ in range(PEOPLE)]

    async def write() -> None:
        answers = len(await sandbox.called("sendMessage", 0))
        while True:
            while len(sandbox.updates) < WAITING:
                await chance.choice(people).says(chance.choice(WORDS))
            answers = len(await sandbox.called("sendMessage", answers + 1, within=PATIENCE))

    writing = asyncio.create_task(write())
    try:
        yield
    finally:
        writing.cancel()
        with suppress(asyncio.CancelledError):
            await writing


async def moment(sandbox: Sandbox, chance: random.Random, calls: Sequence[str]) -> None:
    """Until the bot is in the middle of something.

    A call that acknowledges a batch, or that answers a person of one, is the worst moment for
    whoever records too late; some time after it, for whoever records twice.
    """
    method = chance.choice(calls)
    before = len(await sandbox.called(method, 0))
    often = 5 if method == "getUpdates" else WAITING
    await sandbox.called(method, before + chance.randint(1, often), within=PATIENCE)
    # Not a wait for something: the random moment itself.
    await asyncio.sleep(chance.choice((0.0, chance.uniform(0.0, A_BATCH))))
