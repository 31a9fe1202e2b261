"""The digest comes when it should, to whom wants it, and with a picture where one can be drawn."""

import re
from datetime import timedelta
from typing import Any
from unittest.mock import AsyncMock

import pytest

from analytics.telegram.charts import Charts, NoChart
from bot.sandbox.faults import floods
from tests.support.hours import ADMIN, Hours
from tests.support.running import running_bot

QUIET: dict[str, Any] = {"silence_alert_hours": 0}
WEEK, DAY = "The last 7 days", "The last 24 hours"
PICTURE = "[photo] Interactions and active users, 7 days"


@pytest.fixture(autouse=True)
def nothing_can_be_drawn(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Charts, "draw", AsyncMock(side_effect=NoChart))


def begins(told: list[str], *words: str) -> bool:
    return len(told) == len(words) and all(w in text for w, text in zip(words, told, strict=True))


async def test_a_weekly_digest_comes_on_mondays(hours: Hours) -> None:
    """The bot begins on a Wednesday at noon: four days and 20 hours before."""
    async with hours.bot(**QUIET):
        first = await hours.due()
        early = await hours.passing(4 * 24 + 19)
        monday = await hours.passing(1)
        to_other = hours.told(hours.other)
        later = [await hours.passing(24) for _ in range(6)]
    async with hours.bot(**QUIET):
        restarted = await hours.due()
        next_monday = await hours.passing(24)

    assert (first, early, *later, restarted) == ([],) * 9
    assert begins(monday, WEEK)
    assert begins(to_other, WEEK)
    assert begins(next_monday, WEEK)


async def test_a_daily_digest_comes_every_day_at_its_time(hours: Hours) -> None:
    async with hours.bot(**QUIET, digest="daily", digest_at="18:30"):
        told = [await hours.passing(1) for _ in range(26)]
        next_day = [await hours.passing(6) for _ in range(4)]

    assert [number for number, each in enumerate(told) if each] == [6]
    assert begins(told[6], DAY)
    assert sum(map(len, next_day)) == 1


async def test_a_digest_that_was_missed_comes_at_the_next_start(hours: Hours) -> None:
    async with hours.bot(**QUIET):
        pass
    hours.now = hours.now.replace(day=16)
    async with hours.bot(**QUIET):
        told = await hours.due()
        again = await hours.due()

    assert begins(told, WEEK)
    assert again == []


async def test_a_digest_that_is_off_never_comes(hours: Hours) -> None:
    async with hours.bot(**QUIET, digest="off"):
        assert [await hours.passing(24) for _ in range(14)] == [[]] * 14


async def test_the_numbers_of_the_digest_are_of_its_period(hours: Hours) -> None:
    await hours.record(100, *[7] * 6)
    async with hours.bot(**QUIET, digest="daily"):
        [day] = await hours.passing(20)
    async with hours.bot(**QUIET):
        [week] = await hours.passing(4 * 24)

    # Days were recorded at noon; the digest of a Thursday is of the time since Wednesday. That of
    # Monday, June 8, is of seven days with that one, as /stats has them.
    assert re.search(r"Interactions +0\b", day)
    assert re.search(r"Interactions +7\b", week)


async def test_the_digest_comes_with_its_chart_silently_and_can_be_saved(
    hours: Hours, monkeypatch: pytest.MonkeyPatch
) -> None:
    draw = AsyncMock(return_value=b"a picture")
    monkeypatch.setattr(Charts, "draw", draw)
    await hours.record(3)
    async with hours.bot(**QUIET):
        told = await hours.passing(4 * 24 + 20)
        photos = await hours.sandbox.called("sendPhoto", 2)

    assert begins(told, WEEK, PICTURE)
    assert [call.args[0].length.days for call in draw.mock_calls] == [7]
    assert all(photo.flag("disable_notification") for photo in photos)
    assert not any(photo.flag("protect_content") for photo in photos)
    assert [file.content for photo in photos if (file := photo.file("photo"))] == [b"a picture"] * 2


async def test_a_digest_of_nothing_has_no_chart(
    hours: Hours, monkeypatch: pytest.MonkeyPatch
) -> None:
    draw = AsyncMock(return_value=b"a picture")
    monkeypatch.setattr(Charts, "draw", draw)
    async with hours.bot(**QUIET):
        told = await hours.passing(7 * 24)

    assert begins(told, WEEK)
    assert draw.mock_calls == []


async def test_where_the_drawing_fails_the_text_comes_alone(
    hours: Hours, monkeypatch: pytest.MonkeyPatch
) -> None:
    draw = AsyncMock(side_effect=ValueError)
    monkeypatch.setattr(Charts, "draw", draw)
    await hours.record(3)
    async with hours.bot(**QUIET):
        assert begins(await hours.passing(4 * 24 + 20), WEEK)
    draw.assert_awaited_once()


async def test_a_digest_that_nobody_could_take_comes_an_hour_later_once(hours: Hours) -> None:
    async with hours.bot(**QUIET):
        gone = hours.sandbox.plan("sendMessage", floods(1000), times=None)
        failed = await hours.passing(7 * 24)
        gone.lift()
        told = await hours.passing(1)
        later = await hours.passing(1)

    assert (failed, later) == ([], [])
    assert begins(told, WEEK)


async def test_a_digest_of_complete_intervals_is_the_report_that_everyone_gets(
    hours: Hours,
) -> None:
    async with hours.bot(**QUIET, digest="daily", report_interval=1440):
        [told] = await hours.passing(24)

    assert "as of Jun 4, 2026" in told


async def test_a_digest_is_in_the_language_of_the_settings(hours: Hours) -> None:
    """The scheduler calls it, and nobody's update."""
    await hours.record(1234)
    hours.now += timedelta(days=5)
    settings: dict[str, Any] = {"admin_ids": {ADMIN}, "bot_language": "de"} | QUIET
    assert hours.admin.transcript == []
    async with running_bot(hours.sandbox, hours.database, lambda: hours.now, **settings):
        told = (await hours.admin.answer()).text

    assert "1.234" in told
