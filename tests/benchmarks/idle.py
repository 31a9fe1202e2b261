"""What the bot does while nobody writes to it."""

import asyncio
from contextlib import AsyncExitStack

from bot.sandbox import Sandbox
from tests.benchmarks.bots import (
    BARE,
    BESIDE,
    OURS,
    exact_processor_seconds,
    running,
    written,
)
from tests.benchmarks.files import Files, Size
from tests.benchmarks.table import AT_MOST, Finding

# Each bot has been answered once by then, and builds no more models for that.
POLLS = 2
PATIENCE = 60.0
# Once an hour the time by Telegram's dates is noted, with which commands compare their clock: a
# frame in the log, and the index of the log, in pages of 4 KiB.
COMMIT_KILOBYTES = 20


async def measure(files: Files, size: Size) -> list[Finding]:
    """Both bots at the same time, for as long."""
    with files.folder() as folder:
        async with AsyncExitStack() as stack:
            bots = []
            for program in (OURS, BARE):
                sandbox = await stack.enter_async_context(Sandbox())
                bots.append(await stack.enter_async_context(running(program, sandbox, folder)))
                await sandbox.called("getUpdates", POLLS, within=PATIENCE)
            before = [(exact_processor_seconds(bot), written(bot)) for bot in bots]
            await asyncio.sleep(size.idle)
            after = [(exact_processor_seconds(bot), written(bot)) for bot in bots]
    ours, bare = (
        (1000 * (seconds - seconds_before), (now - then) / 1024)
        for (seconds, now), (seconds_before, then) in zip(after, before, strict=True)
    )
    return [
        Finding(
            what=f"CPU time of {size.idle:,.0f} s in which nobody writes",
            beside=BESIDE,
            figure=ours[0] / bare[0],
            goal=1,
            bound=AT_MOST,
            ours=ours[:1],
            peer=bare[:1],
        ),
        Finding(
            what=f"written to the disk in {size.idle:,.0f} s in which nobody writes",
            beside="the one commit of an hour",
            figure=ours[1],
            goal=COMMIT_KILOBYTES,
            bound=AT_MOST,
            unit="KiB",
            ours=ours[1:],
            peer=bare[1:],
            measured_in="KiB",
        ),
    ]
