"""What admins are shown of a period equals a recount of the rows, and what it is compared with."""

import random
from collections import Counter
from contextlib import AbstractAsyncContextManager
from datetime import datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analytics import (
    Access,
    AnalyticsService,
    Interaction,
    InteractionType,
    Missing,
    NoReportYet,
    Period,
    PeriodReport,
)
from analytics.sqlite.queries.statistics import HISTORY, PERIOD
from tests.support.clock import NOW
from tests.support.events import events_of
from tests.support.examples import examples
from tests.support.recount import inconsistencies
from tests.support.second_connection import select
from tests.support.service import SOMEBODY, interaction, open_service, run_once
from tests.support.traffic import at_precision, people, some_traffic

HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
THIS_HOUR = NOW.replace(minute=0, second=0)
KINDS = [InteractionType.MESSAGE, InteractionType.COMMAND, InteractionType.BUTTON_CLICK]


def begin(period: Period, now: datetime = NOW) -> datetime:
    """The beginning of a period that `now` is in: of an hour, or of a day."""
    if period is Period.DAY:
        return now.replace(minute=0, second=0) - 23 * HOUR
    return now.replace(hour=0, minute=0, second=0) - period.length + DAY


def earlier(period: Period) -> timedelta:
    """How much earlier the period begins that it is compared with: on the same weekday."""
    return {Period.DAY: DAY, Period.MONTH: 35 * DAY, Period.QUARTER: 91 * DAY}.get(
        period, period.length
    )


def command(ago: timedelta = timedelta(0), person: int = SOMEBODY) -> Interaction:
    return interaction(ago, person, InteractionType.COMMAND)


def assert_recounted(report: PeriodReport, said: list[Interaction]) -> None:
    since = begin(report.period)
    now = [each for each in said if each.timestamp >= since]
    first, middle = since - earlier(report.period), THIS_HOUR - earlier(report.period)
    complete = [each for each in said if first <= each.timestamp < middle]
    with_hour = [each for each in said if first <= each.timestamp < middle + HOUR]
    passed = (NOW - THIS_HOUR) / HOUR
    older = [each for each in said if each.timestamp < since]
    hours = Counter(each.timestamp.hour for each in now)

    assert report.since == since
    assert report.interactions == len(now)
    assert report.active_users == len(people(now))
    assert report.new_users == len(people(now) - people(older))
    assert report.returning_users == len(people(now) & people(older))
    assert report.interaction_types_breakdown == Counter(each.interaction_type for each in now)
    assert report.busiest_hour == min(hours, key=lambda hour: (-hours[hour], hour), default=None)
    assert report.before_missing is None
    assert report.interactions_before == len(complete) + round(
        passed * (len(with_hour) - len(complete))
    )
    assert report.active_users_before == len(people(complete)) + round(
        passed * (len(people(with_hour)) - len(people(complete)))
    )


@settings(max_examples=examples(20))
@given(
    chance=st.randoms(use_true_random=False),
    counts=st.lists(st.integers(0, 60), min_size=1, max_size=3),
    precision=st.sampled_from([1, 60, 3600]),
    erased=st.lists(st.integers(0, 11), max_size=3),
)
async def test_every_period_equals_a_recount_of_the_rows(
    chance: random.Random, counts: list[int], precision: int, erased: list[int]
) -> None:
    said: list[Interaction] = []
    with TemporaryDirectory() as name:
        # The bot is old enough for every comparison.
        await run_once(Path(name), clock=lambda: NOW - 400 * DAY)
        async with open_service(Path(name), timestamp_precision=precision) as analytics:
            for count in counts:
                batch = some_traffic(chance, count)
                await analytics.record(batch)
                said += [at_precision(each, precision) for each in batch]
                # Asked in between, so that what is remembered must give way.
                for period in Period:
                    assert_recounted(await analytics.reports.period(period), said)
            for person in erased:
                await analytics.people.erase(SOMEBODY + person)
                said = [each for each in said if each.telegram_id != SOMEBODY + person]
                for period in Period:
                    assert_recounted(await analytics.reports.period(period), said)
        assert inconsistencies(Path(name) / "analytics.sqlite3") == []


