"""The benchmark measures what it says: nothing here depends on how fast anything is."""

import io
import json
import sqlite3
from collections import Counter
from contextlib import closing
from math import isfinite
from pathlib import Path

import pytest
from rich.console import Console

from analytics import Access, AnalyticsService
from tests.benchmarks.__main__ import QUESTIONS, measure
from tests.benchmarks.data import Traffic, build
from tests.benchmarks.files import PRECISIONS, TINY
from tests.benchmarks.load import BATCH, Load
from tests.benchmarks.table import AT_LEAST, AT_MOST, Finding, show
from tests.support.postgres import reason_to_skip
from tests.support.recount import counts, inconsistencies

END = 1_790_000_000 // 3600 * 3600
TRAFFIC = Traffic(interactions=9_000, people=900, end=END)


@pytest.mark.parametrize("precision", PRECISIONS)
async def test_the_files_equal_a_recount_of_the_traffic(tmp_path: Path, precision: int) -> None:
    paths = await build(tmp_path, TRAFFIC, [precision])
    events = [event for day in range(1, TRAFFIC.days + 1) for event in TRAFFIC.day(day)]
    moments = Counter(at // precision * precision for at, _, _ in events)

    assert len(events) == TRAFFIC.interactions
    # Numbered as they come, as the database numbers them.
    assert list(dict.fromkeys(person for _, person, _ in events)) == list(
        range(1, TRAFFIC.people + 1)
    )
    assert [at for at, _, _ in events] == sorted(at for at, _, _ in events)
    assert counts(paths[precision]) == moments
    assert inconsistencies(paths[precision]) == []


async def test_the_product_goes_on_in_a_file_that_was_built(tmp_path: Path) -> None:
    paths = await build(tmp_path, TRAFFIC, [3600])
    async with Load.on(paths[3600], TRAFFIC, 3600) as load:
        phase = await load.batches(3)
    async with AnalyticsService.open(paths[3600], access=Access.READ) as analytics:
        report = await analytics.get_admin_analytics_report()
    with closing(sqlite3.connect(paths[3600])) as database:
        [(people,)] = database.execute("SELECT count(*) FROM users").fetchall()
    days = range(TRAFFIC.days + 1, TRAFFIC.days + 4)
    newest = [person for day in days for _, person, _ in TRAFFIC.day(day)]

    assert len(newest) == 3 * BATCH == 100 * len(phase.waits)
    assert report.total_interactions == TRAFFIC.interactions + 3 * BATCH
    assert inconsistencies(paths[3600]) == []
    # Those who were there before are known by their references.
    assert people == max(newest)


@pytest.mark.long
@pytest.mark.parametrize("name", QUESTIONS)
async def test_a_question_is_answered_with_its_ratios(name: str) -> None:
    if name == "server" and (reason := reason_to_skip()):
        pytest.skip(reason)
    findings = await measure([name], TINY, Console(quiet=True))
    figures = json.loads(json.dumps([finding.as_json() for finding in findings]))

    assert figures
    for figure in figures:
        assert isfinite(figure["figure"])
        assert figure["ours"]["median"] >= 0
        assert figure["bound"] in (AT_LEAST, AT_MOST)


def test_what_falls_short_is_said() -> None:
    console = Console(record=True, width=120, file=io.StringIO())
    findings = [
        Finding(what="speed", beside="a snail", figure=figure, goal=2, bound=bound, ours=[figure])
        for figure, bound in ((1, AT_LEAST), (2, AT_LEAST), (2, AT_MOST), (3, AT_MOST))
    ]
    show(console, findings)

    assert [finding.reached for finding in findings] == [False, True, True, False]
    text = console.export_text()
    assert text.count("FELL SHORT") == 2
    assert "a snail" in text
