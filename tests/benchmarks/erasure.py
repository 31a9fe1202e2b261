"""How long it takes to erase one person, and who waits for it."""

import random
import time
from functools import partial

from tests.benchmarks.data import telegram_id
from tests.benchmarks.files import PRECISIONS, Files, Size
from tests.benchmarks.load import Load, compaction_waits
from tests.benchmarks.table import AT_MOST, Finding, quartiles


async def measure(files: Files, size: Size) -> list[Finding]:
    findings = []
    for precision, name in PRECISIONS.items():
        with files.copy(await files.many(precision)) as path:
            async with Load.on(path, files.traffic, precision) as load:
                findings += await _measure(load, name, size)
    return findings


async def _measure(load: Load, name: str, size: Size) -> list[Finding]:
    people = random.Random(size.people).sample(range(1, size.people + 1), size.erasures)
    await load.alone(size.seconds / 4)
    alone: list[float] = []
    erasing: list[float] = []
    took: list[float] = []
    for person in people:
        before = await load.alone(size.seconds / 4)
        seconds, during = await load.beside(partial(_erase, load, person))
        alone.append(1000 * max(before.waits))
        erasing.append(1000 * max(during.waits))
        took.append(seconds)
    return [
        Finding(
            what=f"erasure of one person, {name}",
            beside="",
            figure=quartiles(took)[1],
            goal=0.5,
            bound=AT_MOST,
            unit="s",
            ours=took,
            measured_in="s",
        ),
        Finding(
            what=f"longest wait of a commit during erasure, {name}",
            beside="recording alone",
            figure=quartiles(erasing)[1],
            goal=50,
            bound=AT_MOST,
            unit="ms",
            ours=erasing,
            peer=alone,
            notes=[f"{max(erasing):.1f} ms in the worst case, alone {max(alone):.1f}"],
        ),
    ]


async def _erase(load: Load, person: int) -> float:
    """Seconds."""
    began = time.perf_counter()
    with compaction_waits():
        await load.analytics.people.erase(telegram_id(person))
    return time.perf_counter() - began
