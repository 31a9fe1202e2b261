"""Bots that are not ours, with the wheel: all of the analytics, and nothing of theirs disturbed."""

import random
import signal
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from analytics import AnalyticsService, Interaction, InteractionType
from analytics.telegram.texts import rights, stats
from bot.sandbox import Person, Sandbox
from tests.support.conversation import ask, message_for, tap
from tests.support.crowds import crowd, moment
from tests.support.foreign_bots import Foreign
from tests.support.second_connection import total
from tests.support.stored import remembered, stored

Make = Callable[[str], Foreign]

ALL = ["survey", "shop", "reminders"]
WELCOME = {
    "survey": "Hi\\! Send /survey to begin\\.",
    "shop": "Welcome! See /shop",
    "reminders": "I remind you: /remind 0 drink something",
}
UNKNOWN = {
    "survey": "I did not understand that\\.",
    "shop": "Our support will answer soon.",
    "reminders": "Sorry?",
}


@pytest.mark.parametrize("name", ALL)
async def test_the_bots_own_answers_come_and_interactions_are_recorded(
    foreign: Make, sandbox: Sandbox, name: str
) -> None:
    bot, person = foreign(name), sandbox.person()
    async with bot.running():
        welcome = await ask(person, "/start")
        unknown = await ask(person, "hello")
        await sandbox.inject(
            {"inline_query": {"id": "1", "from": person.user, "query": "", "offset": ""}}
        )
        await sandbox.settled()

    assert (welcome, unknown) == (WELCOME[name], UNKNOWN[name])
    assert stored(bot.database) == [(2, "command"), (2, "inline_query"), (2, "message")]


@pytest.mark.parametrize("name", ["survey", "shop"])
async def test_an_admin_gets_statistics_and_nobody_else(
    foreign: Make, sandbox: Sandbox, admin: Person, name: str
) -> None:
    bot, person = foreign(name), sandbox.person()
    async with bot.running():
        refused = await ask(person, "/stats")
        first = await ask(admin, "/stats")
        await admin.clicks(f"❓ {stats.MEANING}")
        meaning = await admin.sees_edit()

    assert refused == UNKNOWN[name]
    assert first.startswith("📊 Statistics")
    assert meaning.text


@pytest.mark.parametrize("name", ALL)
async def test_people_see_and_erase_what_is_stored_about_them(
    foreign: Make, sandbox: Sandbox, admin: Person, name: str
) -> None:
    bot, person = foreign(name), sandbox.person()
    async with bot.running():
        await ask(admin, "hello")
        await ask(person, "hello")
        policy = await ask(person, "/privacy")
        data = await ask(person, "/mydata")
        await person.answer()
        await ask(person, "/forgetme")
        erased = await tap(person, rights.CONFIRM)
        await sandbox.settled()

    assert policy.startswith("🔒 What is stored about you")
    assert "messages  " in data
    assert erased.startswith("Erased")
    assert stored(bot.database) == [(1, "message")]


async def test_dialogues_and_translations_of_the_bot_are_left_alone(
    foreign: Make, sandbox: Sandbox
) -> None:
    bot, person = foreign("survey"), sandbox.person(language_code="de")
    async with bot.running():
        colour = await ask(person, "/survey")
        policy = await message_for(person, "/privacy")
        age = await ask(person, "green")
        await ask(person, "/forgetme")
        await tap(person, "Ja, alles löschen")
        unclear = await ask(person, "of age")
        thanks = await ask(person, "30")
        await person.clicks("Noch einmal")
        toast = await person.toast()
        once_more = await person.answer()

    assert colour == "Welche Farbe magst du am liebsten?"
    assert policy["text"].startswith("🔒 Was über dich gespeichert ist")
    assert (age, unclear) == ("Und wie alt bist du?", "Das habe ich nicht verstanden\\.")
    assert thanks == "Danke: green, 30."
    assert (toast.text, once_more.text) == ("Los geht es", colour)


async def test_the_buttons_and_middlewares_of_the_bot_are_left_alone(
    foreign: Make, sandbox: Sandbox
) -> None:
    bot, person = foreign("shop"), sandbox.person()
    async with bot.running():
        await ask(person, "/shop")
        one = await tap(person, "tea, 3 €")
        await ask(person, "/privacy")
        two = await tap(person, "coffee, 4 €")

    assert (one, two) == ("In your basket: tea", "In your basket: tea, coffee")


async def test_what_the_bot_drops_is_recorded_and_rights_are_answered(
    foreign: Make, sandbox: Sandbox
) -> None:
    """The bot answers a person once an hour."""
    bot, person = foreign("shop"), sandbox.person()
    async with bot.running(RATE_LIMIT="3600"):
        await ask(person, "hello")
        for _ in range(3):
            await person.says("hello")
        policy = await ask(person, "/privacy")
        counted = await ask(person, "/mydata")

    assert policy.startswith("🔒")
    assert "messages  4" in counted


