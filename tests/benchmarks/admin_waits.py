"""How long an admin waits for numbers and pictures, and whether others wait meanwhile."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from analytics import Period
from analytics.telegram.admin.stats import Chart, Show
from bot.sandbox import Person, Sandbox
from tests.benchmarks.data import KEY, Traffic, build
from tests.benchmarks.files import Files, Size
from tests.benchmarks.table import AT_MOST, Finding, quartiles
from tests.support.processes import MAIN, bot_program

ADMIN = 6_000_000_001
# Of a bot that has been used a good deal.
MAX_INTERACTIONS = 1_000_000
# More than a person would look at, and fewer than are refused.
LOOKS = 5


async def measure(files: Files, size: Size) -> list[Finding]:
    """From when Telegram has the click until the answer reaches it: more than the handler takes.

    What is shown the first time is told apart: people of past periods are counted then, and the
    picture library is imported.
    """
    interactions = min(size.interactions, MAX_INTERACTIONS)
    traffic = Traffic(interactions, interactions // 10, files.traffic.end)
    with files.folder() as folder:
        paths = await build(folder, traffic, [3600])
        async with walk(paths[3600]) as (sandbox, admin):
            numbers = [await _shown(sandbox, admin, "/stats", "sendMessage")]
            pictures = []
            for _ in range(LOOKS):
                for period in Period:
                    click = Show(period=period).pack()
                    numbers.append(await _shown(sandbox, admin, click, "editMessageText"))
            waits: list[float] = []
            for period in Period:
                await _shown(sandbox, admin, Show(period=period).pack(), "editMessageText")
                chatting = asyncio.create_task(_chat(sandbox, waits))
                pictures.append(
                    await _shown(sandbox, admin, Chart(period=period).pack(), "sendPhoto")
                )
                chatting.cancel()
                await asyncio.wait({chatting})
    return [
        Finding(
            what=f"/stats and its periods at {interactions:,}",
            beside="",
            figure=quartiles(numbers)[1],
            goal=50,
            bound=AT_MOST,
            unit="ms",
            ours=numbers,
            notes=[f"{max(numbers):.0f} ms in the worst case, {numbers[0]:.0f} the first time"],
        ),
        Finding(
            what=f"a picture of a period at {interactions:,}",
            beside="",
            figure=quartiles(pictures)[1],
            goal=1_000,
            bound=AT_MOST,
            unit="ms",
            ours=pictures,
            notes=[
                f"{pictures[0]:.0f} ms the first time",
                f"others were answered within {max(waits):.0f} ms meanwhile, at most",
            ],
        ),
    ]


@asynccontextmanager
async def walk(database: Path) -> AsyncIterator[tuple[Sandbox, Person]]:
    """A running bot on this file, and its admin."""
    settings = {"ADMIN_IDS": str(ADMIN), "USER_ID_KEY": KEY.hex(), "DIGEST": "off"}
    async with Sandbox() as sandbox, bot_program(MAIN, sandbox, database, settings):
        admin = sandbox.person(ADMIN)
        await admin.says("/start")
        await admin.answer()
        yield sandbox, admin


async def _shown(sandbox: Sandbox, admin: Person, what: str, method: str) -> float:
    """Milliseconds until the bot calls `method` for a command or a button's data."""
    before = sum(call.method == method for call in sandbox.calls)
    await sandbox.settled()
    asked = time.monotonic()
    await (admin.says(what) if what.startswith("/") else admin.clicks(what))
    calls = await sandbox.called(method, before + 1)
    return 1000 * (calls[-1].at - asked)


async def _chat(sandbox: Sandbox, waits: list[float]) -> None:
    """Somebody writes, and writes again as soon as there is an answer; waits in milliseconds."""
    person = sandbox.person()
    while True:
        asked = time.monotonic()
        await person.says("good morning")
        await person.answer()
        waits.append(1000 * (time.monotonic() - asked))
