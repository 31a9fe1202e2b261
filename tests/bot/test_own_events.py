"""Handlers count events of the bot's own, for the person whose update they handle."""

from pathlib import Path

import pytest
from aiogram import Bot, Dispatcher
from aiogram.filters import Command
from aiogram.types import Message

from analytics import AnalyticsService
from analytics.events import EventKind
from analytics.telegram import attach
from bot import run
from bot.features import reminder
from bot.sandbox import Sandbox
from tests.support.clock import Clock
from tests.support.conversation import ask
from tests.support.outcomes import at_least, counted
from tests.support.own_bot import polling
from tests.support.running import running_bot
from tests.support.second_connection import select

ADMIN = 6_000_000_001
EVENTS = ("order_placed", "opened")


def shop() -> Dispatcher:
    async def order(message: Message, analytics: AnalyticsService) -> None:
        await analytics.count("order_placed", times=2)
        await message.answer("Thank you!")

    async def mistake(message: Message, analytics: AnalyticsService) -> None:
        await analytics.count("order_palced")

    dispatcher = Dispatcher()
    dispatcher.message.register(order, Command("order"))
    dispatcher.message.register(mistake, Command("mistake"))
    return dispatcher


async def test_events_of_handlers_are_counted_for_people_who_are_counted(
    bot: Bot, sandbox: Sandbox, database: Path
) -> None:
    people, admin = [sandbox.person() for _ in range(3)], sandbox.person(ADMIN)
    async with polling(
        bot, shop(), sandbox, path=database, events=EVENTS, uncounted_ids={ADMIN}
    ) as attached:
        assert await attached.analytics.count("opened")
        await ask(people[0], "/optout")
        for person in (*people, people[1], admin):
            assert await ask(person, "/order") == "Thank you!"

    assert counted(database, EventKind.OWN) == {"order_placed": 6, "opened": 1}
    assert at_least(database, EventKind.OWN) == {"order_placed": 2, "opened": 0}
    assert select(database, "SELECT count(*) FROM users") == [(2,)]


async def test_before_the_start_events_are_counted_and_only_declared_ones(
    bot: Bot, database: Path
) -> None:
    async with attach(bot, shop(), path=database, events=EVENTS) as attached:
        assert await attached.analytics.count("opened")
        with pytest.raises(ValueError, match="the declared ones are order_placed, opened"):
            await attached.analytics.count("order_palced")
    for wrong in (("Opened",), ("opened", "opened")):
        with pytest.raises(ValueError, match=r"cannot be an event|declared twice"):
            async with attach(bot, shop(), path=database, events=wrong):
                pass

    assert counted(database, EventKind.OWN) == {"opened": 1}


async def test_an_undeclared_event_fails_its_handler_at_its_line(
    bot: Bot, sandbox: Sandbox, database: Path
) -> None:
    async with polling(bot, shop(), sandbox, path=database, events=EVENTS):
        await sandbox.person().says("/mistake")

    [error] = counted(database, EventKind.ERROR)
    assert error.startswith("ValueError at tests/bot/test_own_events.py:")
    assert counted(database, EventKind.FAILED) == {"/mistake": 1}


async def test_a_feature_counts_its_events(sandbox: Sandbox, database: Path, clock: Clock) -> None:
    person = sandbox.person()
    async with running_bot(sandbox, database, clock):
        for text in ("/remind", "water the plants", "60"):
            await ask(person, text)

    assert counted(database, EventKind.OWN) == {"reminder_set": 1}


async def test_two_features_with_the_same_event_stop_the_start_in_a_sentence(
    sandbox: Sandbox, database: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(run, "FEATURES", [reminder.FEATURE, reminder.FEATURE])
    with pytest.raises(ValueError, match="the event 'reminder_set' is declared twice"):
        async with running_bot(sandbox, database):
            pass

    assert not database.exists()