async def test_a_command_that_the_bot_has_is_left_to_it_with_a_warning(
    foreign: Make, admin: Person
) -> None:
    bot = foreign("reminders")
    async with bot.running() as process:
        answer = await ask(admin, "/stats")
        process.send(signal.SIGTERM)
        _, _, log = await process.ended()

    assert answer == "You have 0 reminders."
    [warning] = [line for line in log.splitlines() if "answered by the bot's own" in line]
    assert warning.startswith("[WARNING] [analytics.telegram.attached] /stats is")


async def test_the_bots_own_jobs_run_and_an_erasure_reaches_what_it_stores_itself(
    foreign: Make, sandbox: Sandbox
) -> None:
    bot, person = foreign("reminders"), sandbox.person()
    async with bot.running():
        await ask(person, "/remind 0 drink")
        reminder = (await person.answer()).text
        await ask(person, "/remind 60 eat")
        before = await ask(person, "/statistics")
        policy = await ask(person, "/privacy")
        await ask(person, "/forgetme")
        await tap(person, rights.CONFIRM)
        after = await ask(person, "/statistics")

    assert reminder == "Reminder: drink"
    assert (before, after) == ("You have 1 reminders.", "You have 0 reminders.")
    assert "The reminders that you set, until they are sent." in policy


@pytest.mark.parametrize("name", ALL)
async def test_what_is_past_retention_is_deleted(
    foreign: Make, sandbox: Sandbox, name: str
) -> None:
    bot, old, new = foreign(name), sandbox.person(), sandbox.person()
    long_ago = datetime.now(UTC) - timedelta(days=100)
    async with AnalyticsService.open(bot.database, clock=lambda: long_ago) as analytics:
        await analytics.record([Interaction(old.user["id"], InteractionType.OTHER, long_ago)])
    before = stored(bot.database)
    async with bot.running() as process:
        await ask(new, "hello")
        await process.logged("cleaned up 1 interactions older than 90 days")

    assert before == [(2, "other")]
    assert stored(bot.database) == [(3, "message")]


@pytest.mark.parametrize("name", ALL)
async def test_it_ends_at_once_and_silently_with_what_it_does_done(
    foreign: Make, sandbox: Sandbox, name: str
) -> None:
    bot, people = foreign(name), [sandbox.person() for _ in range(8)]
    async with bot.running() as process:
        for person in people:
            await person.says("hello")
        await people[0].answer()
        process.send(signal.SIGTERM)
        status, output, log = await process.ended()
    answered = [person for person in people if len(person.transcript) > 1]

    assert (status, output) == (0, ""), log
    assert "Traceback" not in log
    assert "ERROR" not in log
    assert "Unclosed" not in log
    assert len(stored(bot.database)) >= len(answered) > 0


async def killed(bot_of: Make, sandbox: Sandbox, name: str, times: int) -> None:
    bot, chance = bot_of(name), random.Random(times)
    calls = ["sendMessage"] if name == "shop" else ["getUpdates", "sendMessage"]
    for _ in range(times):
        async with bot.running(LOG_LEVEL="INFO") as process, crowd(sandbox, chance):
            await moment(sandbox, chance, calls)
            process.send(signal.SIGKILL)
            status, _, _ = await process.ended()
            assert status == -signal.SIGKILL
    async with bot.running() as process:
        await sandbox.settled()
        process.send(signal.SIGTERM)
        status, _, _ = await process.ended()
        assert status == 0
    acknowledged, recorded = sandbox.updates.acknowledged, remembered(bot.database)

    assert len(acknowledged) > 100 * times
    assert acknowledged - recorded == set()
    assert total(bot.database) == len(recorded)


@pytest.mark.long
@pytest.mark.parametrize("name", ALL)
async def test_it_starts_as_its_own_program(
    foreign: Make, python: Path, sandbox: Sandbox, name: str
) -> None:
    bot, person = foreign(name), sandbox.person()
    async with bot.running(python) as process:
        welcome = await ask(person, "/start")
        policy = await ask(person, "/privacy")
        process.send(signal.SIGTERM)
        status, _, _ = await process.ended()

    assert (welcome, status) == (WELCOME[name], 0)
    assert policy.startswith("🔒")


@pytest.mark.parametrize("name", ["survey", "shop"])
async def test_nothing_is_lost_or_counted_twice_when_it_is_killed(
    foreign: Make, sandbox: Sandbox, name: str
) -> None:
    await killed(foreign, sandbox, name, 2)


@pytest.mark.long
@pytest.mark.parametrize("name", ALL)
async def test_nothing_is_lost_or_counted_twice_when_it_is_killed_often(
    foreign: Make, sandbox: Sandbox, name: str
) -> None:
    await killed(foreign, sandbox, name, 8)
