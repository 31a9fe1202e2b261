"""Whether recording goes on while a day is cleaned up, and what compaction then costs."""

import time
from functools import partial

from tests.benchmarks.files import PRECISIONS, Files, Size
from tests.benchmarks.load import Load, Phase, compaction_waits
from tests.benchmarks.table import AT_LEAST, AT_MOST, Finding, quartiles


async def measure(files: Files, size: Size) -> list[Finding]:
    findings = []
    for precision, name in PRECISIONS.items():
        with files.copy(await files.many(precision)) as path:
            async with Load.on(path, files.traffic, precision) as load:
                findings += await _measure(load, name, files, size)
    return findings


async def _measure(load: Load, name: str, files: Files, size: Size) -> list[Finding]:
    alone: list[Phase] = []
    cleaning: list[Phase] = []
    deleted = 0
    await load.alone(size.seconds / 4)
    with compaction_waits():
        for number in range(1, size.repeats + 1):
            alone.append(await load.alone(size.seconds))
            days = (load.now().timestamp() - files.traffic.end) / 86_400 + 90 - number
            cleanup = partial(load.analytics.cleanup_old_interactions, int(days))
            count, phase = await load.beside(cleanup)
            deleted += count
            cleaning.append(phase)
    began = time.perf_counter()
    compact = partial(load.analytics.maintenance.compact_if_due, large_too=True)
    _, compacting = await load.beside(compact)
    compaction = time.perf_counter() - began
    pairs = list(zip(cleaning, alone, strict=True))
    shares = [during.per_second / before.per_second for during, before in pairs]
    longer = [1000 * (max(during.waits) - max(before.waits)) for during, before in pairs]
    notes = [
        f"{deleted / size.repeats:,.0f} interactions deleted in "
        f"{quartiles([phase.seconds for phase in cleaning])[1]:.2f} s",
        f"compaction took {compaction:.1f} s, a commit was held up at most "
        f"{max(compacting.waits):.2f} s, so late a person was answered",
    ]
    return [
        Finding(
            what=f"longest wait of a commit during cleanup, {name}",
            beside="recording alone",
            figure=quartiles(longer)[1],
            goal=50,
            bound=AT_MOST,
            unit="ms more",
            ours=[1000 * max(phase.waits) for phase in cleaning],
            peer=[1000 * max(phase.waits) for phase in alone],
            notes=notes,
        ),
        Finding(
            what=f"recording during cleanup, {name}",
            beside="recording alone",
            figure=quartiles(shares)[1],
            goal=0.7,
            bound=AT_LEAST,
            ours=[phase.per_second for phase in cleaning],
            peer=[phase.per_second for phase in alone],
            measured_in="interactions/s",
        ),
    ]
