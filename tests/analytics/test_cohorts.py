"""Who comes back: which weeks and cells are shown, what is hidden, and the stickiness."""

import json
from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from analytics import Access, Cohort, Cohorts, Interaction, InteractionType, NoReportYet, Period
from analytics.statistics.export import as_csv, as_json
from tests.support.clock import Clock
from tests.support.service import SOMEBODY, open_service, run_once

DAY, WEEK = timedelta(days=1), timedelta(weeks=1)
# A Wednesday, in the week of the 15th.
NOW = datetime(2026, 6, 17, 12, 34, 56, tzinfo=UTC)
MONDAY = datetime(2026, 6, 15, tzinfo=UTC)
LONG_AGO = NOW - 200 * DAY


def come(people: Iterable[int], *weeks_ago: int, at: timedelta = DAY) -> list[Interaction]:
    """An interaction of each of the people in each of the weeks, so long after its Monday."""
    return [
        Interaction(SOMEBODY + person, InteractionType.MESSAGE, MONDAY - ago * WEEK + at)
        for ago in weeks_ago
        for person in people
    ]


async def reported(
    folder: Path,
    said: list[Interaction],
    began: datetime = LONG_AGO,
    now: datetime = NOW,
    **options: Any,
) -> Cohorts:
    await run_once(folder, clock=lambda: began)
    await run_once(folder, said, clock=lambda: now)
    async with open_service(folder, clock=lambda: now, **options) as analytics:
        return await analytics.reports.cohorts()


def rows(cohorts: Cohorts) -> dict[date, tuple[int | None, ...]]:
    """Those with anything shown."""
    return {
        each.since: (each.size, *each.returned) for each in cohorts.cohorts if each.size is not None
    }


def monday(weeks_ago: int) -> date:
    return (MONDAY - weeks_ago * WEEK).date()


async def test_each_cohort_has_its_size_and_who_came_in_each_later_week(tmp_path: Path) -> None:
    said = [*come(range(30), 3), *come(range(20), 2), *come(range(10), 0)]
    said += [*come(range(100, 140), 1), *come(range(100, 120), 0)]
    shown = await reported(tmp_path, said)

    assert rows(shown) == {monday(3): (30, 20, None, 10), monday(1): (40, 20)}
    assert shown.running == monday(0)
    assert shown.as_of == NOW


async def test_no_cell_is_of_fewer_than_five_people(tmp_path: Path) -> None:
    said = [*come(range(20), 3), *come(range(5), 2), *come(range(4), 1, 0)]
    said += come(range(100, 104), 1)
    shown = await reported(tmp_path, said)

    assert rows(shown) == {monday(3): (20, 5, None, None)}
    # A hidden number looks the same, whatever it is.
    assert [each for each in shown.cohorts if each.since >= monday(2)] == [
        Cohort(since=monday(2), size=None, returned=(None, None)),
        Cohort(since=monday(1), size=None, returned=(None,)),
        Cohort(since=monday(0), size=None, returned=()),
    ]


async def test_those_who_did_not_come_back_are_none_or_five_too(tmp_path: Path) -> None:
    said = [*come(range(10), 3), *come(range(5), 2), *come(range(9), 1), *come(range(10), 0)]
    shown = await reported(tmp_path, said)

    assert rows(shown) == {monday(3): (10, 5, None, 10)}


async def test_a_cohort_is_shown_only_if_recording_had_begun_before_its_week(
    tmp_path: Path,
) -> None:
    said = [*come(range(9), 3), *come(range(10, 19), 2), *come(range(20, 29), 1)]
    begun_on_monday = await reported(tmp_path, said, began=MONDAY - 3 * WEEK)
    (tmp_path / "later").mkdir()
    later = await reported(tmp_path / "later", come([0], 2), began=MONDAY - 2 * WEEK + DAY)

    assert [each.since for each in begun_on_monday.cohorts] == [monday(3 - n) for n in range(4)]
    assert [each.since for each in later.cohorts] == [monday(1), monday(0)]


async def test_a_cohort_is_shown_only_while_nothing_of_its_week_has_been_deleted(
    tmp_path: Path,
) -> None:
    said = [each for ago in range(30) for each in come(range(9 * ago, 9 * ago + 9), ago)]
    before = await reported(tmp_path, said)
    async with open_service(tmp_path, clock=lambda: NOW, retention_days=3650) as analytics:
        await analytics.cleanup_old_interactions(90)
        at_most = await analytics.reports.cohorts()
        await analytics.cleanup_old_interactions(30)
        after = await analytics.reports.cohorts()

    # 30 days before a Wednesday is a Monday, at half past twelve.
    assert len(before.cohorts) == 13
    assert [each.since for each in at_most.cohorts] == [monday(12 - n) for n in range(13)]
    assert [each.since for each in after.cohorts] == [monday(3 - n) for n in range(4)]
    assert all(each.size == 9 for each in (*at_most.cohorts, *after.cohorts))


async def test_weeks_begin_on_the_operators_monday(tmp_path: Path) -> None:
    """At 23:00 UTC on Sunday it is Monday in Berlin."""
    said = come(range(9), 1, at=-timedelta(hours=1))
    in_utc = await reported(tmp_path, said)
    (tmp_path / "berlin").mkdir()
    async with open_service(tmp_path / "berlin", timezone="Europe/Berlin", clock=lambda: LONG_AGO):
        pass
    async with open_service(
        tmp_path / "berlin", timezone="Europe/Berlin", clock=lambda: NOW
    ) as analytics:
        await analytics.record(said)
        in_berlin = await analytics.reports.cohorts()

    assert list(rows(in_utc)) == [monday(2)]
    assert list(rows(in_berlin)) == [monday(1)]