async def test_neither_a_period_nor_a_history_scans_the_rows(tmp_path: Path) -> None:
    async with open_service(tmp_path):
        asked = (
            (PERIOD, ("since", "day", "before", "middle")),
            (HISTORY, ("windows", "day", "hours_since", "hours_until")),
        )
        plan = [
            detail
            for sql, names in asked
            for *_, detail in select(tmp_path, f"EXPLAIN QUERY PLAN {sql}", dict.fromkeys(names, 1))
        ]

    touched = [detail for detail in plan if "interactions" in detail.split()]
    assert touched
    assert all(detail.startswith("SEARCH interactions") for detail in touched)
    assert not [detail for detail in plan if "users" in detail.split()]


async def test_24_hours_begin_with_a_whole_hour_and_the_ones_before_end_there(
    tmp_path: Path,
) -> None:
    since = begin(Period.DAY)
    await run_once(tmp_path, clock=lambda: NOW - 30 * DAY)
    async with open_service(tmp_path) as analytics:
        for person, at in enumerate([since, since - timedelta(seconds=1), since - DAY]):
            await analytics.record([Interaction(SOMEBODY + person, InteractionType.MESSAGE, at)])
        await analytics.record([interaction(ago=NOW - since + DAY + timedelta(seconds=1))])
        report = await analytics.reports.period(Period.DAY)

    assert (report.interactions, report.interactions_before) == (1, 2)
    assert (report.active_users, report.active_users_before) == (1, 2)


async def test_a_bot_that_is_younger_has_no_earlier_data(tmp_path: Path) -> None:
    async with open_service(tmp_path) as analytics:
        await analytics.record([interaction()])
        reports = [await analytics.reports.period(period) for period in Period]

    assert {report.before_missing for report in reports} == {Missing.NOT_YET}
    assert {report.interactions_before for report in reports} == {None}
    assert {report.active_users_before for report in reports} == {None}


async def test_a_day_without_anybody_is_a_0_and_not_missing(tmp_path: Path) -> None:
    await run_once(tmp_path, clock=lambda: NOW - 10 * DAY)
    async with open_service(tmp_path) as analytics:
        await analytics.record([interaction()])
        report = await analytics.reports.period(Period.DAY)

    assert report.before_missing is None
    assert (report.interactions_before, report.active_users_before) == (0, 0)


async def test_what_retention_deleted_is_told_apart(tmp_path: Path) -> None:
    await run_once(tmp_path, clock=lambda: NOW - 200 * DAY)
    async with open_service(tmp_path) as analytics:
        await analytics.record([interaction(timedelta(days=days)) for days in (1, 20, 80, 100)])
        before = await analytics.reports.period(Period.QUARTER)
        await analytics.cleanup_old_interactions()
        quarter = await analytics.reports.period(Period.QUARTER)
        month = await analytics.reports.period(Period.MONTH)
        await analytics.cleanup_old_interactions(10)
        week = await analytics.reports.period(Period.WEEK)
        month_cut = await analytics.reports.period(Period.MONTH)

    assert (before.before_missing, before.interactions_before) == (None, 1)
    assert (quarter.before_missing, quarter.deleted_until) == (Missing.DELETED, None)
    assert (month.before_missing, month.interactions_before) == (None, 0)
    assert week.before_missing == Missing.DELETED
    assert month_cut.deleted_until is not None
    assert month_cut.interactions == 1


async def test_who_was_here_before_what_was_deleted_is_returning(tmp_path: Path) -> None:
    async with open_service(tmp_path) as analytics:
        await analytics.record([interaction(100 * DAY), interaction(40 * DAY), interaction()])
        await analytics.record([interaction(timedelta(0), SOMEBODY + 1)])
        await analytics.cleanup_old_interactions(60)
        await analytics.cleanup_old_interactions(30)
        report = await analytics.reports.period(Period.WEEK)

    assert (report.new_users, report.returning_users) == (1, 1)
    assert inconsistencies(tmp_path / "analytics.sqlite3") == []


