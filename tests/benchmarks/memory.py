"""How much memory the bot takes while nobody writes, and after however many updates."""

import asyncio
import random
import tempfile
import time
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

from bot.sandbox import Sandbox
from tests.benchmarks.bots import BARE, BESIDE, OURS, memory, running
from tests.benchmarks.files import Files, Size
from tests.benchmarks.table import AT_MOST, Finding
from tests.support.processes import Process

PEOPLE = 100_000
WAITING = 1_000
# One in so many is written in a private chat and answered; the others are of a group.
ANSWERED = 50
LOOKS = 20
# What a heap gains and loses anyway.
FLAT = 2.0
LANGUAGES = ("en", "de", "es", "ru", "uk")
PATIENCE = 600.0
# Seconds; after its start the bot still sets its menus.
STARTING = 3.0


async def measure(files: Files, size: Size) -> list[Finding]:
    """Both bots at the same time, each with the same updates."""
    with tempfile.TemporaryDirectory() as folder:
        async with AsyncExitStack() as stack:
            bots = []
            for program in (OURS, BARE):
                sandbox = await stack.enter_async_context(Sandbox())
                process = await stack.enter_async_context(running(program, sandbox, Path(folder)))
                bots.append((sandbox, process))
            await asyncio.sleep(STARTING)
            idle = [memory(process) for _, process in bots]
            ours, bare = await asyncio.gather(*(_feed(*bot, size.updates) for bot in bots))
    growth = [looks[-1] - looks[len(looks) // 2] for looks in (ours, bare)]
    notes = [
        f"megabytes after each twentieth, {who}: {', '.join(f'{each:.1f}' for each in looks)}"
        for who, looks in (("ours", ours), (BESIDE, bare))
    ]
    return [
        Finding(
            what="memory while idle",
            beside=BESIDE,
            figure=idle[0] - idle[1],
            goal=10,
            bound=AT_MOST,
            unit="MB more",
            ours=idle[:1],
            peer=idle[1:],
            measured_in="MB",
        ),
        Finding(
            what=f"memory after {size.updates:,} updates of {PEOPLE:,} people",
            beside=BESIDE,
            figure=ours[-1] - bare[-1],
            goal=10,
            bound=AT_MOST,
            unit="MB more",
            ours=[ours[-1]],
            peer=[bare[-1]],
            measured_in="MB",
            notes=notes,
        ),
        Finding(
            what=f"growth of memory in the second half of {size.updates:,} updates",
            beside=BESIDE,
            figure=growth[0] - growth[1],
            goal=FLAT,
            bound=AT_MOST,
            unit="MB more",
            ours=growth[:1],
            peer=growth[1:],
            measured_in="MB",
        ),
    ]


async def _feed(sandbox: Sandbox, process: Process, updates: int) -> list[float]:
    """Megabytes, at equal distances."""
    chance = random.Random(updates)
    people = [
        sandbox.person(language_code=LANGUAGES[number % len(LANGUAGES)])
        for number in range(PEOPLE // ANSWERED)
    ]
    looks = []
    for look in range(LOOKS):
        numbers = range(updates * look // LOOKS, updates * (look + 1) // LOOKS)
        for first in range(numbers.start, numbers.stop, WAITING):
            for number in numbers[first - numbers.start :][:WAITING]:
                if number % ANSWERED:
                    sandbox.updates.create(_in_a_group(number, chance.randrange(PEOPLE)))
                else:
                    await chance.choice(people).says("hello")
            await sandbox.settled(within=PATIENCE)
        looks.append(memory(process))
    return looks


def _in_a_group(number: int, person: int) -> dict[str, Any]:
    user = {"id": 5_000_100_000 + person, "is_bot": False, "first_name": "Somebody"}
    group = {"id": -1_000_000_000_001, "type": "supergroup", "title": "Neighbours"}
    message = {"message_id": number, "from": user, "chat": group, "date": int(time.time())}
    return {"message": {**message, "text": "I have a question about the meeting tomorrow"}}