async def test_an_erased_person_leaves_every_cell(tmp_path: Path) -> None:
    await run_once(tmp_path, clock=lambda: LONG_AGO)
    async with open_service(tmp_path, clock=lambda: NOW) as analytics:
        await analytics.record(come(range(11), 3, 2, 1, 0))
        before = await analytics.reports.cohorts()
        await analytics.people.erase(SOMEBODY)
        after = await analytics.reports.cohorts()

    assert rows(before) == {monday(3): (11, 11, 11, 11)}
    assert rows(after) == {monday(3): (10, 10, 10, 10)}


async def test_after_the_key_was_replaced_everybody_is_new(tmp_path: Path) -> None:
    options: dict[str, Any] = {"pseudonym_key": None}
    await run_once(tmp_path, clock=lambda: LONG_AGO, **options)
    async with open_service(tmp_path, clock=lambda: NOW, **options) as analytics:
        await analytics.record(come(range(9), 3, 2, 1))
        await analytics.maintenance.rotate_key()
        await analytics.record(come(range(9), 0))
        shown = await analytics.reports.cohorts()

    assert rows(shown) == {monday(0): (9,)}


async def test_stickiness_is_the_mean_of_30_whole_days_over_who_was_active_in_them(
    tmp_path: Path,
) -> None:
    today = NOW.replace(hour=0, minute=0, second=0)
    said = [
        Interaction(SOMEBODY + person, InteractionType.MESSAGE, today - days * DAY)
        for days in range(1, 32)
        for person in range(2)
    ]
    # One more in the running day, who counts below alone; and one of before these days.
    said += [
        Interaction(SOMEBODY + 2, InteractionType.MESSAGE, NOW),
        Interaction(SOMEBODY + 3, InteractionType.MESSAGE, today - 31 * DAY),
    ]
    shown = await reported(tmp_path, said)

    assert shown.stickiness == pytest.approx(2 / 3)


async def test_stickiness_is_known_from_the_thirtieth_whole_day_on(tmp_path: Path) -> None:
    said = come([0], 1)
    today = NOW.replace(hour=0, minute=0, second=0)
    short = await reported(tmp_path, said, began=today - 30 * DAY + timedelta(hours=1))
    (tmp_path / "b").mkdir()
    whole = await reported(tmp_path / "b", said, began=today - 30 * DAY)
    (tmp_path / "c").mkdir()
    nobody = await reported(tmp_path / "c", [], began=today - 30 * DAY)
    async with open_service(tmp_path / "b", clock=lambda: NOW) as analytics:
        await analytics.record(come([0], 5))
        await analytics.cleanup_old_interactions(30)
        deleted = await analytics.reports.cohorts()

    assert short.stickiness is None
    assert whole.stickiness == pytest.approx(1 / 30)
    assert nobody.stickiness is None
    assert deleted.stickiness is None


async def test_a_report_of_intervals_is_the_same_until_the_interval_ends(tmp_path: Path) -> None:
    clock = Clock()
    clock.now = MONDAY - WEEK - timedelta(hours=1)
    options: dict[str, Any] = {"clock": clock, "report_interval": DAY}
    await run_once(tmp_path, clock=lambda: LONG_AGO)
    async with open_service(tmp_path, **options) as analytics:
        await analytics.record(come(range(9), 2))
        clock.now = MONDAY + timedelta(hours=1)
        at_midnight = await analytics.reports.cohorts()
        await analytics.record(come(range(100, 110), 0, at=timedelta(minutes=30)))
        clock.now += timedelta(hours=3)
        assert await analytics.reports.cohorts() == at_midnight
        async with open_service(tmp_path, access=Access.READ, **options) as command:
            assert await command.reports.cohorts() == at_midnight
        clock.now += DAY
        next_day = await analytics.reports.cohorts()

    # The newest week is over, and the one that has just begun is not there yet.
    assert at_midnight.running is None
    assert rows(at_midnight) == {monday(2): (9, None)}
    assert next_day.running == monday(0)
    assert rows(next_day) == {monday(2): (9, None, None), monday(0): (10,)}


async def test_before_the_first_interval_there_are_no_cohorts(tmp_path: Path) -> None:
    await run_once(tmp_path)
    async with open_service(tmp_path, access=Access.READ, report_interval=DAY) as analytics:
        with pytest.raises(NoReportYet):
            await analytics.reports.cohorts()


async def test_exports_have_the_cohorts(tmp_path: Path) -> None:
    await run_once(tmp_path, clock=lambda: LONG_AGO)
    async with open_service(tmp_path, clock=lambda: NOW) as analytics:
        await analytics.record([*come(range(30), 2), *come(range(20), 0)])
        exported = await analytics.reports.aggregates(Period.WEEK)
    of_json = json.loads(as_json(exported))["cohorts"]
    lines = [line for line in as_csv(exported).splitlines() if line.startswith("cohort,")]

    assert of_json["running"] == "2026-06-15"
    assert of_json["min_users"] == 5
    assert of_json["cohorts"][-3] == {"since": "2026-06-01", "size": 30, "returned": [None, 20]}
    assert lines[0] == "cohort,,stickiness_percent,6"
    assert lines[-6:-3] == [
        "cohort,2026-06-01,week 0,30",
        "cohort,2026-06-01,week 1,",
        "cohort,2026-06-01,week 2 so far,20",
    ]