async def test_commands_and_blocks_are_counted_by_day_and_leave_with_it(tmp_path: Path) -> None:
    events = ["/help", "/roll", "/roll", "blocked", "blocked", "unblocked", None]
    async with open_service(tmp_path) as analytics:
        said = [interaction(interaction_type=InteractionType.COMMAND)] * 7
        await analytics.record(said, range(7), events_of(events))
        await analytics.record(said, range(7), events_of(events))  # sent once more
        await analytics.record([command(8 * DAY)], None, events_of(["/old"]))
        await analytics.record([command(95 * DAY)], None, events_of(["/older"]))
        week = await analytics.reports.period(Period.WEEK)
        month = await analytics.reports.period(Period.MONTH)
        await analytics.cleanup_old_interactions()
    kept = select(tmp_path, "SELECT event FROM daily_events")

    assert week.commands == {"roll": 2, "help": 1, "other": 4}
    assert list(week.commands) == ["roll", "help", "other"]
    assert (week.blocked, week.unblocked) == (2, 1)
    assert month.commands == {"roll": 2, "help": 1, "old": 1, "other": 4}
    assert ("older",) not in kept
    assert ("old",) in kept


async def test_of_who_opted_out_no_command_is_counted(tmp_path: Path) -> None:
    async with open_service(tmp_path) as analytics:
        await analytics.people.opt_out(SOMEBODY)
        await analytics.record([command()], [1], events_of(["/help"]))
        report = await analytics.reports.period(Period.WEEK)

    assert report.commands == {}


async def test_with_an_interval_periods_change_with_it_only(tmp_path: Path) -> None:
    now = NOW

    def open_with_interval(folder: Path) -> AbstractAsyncContextManager[AnalyticsService]:
        return open_service(folder, report_interval=HOUR, clock=lambda: now)

    async with open_with_interval(tmp_path) as analytics:
        await analytics.record([interaction(DAY)])
        await analytics.record([interaction(timedelta(0), SOMEBODY + 1)])
        for period in Period:
            assert (await analytics.reports.period(period)).interactions == 0
        now += HOUR
        first = [await analytics.reports.period(period) for period in Period]
        histories = [await analytics.reports.history(period.length) for period in Period]
        await analytics.record([interaction(timedelta(0), SOMEBODY + 2)])
        await analytics.people.erase(SOMEBODY)
        again = [await analytics.reports.period(period) for period in Period]
        histories_again = [await analytics.reports.history(period.length) for period in Period]
        shorter = await analytics.reports.history(3 * DAY)

    assert [report.interactions for report in first] == [1, 2, 2, 2]
    assert first == again
    assert histories == histories_again
    assert shorter.since == datetime(2026, 5, 30, tzinfo=NOW.tzinfo)
    assert sum(bucket.interactions or 0 for bucket in shorter.buckets) == 2


async def test_a_command_has_no_period_before_the_bot_made_a_report(tmp_path: Path) -> None:
    await run_once(tmp_path)
    async with open_service(tmp_path, report_interval=HOUR, access=Access.READ) as command:
        with pytest.raises(NoReportYet, match="no report yet"):
            await command.reports.period(Period.DAY)


async def test_who_takes_the_place_of_an_erased_person_is_not_mistaken_for_them(
    tmp_path: Path,
) -> None:
    await run_once(tmp_path, clock=lambda: NOW - 30 * DAY)
    async with open_service(tmp_path) as analytics:
        ago = 30 * HOUR
        await analytics.record([interaction(ago), interaction(ago, SOMEBODY + 1)])
        before = await analytics.reports.period(Period.DAY)
        await analytics.people.erase(SOMEBODY)
        await analytics.record([interaction(ago, SOMEBODY + 1)])
        after = await analytics.reports.period(Period.DAY)

    assert (before.interactions_before, before.active_users_before) == (2, 2)
    assert (after.interactions_before, after.active_users_before) == (2, 1)


async def test_what_was_recorded_under_a_replaced_key_is_anonymous(tmp_path: Path) -> None:
    await run_once(tmp_path, pseudonym_key=None, clock=lambda: NOW - 30 * DAY)
    await run_once(tmp_path, [interaction(30 * HOUR), interaction()], pseudonym_key=None)
    async with open_service(tmp_path, pseudonym_key=None, access=Access.SHARE) as analytics:
        await analytics.maintenance.rotate_key()
        report = await analytics.reports.period(Period.DAY)
        history = await analytics.reports.history(7 * DAY)

    assert (report.interactions, report.active_users) == (1, 0)
    assert (report.interactions_before, report.active_users_before) == (1, 0)
    assert {bucket.active_users for bucket in history.buckets} == {0}
