"""Admins are told what is not as it should be: when it begins, once a day, and as they want it."""

from datetime import timedelta
from typing import Any
from unittest.mock import patch

import pytest

from analytics import DatabaseUnavailable
from analytics.maintenance import operations
from analytics.telegram.alerts import messages
from bot.sandbox.faults import floods
from tests.support.hours import ADMIN, OTHER, Hours
from tests.support.stored import remembered

QUIET: dict[str, Any] = {"digest": "off"}
SILENCE = "No updates since"
OVERDUE = "Cleanup overdue"
FAILS, WORKS = "cannot be written", "can be written again"
FOUR_WEEKS = [50] * 28
LOCKED = DatabaseUnavailable("the database is locked", "try again")


def only(told: list[str], words: str) -> bool:
    """Whether this and nothing else was told."""
    return len(told) == 1 and words in told[0].replace("\u202f", " ")


def test_with_a_limit_an_overdue_cleanup_has_no_count() -> None:
    text = messages.cleanup_overdue(None, 90, None, postponed=False)

    assert text.startswith("⚠️ <b>Cleanup overdue.</b> Kept for 90 days.")


async def test_a_silence_is_told_once_and_the_next_one_again(hours: Hours) -> None:
    async with hours.bot(**QUIET):
        early = await hours.passing(47.9)
        told = await hours.passing(0.2)
        to_other = hours.told(hours.other)
        later = [await hours.passing(24) for _ in range(3)]
    async with hours.bot(**QUIET):
        restarted = await hours.passing()
        await hours.somebody_writes()
        after_an_update = await hours.passing(47)
        again = await hours.passing(2)

    assert (early, *later, restarted, after_an_update) == ([], [], [], [], [], [])
    assert only(told, SILENCE)
    assert only(to_other, SILENCE)
    assert only(again, SILENCE)


async def test_silences_are_told_once_in_24_hours(hours: Hours) -> None:
    async with hours.bot(**QUIET, silence_alert_hours=1):
        first = await hours.passing()
        await hours.somebody_writes()
        soon = await hours.passing(23)
        then = await hours.passing()

    assert only(first, SILENCE)
    assert soon == []
    assert only(then, SILENCE)


async def test_after_a_restart_the_file_tells_of_a_silence(hours: Hours) -> None:
    """Its times are rounded down: a day may be what an hour was."""
    await hours.record(1)
    hours.now += timedelta(hours=23.5)
    async with hours.bot(**QUIET):
        early = await hours.passing(1)
        told = await hours.passing(1)
    async with hours.bot(**QUIET):
        again = await hours.passing(1)

    assert early == []
    assert only(told, SILENCE)
    assert "Jun 2, 2026, 12:00 UTC" in told[0].replace("\u202f", " ")
    assert again == []


@pytest.mark.parametrize(
    ("precision", "said"), [(3600, "12:00 UTC"), (60, "12:37 UTC"), (86_400, "00:00 UTC")]
)
async def test_a_silence_tells_the_last_time_as_finely_as_it_is_kept(
    hours: Hours, precision: int, said: str
) -> None:
    async with hours.bot(**QUIET, timestamp_precision=precision):
        hours.now += timedelta(minutes=37)
        await hours.somebody_writes()
        told = await hours.passing(49)

    assert only(told, f"Jun 3, 2026, {said}")


async def test_without_hours_a_silence_is_not_told(hours: Hours) -> None:
    async with hours.bot(**QUIET, silence_alert_hours=0):
        assert await hours.passing(1000) == []


@pytest.mark.parametrize(
    ("yesterday", "words"),
    [(500, "Far more than usual: 500"), (0, "Far fewer than usual: 0"), (60, None)],
)
async def test_an_unusual_day_is_told_once(hours: Hours, yesterday: int, words: str | None) -> None:
    await hours.record(*FOUR_WEEKS, yesterday)
    async with hours.bot(**QUIET, silence_alert_hours=0):
        told = await hours.passing()
        later = await hours.passing()
    async with hours.bot(**QUIET, silence_alert_hours=0):
        restarted = await hours.passing()

    assert only(told, words) if words else told == []
    assert "Usual, by the previous four weeks: 50." in told[0] if words else True
    assert (later, restarted) == ([], [])


