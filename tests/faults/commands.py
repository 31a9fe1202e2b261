"""Commands that read and write beside the running bot, which records meanwhile."""

import asyncio
import json
import random
import signal
from datetime import UTC, datetime, timedelta
from pathlib import Path

from analytics import AnalyticsService, Interaction, InteractionType
from bot.sandbox import Sandbox
from tests.faults.database import folder
from tests.faults.kills import MAX_SHUTDOWN, row
from tests.faults.table import Fault, Row
from tests.support.crowds import crowd
from tests.support.processes import PATIENCE, bot_process, run

FIRST_PERSON = 6_000_000_001
# Interactions for each cleanup to delete: several steps of it.
OLD = 3_000
# Days between what one cleanup deletes and what the next does.
APART = 30
MAX_RETENTION = {"RETENTION_DAYS": "3650"}


async def fill(database: Path, cleanups: int) -> None:
    """Old interactions for so many cleanups, each of them with those of one more month."""
    now = datetime.now(UTC)
    async with AnalyticsService.open(database) as analytics:
        for number in range(cleanups):
            moment = now - timedelta(days=APART * (number + 1) + 1)
            await analytics.record(
                [
                    Interaction(FIRST_PERSON + person, InteractionType.MESSAGE, moment)
                    for person in range(OLD)
                ]
            )


async def clean_up(database: Path, days: int) -> int:
    """How many interactions the command says it has deleted."""
    environment = {"DATABASE_PATH": str(database)}
    status, output, errors = await run(
        database.parent, "cleanup", "--days", str(days), **environment
    )
    assert status == 0, errors
    return int(output.split()[0].replace(",", ""))


async def total(database: Path) -> int:
    environment = {"DATABASE_PATH": str(database)}
    status, output, errors = await run(database.parent, "stats", "--json", **environment)
    assert status == 0, errors
    return int(json.loads(output)["total_interactions"])


async def beside_the_bot(times: int) -> Row:
    """Two cleanups at the same time, and a report, so often, while many people write."""
    chance = random.Random(times)
    with folder() as path:
        database = path / "analytics.sqlite3"
        await fill(database, times)
        async with (
            Sandbox() as sandbox,
            bot_process(sandbox, database, **MAX_RETENTION) as bot,
        ):
            async with crowd(sandbox, chance):
                for number in reversed(range(times)):
                    days = APART * (number + 1)
                    one, other, _ = await asyncio.gather(
                        clean_up(database, days), clean_up(database, days), total(database)
                    )
                    assert one + other == OLD
            await sandbox.settled(within=PATIENCE)
            bot.send(signal.SIGTERM)
            status, _, errors = await bot.ended(MAX_SHUTDOWN)
            assert status == 0, errors
            return row(times, sandbox, database)


FAULTS = [Fault("commands beside the running bot", beside_the_bot, short=2, long=50)]
