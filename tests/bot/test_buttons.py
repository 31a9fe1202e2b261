"""The bot's own buttons: told from those of others, and gone once they are used."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from aiogram.filters.callback_data import MAX_CALLBACK_LENGTH
from aiogram.types import Update

from analytics import Tokens
from analytics.privacy.retention import MAX_RETENTION_DAYS
from analytics.telegram.buttons import PREFIX, Ask, Irreversible, Right, is_of_rights
from analytics.telegram.confirmations import CANCEL, VALID_FOR, Confirmations
from analytics.telegram.opt_out import opting_out
from analytics.telegram.texts import rights
from bot import texts
from bot.sandbox import Person, Sandbox
from bot.sandbox.chats import keyboard
from tests.support.clock import Clock
from tests.support.conversation import ask, click, message_for
from tests.support.raw_updates import events
from tests.support.running import running_bot
from tests.support.stored import stored

PERSON = 6_000_000_001
HOST_BUTTONS = [
    "optout",
    "optin",
    "privacy",
    "forgetme",
    "erase:1:1",
    "mydata",
    "stats:7d",
    "ask:optout",
]


def pressed(data: str) -> Update:
    person = {"id": PERSON, "is_bot": False, "first_name": "Somebody"}
    raw = {**events(person, "", 1_700_000_000)["callback_query"], "data": data}
    return Update.model_validate({"update_id": 1, "callback_query": raw})


@pytest.mark.parametrize("data", HOST_BUTTONS)
def test_a_hosts_button_opts_nobody_out_and_asks_for_no_right(data: str) -> None:
    assert opting_out(pressed(data), "a_bot") is None
    assert not is_of_rights(data)


@pytest.mark.parametrize("right", Right)
def test_a_button_of_ours_asks_for_its_right(right: Right) -> None:
    data = Ask(right=right).pack()

    chosen = {Right.OPT_OUT: True, Right.OPT_IN: False}.get(right)

    assert opting_out(pressed(data), "a_bot") is chosen
    assert is_of_rights(data)


@pytest.mark.parametrize(
    ("action", "subject", "of_rights"),
    [
        (Irreversible.ERASE, "", True),
        (Irreversible.DELETE, str(MAX_RETENTION_DAYS), False),
        (Irreversible.NOTE, "999999999", False),
    ],
)
def test_confirmations_fit_into_a_button_and_those_of_rights_are_known(
    action: Irreversible, subject: str, of_rights: bool
) -> None:
    clock = Clock()
    clock.now = datetime(2286, 11, 20, tzinfo=UTC)
    confirmations = Confirmations("token", clock, Tokens.in_memory(clock))
    rows = confirmations.keyboard("Yes", action, 2**52, subject).inline_keyboard
    carried = [button.callback_data or "" for row in rows for button in row]

    assert all(data.startswith(PREFIX) and len(data) <= MAX_CALLBACK_LENGTH for data in carried)
    assert [is_of_rights(data) for data in carried] == [of_rights] * 2


async def test_a_button_of_a_former_version_says_that_it_has_expired(
    sandbox: Sandbox, database: Path
) -> None:
    person = sandbox.person()
    async with running_bot(sandbox, database):
        message = await message_for(person, "/start")
        message["reply_markup"]["inline_keyboard"][0][0]["callback_data"] = "optout"
        await person.clicks("optout")
        told = (await person.toast()).text
        policy = await ask(person, "/privacy")

    assert told == texts.EXPIRED
    assert "opted out" not in policy


def shown(person: Person, sandbox: Sandbox) -> list[str]:
    """The labels below the messages that the bot has asked something with."""
    messages = sandbox.chat(person.user["id"]).messages.values()
    return [each["text"] for message in messages for row in keyboard(message) for each in row]


async def ask_to_erase(person: Person) -> str:
    """What the button carries that confirms."""
    message = await message_for(person, "/forgetme")
    return str(message["reply_markup"]["inline_keyboard"][0][0]["callback_data"])


async def test_an_erasure_can_be_cancelled(sandbox: Sandbox, database: Path) -> None:
    person, path = sandbox.person(), database
    async with running_bot(sandbox, path):
        await ask(person, "good morning")
        await ask_to_erase(person)
        await person.clicks(CANCEL)
        edited = await person.sees_edit()

    assert (edited.text, edited.buttons) == (rights.CANCELLED, ())
    assert (1, "message") in stored(path)


@pytest.mark.parametrize("gone", [False, True], ids=["there", "gone"])
async def test_used_buttons_disappear_and_pressed_again_say_that_it_is_done(
    sandbox: Sandbox, database: Path, gone: bool
) -> None:
    person, path = sandbox.person(), database
    async with running_bot(sandbox, path):
        await ask(person, "good morning")
        before = len(shown(person, sandbox))
        data = await ask_to_erase(person)
        again = click(person, person.transcript[-1].message, data)
        if gone:
            sandbox.chat(person.user["id"]).messages.clear()
            await sandbox.inject(again)
        else:
            await person.clicks(rights.CONFIRM)
        first = (await person.answer()).text
        await sandbox.inject(again)
        second = (await person.answer()).text
        await sandbox.settled()
        rows = stored(path)

    assert first.startswith("Erased from the database: ")
    assert second.startswith(rights.ALREADY)
    assert len(shown(person, sandbox)) == (0 if gone else before)
    assert rows == []


async def test_buttons_that_are_too_old_disappear_when_they_are_pressed(database: Path) -> None:
    now = datetime.now(UTC)
    async with Sandbox(clock=lambda: now) as sandbox:
        person = sandbox.person()
        async with running_bot(sandbox, database, lambda: now):
            await ask_to_erase(person)
            now += VALID_FOR + timedelta(seconds=1)
            await person.clicks(rights.CONFIRM)
            told = (await person.answer()).text
        left = shown(person, sandbox)

    assert told == rights.TOO_OLD
    assert left == []
