"""How many bytes an interaction takes on the disk."""

from analytics.disk import size as size_of
from tests.benchmarks.data import NAIVE
from tests.benchmarks.files import PRECISIONS, Files, Size
from tests.benchmarks.table import AT_MOST, Finding

GOALS = {3600: 1 / 5, 1: 1 / 2}


async def measure(files: Files, size: Size) -> list[Finding]:
    """Whole files: people, counters and remembered updates included, nothing compacted."""
    naive = size_of(await files.many(NAIVE)) / size.interactions
    findings = []
    for precision, name in PRECISIONS.items():
        ours = size_of(await files.many(precision)) / size.interactions
        findings.append(
            Finding(
                what=f"bytes per interaction, {name}",
                beside="text type, ISO timestamp, indexes on both keys",
                figure=ours / naive,
                goal=GOALS[precision],
                bound=AT_MOST,
                ours=[ours],
                peer=[naive],
                measured_in="bytes",
            )
        )
    return findings
