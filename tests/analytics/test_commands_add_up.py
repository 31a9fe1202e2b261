"""The rows below "Commands" sum to the type `command`, in every period and whatever was erased."""

import random
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analytics import History, Interaction, InteractionType, Period, PeriodReport
from analytics.statistics.daily_events.totals import by_name
from tests.support.clock import NOW
from tests.support.events import events_of
from tests.support.examples import examples
from tests.support.service import SOMEBODY, interaction, open_service, run_once

HOUR = timedelta(hours=1)
# What the bot registers, and what it does not.
WORDS = ["/help", "/start", "/roll", None]
KINDS = [InteractionType.COMMAND, InteractionType.COMMAND, InteractionType.MESSAGE]


def of_history(history: History, kind: str) -> int:
    return sum((bucket.breakdown or {}).get(kind, 0) for bucket in history.buckets)


def assert_adds_up(report: PeriodReport, history: History) -> None:
    assert sum(report.commands.values()) == report.interaction_types_breakdown.get("command", 0)
    # The chart and the export are of the same window.
    assert history.since == report.since
    if report.deleted_until is not None:
        return  # of a day that was deleted in part, the chart has no bar
    assert sum(bucket.interactions or 0 for bucket in history.buckets) == report.interactions
    for kind, count in report.interaction_types_breakdown.items():
        assert of_history(history, kind) == count


@settings(max_examples=examples(20))
@given(
    chance=st.randoms(use_true_random=False),
    count=st.integers(0, 150),
    precision=st.sampled_from([1, 3600]),
    erased=st.lists(st.integers(0, 5), max_size=3),
    cleaned_up=st.none() | st.integers(1, 60),
    now=st.timedeltas(timedelta(0), timedelta(days=1)).map(lambda ago: NOW + ago),
)
async def test_commands_sum_to_their_type_in_every_period(
    chance: random.Random,
    count: int,
    precision: int,
    erased: list[int],
    cleaned_up: int | None,
    now: object,
) -> None:
    said = [
        Interaction(
            SOMEBODY + chance.randrange(6),
            chance.choice(KINDS),
            NOW - timedelta(hours=100 * 24 * chance.random() ** 3),
        )
        for _ in range(count)
    ]
    words = [chance.choice(WORDS) for _ in said]
    with TemporaryDirectory() as name:
        options = {"timestamp_precision": precision, "keep_trends": False}
        await run_once(Path(name), clock=lambda: NOW - 400 * timedelta(days=1))
        async with open_service(Path(name), clock=lambda: now, **options) as analytics:
            await analytics.record(said, None, events_of(words))
            for person in erased:
                await analytics.people.erase(SOMEBODY + person)
            if cleaned_up is not None:
                await analytics.cleanup_old_interactions(cleaned_up)
            for period in Period:
                exported = await analytics.reports.aggregates(period)

                assert_adds_up(exported.report, exported.history)


async def test_a_command_that_the_bot_does_not_register_is_in_the_row_other(tmp_path: Path) -> None:
    async with open_service(tmp_path) as analytics:
        said = [interaction(interaction_type=InteractionType.COMMAND)] * 4
        await analytics.record(said, None, events_of(["/help", None, "/help", None]))
        week = await analytics.reports.period(Period.WEEK)
        day = await analytics.reports.period(Period.DAY)

    assert week.commands == {"help": 2, "other": 2}
    # Of hours there are no counts by name.
    assert (day.commands, day.blocked) == ({"other": 4}, None)


async def test_what_is_no_command_is_not_counted_as_one(tmp_path: Path) -> None:
    async with open_service(tmp_path) as analytics:
        await analytics.record([interaction()], None, events_of(["/help"]))
        report = await analytics.reports.period(Period.WEEK)

    assert report.commands == {}


@pytest.mark.parametrize(
    ("named", "total", "rows"),
    [
        ({}, 0, {}),
        ({"a": 1, "b": 2}, 3, {"b": 2, "a": 1}),
        ({"a": 1}, 3, {"other": 2, "a": 1}),
        ({"other": 1}, 3, {"other": 3}),
        ({"a": 4, "b": 2}, 3, {"a": 2, "b": 1}),
        ({"a": 1, "b": 1, "c": 1}, 2, {"a": 1, "b": 1}),
        ({"a": 5}, 0, {}),
    ],
)
def test_names_share_the_total_where_some_of_it_was_erased(
    named: dict[str, int], total: int, rows: dict[str, int]
) -> None:
    assert by_name(named, total) == rows