async def test_an_overdue_cleanup_is_told_once_in_24_hours(hours: Hours) -> None:
    await hours.record(3)
    broken = patch.object(operations, "delete_older", side_effect=LOCKED)
    settings = QUIET | {"retention_days": 1, "silence_alert_hours": 0}
    with broken:
        async with hours.bot(**settings):
            early = await hours.passing(47)
            told = await hours.passing(2)
            later = await hours.passing(23)
        async with hours.bot(**settings):
            again = await hours.passing(1)
    async with hours.bot(**settings):
        cleaned_up = await hours.passing(24)

    assert early == []
    assert only(told, OVERDUE)
    assert "3 interactions" in told[0]
    assert later == []
    assert only(again, OVERDUE)
    assert cleaned_up == []


async def test_a_cleanup_that_is_late_with_nothing_to_delete_is_not_told(hours: Hours) -> None:
    with patch.object(operations, "forget_updates", side_effect=LOCKED):
        async with hours.bot(**QUIET, silence_alert_hours=0):
            assert await hours.passing(100) == []


async def test_a_cleanup_that_waits_for_a_right_clock_is_told(hours: Hours) -> None:
    await hours.record(3)
    async with hours.bot(**QUIET, retention_days=2, silence_alert_hours=0):
        assert await hours.passing(1) == []
        hours.ahead = timedelta(days=400)
        told = await hours.passing(24)

    assert only(told, OVERDUE)
    assert "The computer's clock does not agree" in told[0]


@pytest.mark.usefixtures("impatient")
async def test_failing_recording_is_told_at_once_and_once_in_24_hours(hours: Hours) -> None:
    async with hours.bot(**QUIET, silence_alert_hours=0):
        await a_failure(hours, FAILS, WORKS)
        await a_failure(hours)
        hours.now += timedelta(hours=24)
        await a_failure(hours, FAILS, WORKS)
    async with hours.bot(**QUIET, silence_alert_hours=0):
        await a_failure(hours)


@pytest.mark.usefixtures("impatient")
async def test_recording_that_fails_for_days_is_told_again(hours: Hours) -> None:
    async with hours.bot(**QUIET, silence_alert_hours=0):
        with hours.locked():
            await hours.somebody_writes()
            first = [(await hours.admin.answer()).text]
            hours.told()
            soon = await hours.passing(23)
            then = await hours.passing(1)

    assert only(first, FAILS)
    assert soon == []
    assert only(then, FAILS)


async def a_failure(hours: Hours, *words: str) -> None:
    """The database cannot be written, and then it can; what begins so, and no more, is told."""
    with hours.locked():
        written = await hours.somebody_writes()
        told = [(await hours.admin.answer()).text for _ in words[:1]]
    while written not in remembered(hours.database):
        await hours.somebody_writes()
    told += [(await hours.admin.answer()).text for _ in words[1:]]
    for _ in range(20):
        await hours.somebody_writes()

    assert len(hours.told()) == len(told) == len(words)
    assert all(word in text for word, text in zip(words, told, strict=True))


async def test_one_admin_who_cannot_be_told_does_not_stop_the_other(hours: Hours) -> None:
    async with hours.bot(**QUIET, admin_ids={6_000_000_000, ADMIN, OTHER}):
        await hours.other.blocks_bot()
        await hours.sandbox.settled()
        told = await hours.passing(50)

    assert only(told, SILENCE)


async def test_what_nobody_could_be_told_is_told_an_hour_later(hours: Hours) -> None:
    async with hours.bot(**QUIET):
        # Longer than anyone waits.
        gone = hours.sandbox.plan("sendMessage", floods(1000), times=None)
        failed = await hours.passing(50)
        gone.lift()
        told = await hours.passing(1)

    assert failed == []
    assert only(told, SILENCE)
