"""How many updates per second the bot answers, with analytics and without."""

import random
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

from bot.sandbox import Sandbox
from tests.benchmarks.bots import BARE, BESIDE, OURS, processor_seconds, running
from tests.benchmarks.files import Files, Size
from tests.benchmarks.table import AT_LEAST, AT_MOST, Finding, quartiles

PEOPLE = 500
WORDS = ("hello", "good morning", "/help", "thank you!", "/nobody_made_this")
PATIENCE = 600.0


async def measure(files: Files, size: Size) -> list[Finding]:
    """Everything waits already when a bot starts: it is never idle until the last answer."""
    rates: dict[Path, list[float]] = {OURS: [], BARE: []}
    costs: dict[Path, list[float]] = {OURS: [], BARE: []}
    for _ in range(size.repeats):
        for program in (OURS, BARE):
            rate, cost = await _answer_all(program, size.answers)
            rates[program].append(rate)
            costs[program].append(cost)
    return [
        Finding(
            what="updates answered over HTTP",
            beside=BESIDE,
            figure=_ratio(rates),
            goal=1,
            bound=AT_LEAST,
            ours=rates[OURS],
            peer=rates[BARE],
            measured_in="updates/s",
        ),
        Finding(
            what="processor time for each",
            beside=BESIDE,
            figure=_ratio(costs),
            goal=1,
            bound=AT_MOST,
            ours=costs[OURS],
            peer=costs[BARE],
        ),
    ]


def _ratio(samples: Mapping[Path, Sequence[float]]) -> float:
    """The median of the pairs, since the machine changes from one to the next."""
    pairs = zip(samples[OURS], samples[BARE], strict=True)
    return quartiles([ours / bare for ours, bare in pairs])[1]


async def _answer_all(program: Path, answers: int) -> tuple[float, float]:
    """Answers per second, and milliseconds of processor time for each."""
    warm = answers // 4
    chance = random.Random(answers)
    with tempfile.TemporaryDirectory() as folder:
        async with Sandbox() as sandbox:
            people = [sandbox.person() for _ in range(PEOPLE)]
            for _ in range(answers):
                await chance.choice(people).says(chance.choice(WORDS))
            async with running(program, sandbox, Path(folder)) as process:
                await sandbox.called("sendMessage", warm, within=PATIENCE)
                before = processor_seconds(process)
                calls = await sandbox.called("sendMessage", answers, within=PATIENCE)
                used = processor_seconds(process) - before
    took = calls[-1].at - calls[warm - 1].at
    return (answers - warm) / took, 1000 * used / (answers - warm)
