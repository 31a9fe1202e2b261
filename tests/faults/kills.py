"""The bot's process ends at random moments under load, is started again, and goes on.

At the end the file is compared with the sandbox's own record of what was acknowledged.
"""

import random
import signal
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path

from bot.sandbox import Sandbox
from tests.faults.database import folder
from tests.faults.table import Fault, Row
from tests.support.crowds import crowd, moment
from tests.support.processes import PATIENCE, Process, settings, start
from tests.support.second_connection import total
from tests.support.stored import remembered
from tests.support.webhooks import webhook_environment

MAX_SHUTDOWN = 15.0


@asynccontextmanager
async def life(folder: Path, environment: Mapping[str, str]) -> AsyncIterator[Process]:
    """The bot from the very start of its process; killed at the end, if it still runs."""
    process = await start(folder, **environment)
    try:
        yield process
    finally:
        process.send(signal.SIGKILL)
        await process.ended()


async def ends(times: int, signals: Sequence[signal.Signals], *, webhook: bool) -> Row:
    """`times` ends by one of the signals, each under load."""
    chance = random.Random(times)
    calls = ["sendMessage"] if webhook else ["getUpdates", "sendMessage"]
    more = webhook_environment(webhook=webhook)
    with folder() as path:
        async with Sandbox(webhook_retry=0.01) as sandbox:
            database = path / "analytics.sqlite3"
            environment = settings(sandbox, database, LOG_LEVEL="DEBUG", **more)
            for _ in range(times):
                async with life(path, environment) as bot, crowd(sandbox, chance):
                    await moment(sandbox, chance, calls)
                    number = chance.choice(signals)
                    bot.send(number)
                    status, _, _ = await bot.ended(MAX_SHUTDOWN)
                    assert status == (-number if number == signal.SIGKILL else 0)
            async with life(path, environment) as bot:
                person = sandbox.person()
                await person.says("good morning")
                await person.answer(within=PATIENCE)
                await sandbox.settled(within=PATIENCE)
                bot.send(signal.SIGTERM)
                status, _, _ = await bot.ended(MAX_SHUTDOWN)
                assert status == 0
            return row(times, sandbox, database)


def row(injected: int, sandbox: Sandbox, database: Path) -> Row:
    """Everything that waited in the sandbox was the interaction of one person."""
    acknowledged, ids = sandbox.updates.acknowledged, remembered(database)
    count = total(database)
    return Row(
        injected=injected,
        acknowledged=len(acknowledged),
        recorded=int(count),
        lost=len(acknowledged - ids),
        counted_twice=int(count) - len(ids),
    )


KILL = (signal.SIGKILL,)
STOP = (signal.SIGTERM, signal.SIGINT)

FAULTS = [
    Fault("kill -9, polling", partial(ends, signals=KILL, webhook=False), 10, 200, few=2),
    Fault("kill -9, webhook", partial(ends, signals=KILL, webhook=True), 10, 200, few=2),
    Fault("SIGTERM, polling", partial(ends, signals=STOP, webhook=False), 5, 200, few=1),
    Fault("SIGTERM, webhook", partial(ends, signals=STOP, webhook=True), 5, 200, few=1),
]
