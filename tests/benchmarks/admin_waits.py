"""How long an admin waits for numbers."""

import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from analytics import Period
from analytics.telegram.admin.stats import Page, PageName, Show
from bot.sandbox import Person, Sandbox
from tests.benchmarks.data import KEY
from tests.benchmarks.files import Files, Size
from tests.benchmarks.table import AT_MOST, Finding, quartiles
from tests.support.processes import MAIN, Process, bot_program

ADMIN = 6_000_000_001
SETTINGS = {"ADMIN_IDS": str(ADMIN), "USER_ID_KEY": KEY.hex(), "DIGEST": "off"}
# More than a person would look at, and fewer than are refused.
LOOKS = 5
PAGES = [name for name in PageName if name not in (PageName.MEANING, PageName.MORE_MEANING)]


async def measure(files: Files, size: Size) -> list[Finding]:
    """From when Telegram has the click until the answer reaches it: more than the handler takes.

    What is shown the first time is told apart: people of past periods are counted then.
    """
    interactions = size.interactions
    with files.copy(await files.many(3600)) as database:
        async with walk(database) as (sandbox, _, [admin]):
            numbers = [await shown(sandbox, admin, "/stats", "sendMessage")]
            pages: dict[PageName, list[float]] = {name: [] for name in PAGES}
            for _ in range(LOOKS):
                for period in Period:
                    click = Show(period=period).pack()
                    numbers.append(await shown(sandbox, admin, click, "editMessageText"))
                for name, waits in pages.items():
                    click = Page(name=name, period=Period.QUARTER).pack()
                    waits.append(await shown(sandbox, admin, click, "editMessageText"))
                    back = Show(period=Period.QUARTER).pack()
                    await shown(sandbox, admin, back, "editMessageText")
    return [
        finding(f"/stats and its periods at {interactions:,}", numbers),
        *(
            finding(f"page {name} of 90 days at {interactions:,}", waits)
            for name, waits in pages.items()
        ),
    ]


def finding(what: str, waits: list[float], goal: float = 50) -> Finding:
    """What the median of some waits is, in milliseconds, beside the goal."""
    return Finding(
        what=what,
        beside="",
        figure=quartiles(waits)[1],
        goal=goal,
        bound=AT_MOST,
        unit="ms",
        ours=waits,
        notes=[f"{max(waits):.0f} ms in the worst case, {waits[0]:.0f} the first time"],
    )


@asynccontextmanager
async def walk(
    database: Path, admins: int = 1
) -> AsyncIterator[tuple[Sandbox, Process, list[Person]]]:
    """A running bot on this file, and so many admins."""
    ids = range(ADMIN, ADMIN + admins)
    settings = {**SETTINGS, "ADMIN_IDS": ",".join(map(str, ids))}
    async with Sandbox() as sandbox, bot_program(MAIN, sandbox, database, settings) as bot:
        people = [sandbox.person(each) for each in ids]
        for admin in people:
            await admin.says("/start")
            await admin.answer()
        yield sandbox, bot, people


async def shown(sandbox: Sandbox, admin: Person, what: str, method: str) -> float:
    """Milliseconds until the bot calls `method` for a command or a button's data."""
    before = sum(call.method == method for call in sandbox.calls)
    await sandbox.settled()
    asked = time.monotonic()
    await (admin.says(what) if what.startswith("/") else admin.clicks(what))
    calls = await sandbox.called(method, before + 1)
    return 1000 * (calls[-1].at - asked)
