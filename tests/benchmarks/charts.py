"""How long a picture takes, what it costs the bot in memory, and what twenty at once do."""

import asyncio
import itertools
import time
from contextlib import suppress
from pathlib import Path

from analytics import Period
from analytics.telegram import languages
from analytics.telegram.admin.stats import Show
from analytics.telegram.admin.stats_files import Chart
from analytics.telegram.charts import WORKER
from bot.sandbox import Person, Sandbox
from tests.benchmarks.admin_waits import shown, walk
from tests.benchmarks.data import Traffic, build
from tests.benchmarks.files import Files, Size
from tests.benchmarks.table import AT_MOST, Finding

# Of a bot that has been used a good deal.
MAX_INTERACTIONS = 1_000_000
# Each with a picture of their own: so many languages times so many periods.
ADMINS = 20
# Seconds between two looks at the processes.
LOOK = 0.02
ALL_DRAWN = 600.0


async def measure(files: Files, size: Size) -> list[Finding]:
    """From when Telegram has the click until the picture reaches it, and memory as PSS.

    What is shown without a picture is shown before: its memory is not that of pictures.
    """
    interactions = min(size.interactions, MAX_INTERACTIONS)
    traffic = Traffic(interactions, interactions // 10, files.traffic.end)
    with files.folder() as folder:
        paths = await build(folder, traffic, [3600])
        async with walk(paths[3600], ADMINS) as (sandbox, bot, admins):
            one = admins[0]
            await shown(sandbox, one, "/stats", "sendMessage")
            waits: list[float] = []
            chatting = asyncio.create_task(_chat(sandbox, waits))
            for period in Period:
                await shown(sandbox, one, Show(period=period).pack(), "editMessageText")
            looks = [memory(bot.pid)]
            waits.clear()
            pictures = [await _picture(sandbox, one, period) for period in Period]
            chatting.cancel()
            await asyncio.wait({chatting})
            looks.append(memory(bot.pid))
            await asyncio.sleep(size.rest)
            looks.append(memory(bot.pid))
            together, peak, at_once = await _all_at_once(sandbox, bot.pid, admins)
    before, after, rested = looks
    return [
        Finding(
            what=f"the first picture at {interactions:,}",
            beside="",
            figure=pictures[0],
            goal=1_000,
            bound=AT_MOST,
            unit="ms",
            ours=pictures,
            notes=[
                f"then {', '.join(f'{each:.0f}' for each in pictures[1:])} ms",
                f"others were answered within {max(waits):.0f} ms meanwhile, at most",
            ],
        ),
        Finding(
            what="memory after pictures",
            beside="before the first one",
            figure=rested - before,
            goal=5,
            bound=AT_MOST,
            unit="MB more",
            ours=[rested],
            peer=[before],
            measured_in="MB",
            notes=[f"{after - before:.1f} MB more at once, the rest {size.rest:.0f} s later"],
        ),
        Finding(
            what=f"processes that draw for {ADMINS} admins",
            beside="",
            figure=at_once,
            goal=1,
            bound=AT_MOST,
            unit="at once",
            ours=[peak],
            measured_in="MB",
            notes=[
                f"{peak:.0f} MB at most, the bot and those that draw, {rested:.0f} MB before; "
                f"the last picture after {together:.1f} s"
            ],
        ),
    ]


def memory(*pids: int) -> float:
    """Megabytes of these processes; what they share counts once. Those that ended have none."""
    total = 0
    for pid in pids:
        try:
            lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
        except (FileNotFoundError, ProcessLookupError):
            continue
        total += sum(int(line.split()[1]) for line in lines if line.startswith("Pss:"))
    return total * 1024 / 1e6


def drawing(bot: int) -> list[int]:
    """The processes that draw for a bot; before they run their program, its memory is theirs."""
    found = []
    for each in Path(f"/proc/{bot}/task").glob("*/children"):
        for child in map(int, each.read_text().split()):
            with suppress(FileNotFoundError, ProcessLookupError):
                if WORKER.name.encode() in Path(f"/proc/{child}/cmdline").read_bytes():
                    found.append(child)
    return found


async def _picture(sandbox: Sandbox, admin: Person, period: Period) -> float:
    await shown(sandbox, admin, Show(period=period).pack(), "editMessageText")
    return await shown(sandbox, admin, Chart(period=period).pack(), "sendPhoto")


async def _all_at_once(
    sandbox: Sandbox, bot: int, admins: list[Person]
) -> tuple[float, float, int]:
    """Seconds until the last picture, megabytes and drawing processes at most."""
    wanted = list(itertools.product(languages(), Period))
    for admin, (language, period) in zip(admins, wanted, strict=True):
        admin.user["language_code"] = language
        await shown(sandbox, admin, "/stats", "sendMessage")
        if period is not Period.WEEK:
            await shown(sandbox, admin, Show(period=period).pack(), "editMessageText")
    before = sum(call.method == "sendPhoto" for call in sandbox.calls)
    began = time.monotonic()
    for admin, (_, period) in zip(admins, wanted, strict=True):
        await admin.clicks(Chart(period=period).pack())
    # Those of the one who asked before are cached.
    drawn = asyncio.create_task(sandbox.called("sendPhoto", before + len(wanted), within=ALL_DRAWN))
    peak, at_once = 0.0, 0
    while not drawn.done():
        found = drawing(bot)
        peak, at_once = max(peak, memory(bot, *found)), max(at_once, len(found))
        await asyncio.wait({drawn}, timeout=LOOK)
    return (await drawn)[-1].at - began, peak, at_once


async def _chat(sandbox: Sandbox, waits: list[float]) -> None:
    """Somebody writes, and writes again as soon as there is an answer; waits in milliseconds."""
    person = sandbox.person()
    while True:
        asked = time.monotonic()
        await person.says("good morning")
        await person.answer()
        waits.append(1000 * (time.monotonic() - asked))
