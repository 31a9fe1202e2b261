"""The zone that a file counts its days in: which one, since when, and what a wrong name gets."""

import json
import logging
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from analytics import (
    Access,
    Action,
    AnalyticsService,
    Interaction,
    InteractionType,
    UnknownTimeZone,
)
from analytics.clock import GuardedClock
from analytics.time_zones import nearest_timezones
from tests.support.clock import NOW, Clock
from tests.support.events import events_of
from tests.support.second_connection import NAME, second_connection, select
from tests.support.service import SOMEBODY, interaction, open_service, run_once

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
NEXT_HOUR = int(NOW.replace(minute=0, second=0).timestamp()) + 3_600


def zones(folder: Path) -> list[list[object]]:
    [(kept,)] = select(folder, "SELECT value FROM file_settings WHERE name = 'time_zones'")
    found: list[list[object]] = json.loads(kept)
    return found


def changed(folder: Path, sql: str) -> None:
    with closing(second_connection(folder / NAME)) as database, database:
        database.execute(sql)


async def test_a_new_file_has_its_time_zone_from_the_beginning(tmp_path: Path) -> None:
    await run_once(tmp_path, timezone="Asia/Tokyo")

    assert zones(tmp_path) == [[0, "Asia/Tokyo"]]


async def test_a_file_from_before_there_were_time_zones_has_utc_until_the_next_hour(
    tmp_path: Path,
) -> None:
    await run_once(tmp_path, [interaction()])
    changed(tmp_path, "DELETE FROM file_settings WHERE name = 'time_zones'")
    await run_once(tmp_path, timezone="Asia/Tokyo")

    assert zones(tmp_path) == [[0, "UTC"], [NEXT_HOUR, "Asia/Tokyo"]]


