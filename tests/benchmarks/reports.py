"""Whether a report takes as long at many rows as at few."""

import sqlite3
import time
from contextlib import closing
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from analytics import Access, AnalyticsService
from tests.benchmarks.data import DAY, HOUR
from tests.benchmarks.files import PRECISIONS, Files, Size
from tests.benchmarks.table import AT_LEAST, AT_MOST, Finding, quartiles

COUNTED = """
    SELECT
        (SELECT count(DISTINCT user_id) FROM interactions WHERE timestamp >= :day),
        (SELECT count(DISTINCT user_id) FROM interactions WHERE timestamp >= :week),
        (SELECT count(DISTINCT user_id) FROM interactions WHERE timestamp >= :month)
"""
BY_TYPE = "SELECT interaction_type, sum(count) FROM interactions GROUP BY interaction_type"


async def measure(files: Files, size: Size) -> list[Finding]:
    findings = []
    for precision, name in PRECISIONS.items():
        many, few = await files.many(precision), await files.few(precision)
        ours, peer = await _both(many, few, files.traffic.end, size.reports)
        counting = [_count(many, files.traffic.end) for _ in range(size.repeats)]
        report, reported_few, counted = (quartiles(each)[1] for each in (ours, peer, counting))
        findings += [
            Finding(
                what=f"report at {size.interactions:,}, {name}",
                beside=f"itself at {size.few_interactions:,}",
                figure=report / reported_few,
                goal=3,
                bound=AT_MOST,
                ours=ours,
                peer=peer,
            ),
            Finding(
                what=f"report at {size.interactions:,}, {name}",
                beside="COUNT(DISTINCT) and GROUP BY over the rows: so many times as fast",
                figure=counted / report,
                goal=200,
                bound=AT_LEAST,
                ours=ours,
                peer=counting,
            ),
        ]
    return findings


async def _both(many: Path, few: Path, end: int, times: int) -> tuple[list[float], list[float]]:
    """Milliseconds of each report, taken in turn, half past the hour: no window is whole hours."""
    clock = partial(datetime.fromtimestamp, end - HOUR // 2, UTC)
    ours: list[float] = []
    peer: list[float] = []
    async with (
        AnalyticsService.open(many, access=Access.READ, clock=clock) as at_many,
        AnalyticsService.open(few, access=Access.READ, clock=clock) as at_few,
    ):
        for number in range(times + times // 10 + 1):
            for analytics, samples in ((at_many, ours), (at_few, peer)):
                began = time.perf_counter()
                await analytics.get_admin_analytics_report()
                if number > times // 10:  # the first ones warm up
                    samples.append(1000 * (time.perf_counter() - began))
    return ours, peer


def _count(path: Path, end: int) -> float:
    windows = {"day": end - DAY, "week": end - 7 * DAY, "month": end - 30 * DAY}
    with closing(sqlite3.connect(path)) as database:
        began = time.perf_counter()
        database.execute(COUNTED, windows).fetchall()
        database.execute(BY_TYPE).fetchall()
        return 1000 * (time.perf_counter() - began)
