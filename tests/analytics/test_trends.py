"""A history equals a recount of the rows, and what stays of a deleted day is anonymous."""

import json
import random
from collections import Counter
from datetime import datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analytics import History, Interaction, InteractionType
from tests.support.clock import NOW
from tests.support.examples import examples
from tests.support.second_connection import select
from tests.support.service import SOMEBODY, interaction, open_service, run_once
from tests.support.traffic import at_precision, people, some_traffic

HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
WEEK = timedelta(weeks=1)
TODAY = NOW.replace(hour=0, minute=0, second=0)
YEAR = timedelta(days=366)


def assert_recounted(history: History, said: list[Interaction], known_since: datetime) -> None:
    for bucket in history.buckets:
        here = [
            each for each in said if bucket.since <= each.timestamp < bucket.since + history.step
        ]
        assert bucket.interactions == len(here)
        assert bucket.active_users == len(people(here))
        assert bucket.breakdown == Counter(each.interaction_type for each in here)
    beginnings = [bucket.since for bucket in history.buckets]
    first = max(history.since, known_since)
    assert beginnings == [
        first + number * history.step for number in range((NOW - first) // history.step + 1)
    ]
    assert_whole_weeks(history, said, known_since)


def assert_whole_weeks(history: History, said: list[Interaction], known_since: datetime) -> None:
    """Whole weeks until today: the unfinished day is in none, nor an hour that is not known."""
    if history.step == HOUR:
        assert (history.hours_of_week, history.weeks) == (None, 0)
        return
    fit = min(history.length // WEEK, (TODAY - known_since) // WEEK)
    assert history.weeks == max(1, fit)
    table = Counter(
        (each.timestamp.weekday(), each.timestamp.hour)
        for each in said
        if TODAY - history.weeks * WEEK <= each.timestamp < TODAY
    )
    for hour in range(7 * 24):
        when = TODAY - WEEK + hour * HOUR
        expected = table[when.weekday(), when.hour]
        is_known = history.weeks > 1 or when >= known_since
        shown = (history.hours_of_week or ())[when.weekday()][when.hour]
        assert shown == (expected if is_known else None)


@settings(max_examples=examples(15))
@given(
    chance=st.randoms(use_true_random=False),
    counts=st.lists(st.integers(0, 80), min_size=1, max_size=3),
    precision=st.sampled_from([1, 3600]),
    length=st.sampled_from([1, 7, 30, 90, 366]),
)
async def test_every_history_equals_a_recount_of_the_rows(
    chance: random.Random, counts: list[int], precision: int, length: int
) -> None:
    said: list[Interaction] = []
    with TemporaryDirectory() as name:
        await run_once(Path(name), clock=lambda: NOW - 400 * DAY)
        async with open_service(Path(name), timestamp_precision=precision) as analytics:
            for count in counts:
                batch = some_traffic(chance, count)
                await analytics.record(batch)
                said += [at_precision(each, precision) for each in batch]
                history = await analytics.reports.history(length * DAY)

                assert_recounted(history, said, NOW - 400 * DAY)
            await analytics.people.erase(SOMEBODY)
            said = [each for each in said if each.telegram_id != SOMEBODY]

            assert_recounted(await analytics.reports.history(length * DAY), said, NOW - 400 * DAY)


@settings(max_examples=examples(15))
@given(
    chance=st.randoms(use_true_random=False),
    count=st.integers(1, 120),
    cleanups=st.lists(st.integers(1, 120), min_size=1, max_size=3),
)
async def test_days_stay_as_they_were_whatever_is_deleted(
    chance: random.Random, count: int, cleanups: list[int]
) -> None:
    with TemporaryDirectory() as name:
        async with open_service(Path(name), trends_min_users=1) as analytics:
            await analytics.record(some_traffic(chance, count))
            before = await analytics.reports.history(YEAR)
            for days in cleanups:
                await analytics.cleanup_old_interactions(days)
                after = await analytics.reports.history(YEAR)

                assert after.buckets == before.buckets


async def test_of_a_day_with_few_people_no_split_by_type_stays(tmp_path: Path) -> None:
    def day(days: int, count: int) -> list[Interaction]:
        return [interaction(days * DAY, SOMEBODY + person) for person in range(count)]

    async with open_service(tmp_path) as analytics:
        await analytics.record(day(100, 4) + day(101, 5))
        await analytics.cleanup_old_interactions()
        buckets = (await analytics.reports.history(YEAR)).buckets

    shown = {bucket.since: bucket for bucket in buckets}
    few, enough = shown[TODAY - 100 * DAY], shown[TODAY - 101 * DAY]
    assert (few.interactions, few.active_users, few.breakdown) == (4, 4, None)
    assert (enough.interactions, enough.active_users) == (5, 5)
    assert enough.breakdown == {"message": 5}
    kept = select(tmp_path, "SELECT interactions, users, breakdown FROM daily_trends")
    assert [(a, b, c and json.loads(c)) for a, b, c in kept if a] == [
        (5, 5, {"message": 5}),
        (4, 4, None),
    ]


async def test_a_date_of_long_ago_does_not_make_a_day_of_each_since_then(tmp_path: Path) -> None:
    async with open_service(tmp_path) as analytics:
        await analytics.record([interaction(20_000 * DAY), interaction(100 * DAY)])
        await analytics.cleanup_old_interactions()
        buckets = (await analytics.reports.history(YEAR)).buckets

    assert sum(bucket.interactions or 0 for bucket in buckets) == 1
    assert select(tmp_path, "SELECT count(*) FROM daily_trends") == [(YEAR.days + 1,)]


async def test_a_person_who_was_erased_before_is_in_no_trend(tmp_path: Path) -> None:
    async with open_service(tmp_path) as analytics:
        await analytics.record([interaction(100 * DAY), interaction(100 * DAY, SOMEBODY + 1)])
        await analytics.people.erase(SOMEBODY)
        await analytics.cleanup_old_interactions()
        [bucket] = [
            each for each in (await analytics.reports.history(YEAR)).buckets if each.interactions
        ]

    assert (bucket.interactions, bucket.active_users) == (1, 1)


async def test_without_trends_nothing_stays_and_what_stayed_is_removed(tmp_path: Path) -> None:
    async with open_service(tmp_path) as analytics:
        await analytics.record([interaction(100 * DAY), interaction()])
        await analytics.cleanup_old_interactions()
    kept = select(tmp_path, "SELECT day FROM daily_trends")
    async with open_service(tmp_path, keep_trends=False) as analytics:
        removed = select(tmp_path, "SELECT day FROM daily_trends")
        await analytics.record([interaction(95 * DAY)])
        await analytics.cleanup_old_interactions()
        history = await analytics.reports.history(YEAR)

    assert kept
    assert removed == select(tmp_path, "SELECT day FROM daily_trends") == []
    assert min(bucket.since for bucket in history.buckets) == TODAY - 89 * DAY


@pytest.mark.parametrize("days", [0.2, 3, 6.9, 7.6, 20, 30])
async def test_the_hours_of_the_week_are_of_the_whole_weeks_that_are_known(
    tmp_path: Path, days: float
) -> None:
    began = NOW - days * DAY
    said = [interaction(timedelta(hours=ago)) for ago in range(round(days * 24))]
    await run_once(tmp_path, clock=lambda: began)
    async with open_service(tmp_path) as analytics:
        await analytics.record(said)
        history = await analytics.reports.history(30 * DAY)

    assert_whole_weeks(history, said, began.replace(minute=0, second=0))


async def test_deleted_hours_are_in_no_week(tmp_path: Path) -> None:
    said = [interaction(timedelta(hours=ago)) for ago in range(24 * 40)]
    async with open_service(tmp_path) as analytics:
        await analytics.record(said)
        await analytics.cleanup_old_interactions(15)
        history = await analytics.reports.history(30 * DAY)

    assert history.weeks == 2
    assert history.hours_of_week == ((2,) * 24,) * 7


async def test_a_history_begins_with_the_day_that_recording_began(tmp_path: Path) -> None:
    await run_once(tmp_path, clock=lambda: NOW - 3 * DAY)
    async with open_service(tmp_path) as analytics:
        days = await analytics.reports.history(30 * DAY)
        hours = await analytics.reports.history(DAY)

    assert [bucket.since for bucket in days.buckets] == [
        TODAY - number * DAY for number in (3, 2, 1, 0)
    ]
    assert len(hours.buckets) == 24
    assert {bucket.interactions for bucket in (*days.buckets, *hours.buckets)} == {0}


async def test_with_a_limit_a_type_of_few_people_is_in_no_bucket(tmp_path: Path) -> None:
    async with open_service(tmp_path, breakdown_min_users=3) as analytics:
        for person in range(3):
            await analytics.record([interaction(DAY, SOMEBODY + person)] * 2)
        await analytics.record([interaction(DAY, SOMEBODY, InteractionType.POLL_ANSWER)])
        await analytics.record([interaction(2 * DAY)])
        await analytics.record([interaction(3 * DAY, SOMEBODY + n) for n in range(3)])
        history = await analytics.reports.history(7 * DAY)

    shown = {bucket.since: bucket.breakdown for bucket in history.buckets if bucket.interactions}
    # The third day would tell of the second one, by subtraction from the week.
    assert shown == {TODAY - DAY: {"other": 7}}


async def test_with_a_limit_a_deleted_day_shows_no_types_for_few_may_have_used_them(
    tmp_path: Path,
) -> None:
    async with open_service(tmp_path, breakdown_min_users=3, trends_min_users=1) as analytics:
        for days in (1, 100, 101):
            await analytics.record([interaction(days * DAY, SOMEBODY + n) for n in range(3)])
        await analytics.record([interaction(101 * DAY, SOMEBODY, InteractionType.POLL_ANSWER)])
        await analytics.cleanup_old_interactions()
        history = await analytics.reports.history(YEAR)

    shown = {bucket.since: bucket.breakdown for bucket in history.buckets if bucket.interactions}
    assert shown == {
        TODAY - DAY: {"message": 3},
        TODAY - 100 * DAY: None,
        TODAY - 101 * DAY: None,
    }


@pytest.mark.parametrize("length", [timedelta(0), timedelta(days=367)])
async def test_a_history_has_a_length_from_an_hour_to_a_leap_year(
    length: timedelta, tmp_path: Path
) -> None:
    async with open_service(tmp_path) as analytics:
        with pytest.raises(ValueError, match="366 days"):
            await analytics.reports.history(length)