async def test_a_change_is_logged_once_and_in_the_audit_log(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    await run_once(tmp_path)
    await run_once(tmp_path, timezone="Europe/Berlin")
    async with open_service(
        tmp_path, timezone="Europe/Berlin", clock=lambda: NOW + 2 * HOUR
    ) as analytics:
        entries = await analytics.audit_log.entries()

    [line] = [each for each in caplog.messages if "days begin" in each]
    assert line == (
        "days begin at midnight in Europe/Berlin from 2026-06-01 13:00 UTC on, before that in UTC"
    )
    assert [(each.action, each.telegram_id) for each in entries] == [(Action.TIMEZONE, None)]
    assert zones(tmp_path) == [[0, "UTC"], [NEXT_HOUR, "Europe/Berlin"]]


async def test_a_change_that_is_taken_back_within_the_hour_never_was(tmp_path: Path) -> None:
    await run_once(tmp_path)
    await run_once(tmp_path, timezone="Europe/Berlin")
    await run_once(tmp_path, clock=lambda: NOW + timedelta(minutes=1))

    assert zones(tmp_path) == [[0, "UTC"]]


async def test_a_clock_that_is_ahead_puts_a_change_off_until_the_next_start_at_most(
    tmp_path: Path,
) -> None:
    await run_once(tmp_path)
    await run_once(tmp_path, timezone="Europe/Berlin", clock=lambda: NOW + 3_000 * DAY)
    await run_once(tmp_path, timezone="Europe/Berlin")

    assert zones(tmp_path) == [[0, "UTC"], [NEXT_HOUR, "Europe/Berlin"]]


async def test_a_clock_that_is_behind_changes_no_day_of_the_past(tmp_path: Path) -> None:
    await run_once(tmp_path, [interaction()])
    start = datetime(1970, 1, 1, tzinfo=UTC)
    await run_once(tmp_path, timezone="Europe/Berlin", clock=lambda: start)

    assert zones(tmp_path) == [[0, "UTC"], [NEXT_HOUR, "Europe/Berlin"]]


async def test_with_telegrams_dates_a_new_file_has_its_time_zone_from_the_beginning(
    tmp_path: Path,
) -> None:
    clock = GuardedClock(lambda: NOW, lambda: 0.0)
    await run_once(tmp_path, timezone="Asia/Tokyo", clock=clock)

    assert zones(tmp_path) == [[0, "Asia/Tokyo"]]


@pytest.mark.parametrize("access", [Access.READ, Access.SHARE])
async def test_a_command_takes_the_time_zone_of_the_file(tmp_path: Path, access: Access) -> None:
    await run_once(tmp_path, timezone="Asia/Tokyo")
    async with open_service(tmp_path, access=access) as command:
        zone = command.calendar.zone.key
        report = await command.get_admin_analytics_report()

    assert zone == "Asia/Tokyo"
    assert report.as_of == NOW
    assert report.as_of.utcoffset() == 9 * HOUR
    assert zones(tmp_path) == [[0, "Asia/Tokyo"]]


async def test_a_zone_in_the_file_that_is_unknown_here_is_named(tmp_path: Path) -> None:
    await run_once(tmp_path)
    changed(
        tmp_path,
        "UPDATE file_settings SET value = '[[0, \"Mars/Olympus\"]]' WHERE name = 'time_zones'",
    )

    with pytest.raises(UnknownTimeZone, match=r"Mars/Olympus: .*tzdata"):
        await run_once(tmp_path, access=Access.READ)


@pytest.mark.parametrize(
    ("name", "near"),
    [
        ("Berlin", ["Europe/Berlin"]),
        ("europe/berlin", ["Europe/Berlin"]),
        ("EUROPE/BERLIN ", ["Europe/Berlin"]),
        ("Europe/Berln", ["Europe/Berlin", "Europe/Dublin", "Europe/Belfast"]),
        ("Berln", ["Europe/Berlin"]),
        ("new york", ["America/New_York"]),
        ("America/New York", ["America/New_York"]),
        ("utc", ["UTC", "Etc/UTC"]),
        ("", []),
        ("☃", []),
    ],
)
def test_the_nearest_names_are_proposed(name: str, near: list[str]) -> None:
    assert nearest_timezones(name) == near


@pytest.mark.parametrize("name", ["GMT+2", "UTC+2", "UTC-5"])
def test_no_offset_is_proposed_whose_sign_is_the_other_way_round(name: str) -> None:
    assert not [each for each in nearest_timezones(name) if "+" in each or "-" in each]


@pytest.mark.parametrize("name", ["Berlin", "../UTC", "/etc/localtime", "", "\0", "x" * 999])
async def test_an_unknown_time_zone_is_refused_with_a_sentence(tmp_path: Path, name: str) -> None:
    sentence = r'^unknown time zone ".{0,41}": give an IANA name, such as [A-Z].{2,99}$'
    with pytest.raises(ValueError, match=sentence):
        await run_once(tmp_path, timezone=name)

    assert not (tmp_path / NAME).exists()


async def test_a_time_zone_is_a_name(tmp_path: Path) -> None:
    with pytest.raises(TypeError, match="name of a time zone"):
        await run_once(tmp_path, timezone=UTC)


async def test_days_before_a_change_stay_as_they_were_counted(tmp_path: Path) -> None:
    late = NOW.replace(hour=20)  # the next day in Tokyo
    said = [interaction(NOW - late + n * DAY) for n in range(1, 4)]
    await run_once(tmp_path, clock=lambda: NOW - 9 * DAY)
    await run_once(tmp_path, said)
    before = await _days(tmp_path, NOW)
    await run_once(tmp_path, timezone="Asia/Tokyo")
    later = NOW + 2 * DAY
    async with open_service(tmp_path, timezone="Asia/Tokyo", clock=lambda: later) as analytics:
        moment = NOW.replace(hour=20)
        await analytics.record([interaction(NOW - moment)])
    after = await _days(tmp_path, later)

    both = before.keys() & after.keys()
    assert len(both) == 5
    assert {day: before[day] for day in both} == {day: after[day] for day in both}
    assert after["06-02"] == 1


async def _days(folder: Path, now: datetime) -> dict[str, int | None]:
    async with AnalyticsService.open(
        folder / NAME, access=Access.READ, clock=lambda: now
    ) as analytics:
        history = await analytics.reports.history(7 * DAY)
    return {f"{each.since:%m-%d}": each.interactions for each in history.buckets}


async def test_events_of_a_day_stay_until_a_part_of_the_day_in_the_zone_is_past_retention(
    tmp_path: Path,
) -> None:
    """The clock shows midnight in Tokyo."""
    clock = Clock()
    clock.now = now = NOW.replace(hour=15, minute=0, second=0)
    midnight, kept = now - 7 * DAY, []
    moments = [now, midnight, midnight - timedelta(minutes=1)]
    said = [Interaction(SOMEBODY, InteractionType.COMMAND, each) for each in moments]
    async with open_service(tmp_path, timezone="Asia/Tokyo", clock=clock) as analytics:
        await analytics.record(said, None, events_of(["/today", "/that_day", "/before"]))
        for _ in range(2):
            await analytics.cleanup_old_interactions(7)
            kept.append(select(tmp_path, "SELECT event FROM daily_events ORDER BY day DESC"))
            clock.move(hours=1)

    assert kept == [[("today",), ("that_day",)], [("today",)]]


async def test_how_many_were_active_on_a_day_stays_until_the_whole_day_is_past_retention(
    tmp_path: Path,
) -> None:
    """The day is that in Tokyo, whose midnight the clock shows at first."""
    clock = Clock()
    clock.now = now = NOW.replace(hour=15, minute=0, second=0)
    kept = []
    async with open_service(tmp_path, timezone="Asia/Tokyo", clock=clock) as analytics:
        await analytics.record(
            [Interaction(SOMEBODY, InteractionType.MESSAGE, each) for each in (now, now - 7 * DAY)]
        )
        for hours in (1, 22, 1, 0):
            await analytics.cleanup_old_interactions(7)
            [(days,)] = select(tmp_path, "SELECT count(*) FROM daily_users")
            kept.append(days)
            clock.move(hours=hours)

    assert kept == [2, 2, 2, 1]
