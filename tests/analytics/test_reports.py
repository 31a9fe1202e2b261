"""A report takes the same time however much is recorded, and what it says is exact."""

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest

from analytics import AdminReport, InteractionType
from analytics.sqlite.queries.statistics import TOTALS
from tests.support.clock import NOW
from tests.support.second_connection import select
from tests.support.service import SOMEBODY, interaction, open_service
from tests.support.statements import connections

SECOND = timedelta(seconds=1)
WINDOWS = {"day": 0, "week": 0, "month": 0}


async def test_a_report_does_not_scan_the_rows(tmp_path: Path) -> None:
    async with open_service(tmp_path):
        plan = [detail for *_, detail in select(tmp_path, f"EXPLAIN QUERY PLAN {TOTALS}", WINDOWS)]

    touched = [detail for detail in plan if "interactions" in detail]
    assert len(touched) == 1
    assert touched[0].startswith("SEARCH interactions")
    assert not [detail for detail in plan if "users" in detail.split()]


async def test_a_report_takes_as_many_instructions_for_hundredfold_the_people(
    tmp_path: Path,
) -> None:
    """Of SQLite's virtual machine: unlike time, they can be counted."""
    few = await instructions(tmp_path / "few", people=20)
    many = await instructions(tmp_path / "many", people=2_000)

    assert few == many


async def instructions(folder: Path, people: int) -> int:
    count = 0

    def counted() -> None:
        nonlocal count
        count += 1

    with connections() as opened:
        async with open_service(folder, timestamp_precision=3600) as analytics:
            _, reader = opened
            await analytics.record(
                [
                    interaction(timedelta(hours=number % 20), SOMEBODY + number)
                    for number in range(people)
                ]
            )
            await reader.set_progress_handler(counted, 1)
            await analytics.get_admin_analytics_report()
            await reader.set_progress_handler(counted, 0)
    assert count > 100
    return count


@pytest.mark.parametrize(
    ("days", "active"),
    [
        (1, lambda report: report.daily_active_users),
        (7, lambda report: report.weekly_active_users),
        (30, lambda report: report.monthly_active_users),
    ],
)
async def test_a_window_holds_its_first_second_and_nothing_before(
    days: int, active: Callable[[AdminReport], int], tmp_path: Path
) -> None:
    async with open_service(tmp_path) as analytics:
        window = timedelta(days=days)
        await analytics.record([interaction(window + SECOND, SOMEBODY)])
        outside = active(await analytics.get_admin_analytics_report())
        await analytics.record([interaction(window, SOMEBODY + 1)])
        inside = active(await analytics.get_admin_analytics_report())

    assert (outside, inside) == (0, 1)


async def test_a_person_counts_once_however_often_they_come(tmp_path: Path) -> None:
    async with open_service(tmp_path) as analytics:
        await analytics.record([interaction(timedelta(hours=hours)) for hours in range(48)])
        report = await analytics.get_admin_analytics_report()

    assert report.total_interactions == 48
    assert report.daily_active_users == 1
    assert report.weekly_active_users == 1


async def test_what_arrives_late_does_not_make_its_person_less_recent(tmp_path: Path) -> None:
    async with open_service(tmp_path) as analytics:
        await analytics.record([interaction()])
        await analytics.record([interaction(timedelta(days=20))])
        report = await analytics.get_admin_analytics_report()

    assert report.daily_active_users == 1
    assert report.oldest_interaction == NOW - timedelta(days=20)


async def test_the_breakdown_has_the_largest_first_and_ties_by_name(tmp_path: Path) -> None:
    kinds = {
        InteractionType.POLL_ANSWER: 2,
        InteractionType.COMMAND: 1,
        InteractionType.MESSAGE: 3,
        InteractionType.BUTTON_CLICK: 1,
    }
    async with open_service(tmp_path) as analytics:
        for kind, count in kinds.items():
            await analytics.record([interaction(interaction_type=kind)] * count)
        report = await analytics.get_admin_analytics_report()

    assert list(report.interaction_types_breakdown.items()) == [
        ("message", 3),
        ("poll_answer", 2),
        ("button_click", 1),
        ("command", 1),
    ]


async def test_without_users_the_report_is_empty(tmp_path: Path) -> None:
    async with open_service(tmp_path) as analytics:
        report = await analytics.get_admin_analytics_report()

    assert report == AdminReport(
        as_of=NOW,
        total_interactions=0,
        daily_active_users=0,
        weekly_active_users=0,
        monthly_active_users=0,
        interaction_types_breakdown={},
        oldest_interaction=None,
        retention_days=90,
        last_cleanup=None,
        last_cleanup_deleted=0,
        compaction_pending=False,
        backlog=0,
        dropped=0,
    )
