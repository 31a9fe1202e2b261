"""How long it takes to erase one person, and who waits for it."""

import random
import time
from functools import partial

from analytics import Pseudonyms
from analytics.recording import REMEMBER_SECONDS
from tests.benchmarks.data import KEY, telegram_id
from tests.benchmarks.files import PRECISIONS, Files, Size
from tests.benchmarks.load import Load
from tests.benchmarks.table import AT_MOST, Finding, quartiles

SEARCH = """
    SELECT user_id, json_group_array(DISTINCT timestamp) FROM interactions
    WHERE user_id = (SELECT id FROM users WHERE reference = ?)
"""
# What was found, and what came in since: nothing that comes is older than two days.
ERASE = """
    DELETE FROM interactions WHERE user_id = ?1 AND timestamp IN (
        SELECT value FROM json_each(?2)
        UNION SELECT timestamp FROM interactions WHERE timestamp >= ?3 AND user_id = ?1)
"""


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
    database = load.analytics._database
    began = time.perf_counter()
    reference = Pseudonyms(KEY).reference(telegram_id(person))
    [(user_id, moments)] = await database.read(SEARCH, (reference,))
    since = load.now().timestamp() - REMEMBER_SECONDS
    await database.write(ERASE, (user_id, moments, since))
    return time.perf_counter() - began
