"""What a start costs, until the bot asks for updates."""

import time
from statistics import median

from bot.sandbox import Sandbox
from tests.benchmarks.bots import BARE, BESIDE, OURS, processor_seconds, running
from tests.benchmarks.files import Files, Size
from tests.benchmarks.table import AT_MOST, Finding


async def measure(files: Files, size: Size) -> list[Finding]:
    """Both bots in turn; the first of each warms up the disk's cache."""
    used: dict[str, list[float]] = {"ours": [], "bare": []}
    waited: dict[str, list[float]] = {"ours": [], "bare": []}
    for each in range(1 + size.repeats):
        for name, program in (("ours", OURS), ("bare", BARE)):
            began = time.perf_counter()
            with files.folder() as folder:
                async with Sandbox() as sandbox, running(program, sandbox, folder) as process:
                    seconds, took = processor_seconds(process), time.perf_counter() - began
            if each:
                used[name].append(1000 * seconds)
                waited[name].append(took)
    ratios = [ours / bare for ours, bare in zip(used["ours"], used["bare"], strict=True)]
    return [
        Finding(
            what="CPU time from the start to the first getUpdates",
            beside=BESIDE,
            figure=median(ratios),
            goal=1.15,
            bound=AT_MOST,
            ours=used["ours"],
            peer=used["bare"],
            notes=[
                "seconds until then: "
                + ", ".join(f"{name} {median(seconds):.2g}" for name, seconds in waited.items())
            ],
        )
    ]
