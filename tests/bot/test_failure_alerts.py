"""Admins are told once that the bot fails far more often than usual, and owners of what."""

import asyncio
from contextlib import closing
from typing import Any

import pytest

from analytics import AnalyticsService
from bot.handlers import everyone
from bot.sandbox import Person
from tests.support.conversation import ask
from tests.support.hours import ADMIN, Hours
from tests.support.processes import PATIENCE
from tests.support.second_connection import second_connection

QUIET: dict[str, Any] = {"digest": "off", "silence_alert_hours": 0}
FAILS = "The bot fails far more often than usual"


class Bot:
    """A bot whose handler of whatever is left fails while `is_broken`."""

    def __init__(self, hours: Hours, monkeypatch: pytest.MonkeyPatch) -> None:
        self.is_broken = False
        self._hours = hours
        self._outcomes = 0
        self._more = asyncio.Event()
        works, count = everyone.anything_else, AnalyticsService.count_outcome

        async def handle(message: Any) -> None:
            if self.is_broken:
                raise KeyError("a text of a person")
            await works(message)

        def counted(analytics: AnalyticsService, *arguments: Any) -> None:
            count(analytics, *arguments)
            self._outcomes += 1
            self._more.set()

        monkeypatch.setattr(everyone, "anything_else", handle)
        monkeypatch.setattr(AnalyticsService, "count_outcome", counted)

    async def gets(self, people: int = 20, *, of: Person | None = None) -> None:
        """Answer so many messages, each of another person unless it is one `of` somebody."""
        expected = self._outcomes + people
        for _ in range(people):
            person = of or self._hours.sandbox.person()
            await person.says("good morning")
            await person.answer()
        # A handler ends after its answer.
        async with asyncio.timeout(PATIENCE):
            while self._outcomes < expected:
                self._more.clear()
                await self._more.wait()

    async def works_for_a_day(self) -> None:
        """Let it be known what is usual."""
        await self.gets()
        assert await self._hours.passing(24) == []


@pytest.fixture
def their(hours: Hours, monkeypatch: pytest.MonkeyPatch) -> Bot:
    return Bot(hours, monkeypatch)


async def test_a_jump_is_told_once_until_it_is_over(hours: Hours, their: Bot) -> None:
    async with hours.bot(**QUIET):
        await their.works_for_a_day()
        their.is_broken = True
        told = []
        for _ in range(3):
            await their.gets()
            told.append(await hours.passing())
        few = await hours.passing()  # nobody wrote
        their.is_broken = False
        await their.gets()
        over = await hours.passing()
        their.is_broken = True
        await their.gets()
        again = await hours.passing()

    assert [len(each) for each in told] == [1, 0, 0]
    assert f"{FAILS}: 100%" in told[0][0].replace("\u202f", " ")
    assert (few, over) == ([], [])
    assert len(again) == 1


async def test_while_it_goes_on_for_days_it_is_not_told_again(hours: Hours, their: Bot) -> None:
    await hours.record(1)
    day = int(hours.now.timestamp()) // 86_400 - 1
    with closing(second_connection(hours.database)) as database, database:
        database.execute(
            "INSERT INTO daily_events VALUES (?, 'handled', 'message 0.01', 10000, 1)", (day,)
        )
    their.is_broken, told = True, []
    async with hours.bot(**QUIET):
        for _ in range(5):
            await their.gets()
            told += [await hours.passing(), await hours.passing(11)]

    assert [len(each) for each in told] == [1] + 9 * [0]


async def test_after_a_restart_it_is_not_told_again_until_a_day_without(
    hours: Hours, their: Bot
) -> None:
    async with hours.bot(**QUIET):
        await their.works_for_a_day()
        their.is_broken = True
        await their.gets()
        first = await hours.passing()
    async with hours.bot(**QUIET):
        await their.gets()
        restarted = await hours.passing()
        # Of days that were all failures none is a jump.
        later = await hours.passing(24 * 9)
        their.is_broken = False
        await their.gets()
        await hours.passing(24)
        their.is_broken = True
        await their.gets()
        again = await hours.passing()

    assert (len(first), len(restarted)) == (1, 0)
    assert later == []
    assert len(again) == 1


async def test_the_hour_is_that_of_the_time_zone_and_only_owners_are_told_what_fails_and_where(
    hours: Hours, their: Bot
) -> None:
    async with hours.bot(**QUIET, owner_ids={ADMIN}, timezone="Asia/Tokyo"):
        await their.works_for_a_day()
        their.is_broken = True
        await their.gets()
        [owner] = await hours.passing()
        [admin] = hours.told(hours.other)

    # It is 12:00 UTC.
    assert "in the hour from Jun 4, 2026, 21:00 UTC+9." in owner
    assert "Most failures: message" in owner
    assert "Most frequent error: KeyError at tests/bot/test_failure_alerts.py:" in owner
    assert "a text of a person" not in owner
    assert FAILS in admin
    assert "Most" not in admin


@pytest.mark.parametrize("rule", [{"breakdown_min_users": 5}, {"report_interval": 1440}])
async def test_figures_of_too_few_people_or_of_an_hour_are_left_out(
    hours: Hours, their: Bot, rule: dict[str, int]
) -> None:
    async with hours.bot(**QUIET, **rule):
        await their.works_for_a_day()
        person = hours.sandbox.person()
        await their.gets()
        their.is_broken = True
        await their.gets(5, of=person)
        [few] = await hours.passing()

    assert few.startswith(f"⚠️ {FAILS}.\n")
    assert "Most" not in few
    assert not any(figure in few for figure in ("25", "20%", "12:00"))


@pytest.mark.parametrize("failing", [4, 5])
async def test_a_few_failures_are_not_told(hours: Hours, their: Bot, failing: int) -> None:
    async with hours.bot(**QUIET):
        await their.works_for_a_day()
        await their.gets()
        their.is_broken = True
        await their.gets(failing)
        told = await hours.passing()

    assert len(told) == (failing == 5)


async def test_an_alert_that_is_muted_is_not_sent(hours: Hours, their: Bot) -> None:
    async with hours.bot(**QUIET):
        await ask(hours.admin, "/alerts")
        await hours.admin.clicks("🔕 Mute: Failures")
        await hours.admin.sees_edit()
        hours.told()
        await their.works_for_a_day()
        their.is_broken = True
        await their.gets()
        told, to_other = await hours.passing(), hours.told(hours.other)

    assert told == []
    assert len(to_other) == 1


async def test_people_who_opted_out_make_no_jump(hours: Hours, their: Bot) -> None:
    async with hours.bot(**QUIET):
        await their.works_for_a_day()
        people = [hours.sandbox.person() for _ in range(10)]
        for person in people:
            await person.says("/optout")
            await person.answer()
        await their.gets()
        their.is_broken = True
        for person in people:
            await their.gets(1, of=person)
        told = await hours.passing()

    assert told == []
