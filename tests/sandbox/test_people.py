"""What invented people do, and what they see."""

from datetime import UTC, datetime

import pytest
from aiogram import Bot
from aiogram.types import InlineKeyboardButton, InlineKeyboardMarkup, Update

from bot.sandbox import Sandbox
from tests.support.client import Client

LONG_AGO = datetime(2025, 1, 2, 3, 4, 5, tzinfo=UTC)
BUTTON = {"inline_keyboard": [[{"text": "Tap me", "callback_data": "tap"}]]}


async def last_update(bot: Bot) -> Update:
    return (await bot.get_updates())[-1]


async def test_what_a_person_says_is_dated_and_theirs(sandbox: Sandbox, bot: Bot) -> None:
    ada = sandbox.person(77, language_code="de")
    update_id = await ada.says("hello", date=LONG_AGO)
    update = await last_update(bot)

    assert update.update_id == update_id
    assert update.message is not None
    assert update.message.from_user is not None
    assert (update.message.text, update.message.date) == ("hello", LONG_AGO)
    assert (update.message.from_user.id, update.message.from_user.language_code) == (77, "de")
    assert update.message.chat.type == "private"


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("/start", ["/start"]),
        ("/start@sandbox_bot now", ["/start@sandbox_bot"]),
        ("see /help and /privacy", ["/help", "/privacy"]),
        ("𝕏 /help", ["/help"]),
        ("a/b and/or //x /ö /", []),
        ("/helpö", []),
        ("hello", []),
    ],
)
async def test_commands_are_marked_as_telegrams_apps_mark_them(
    sandbox: Sandbox, bot: Bot, text: str, found: list[str]
) -> None:
    await sandbox.person().says(text)
    message = (await last_update(bot)).message

    assert message is not None
    entities = message.entities or []
    assert all(entity.type == "bot_command" for entity in entities)
    assert [entity.extract_from(text) for entity in entities] == found


async def test_a_message_can_have_any_content(sandbox: Sandbox, bot: Bot) -> None:
    ada = sandbox.person()
    await ada.sends(contact={"phone_number": "+123", "first_name": "Bo"})
    message = (await last_update(bot)).message

    assert message is not None
    assert message.contact is not None
    assert message.contact.phone_number == "+123"
    assert ada.transcript[0].text == "[contact]"


async def test_an_edit_of_a_person_is_an_update(sandbox: Sandbox, bot: Bot) -> None:
    ada = sandbox.person()
    await ada.says("helo")
    await ada.edits("/hello")
    edited = (await last_update(bot)).edited_message

    assert edited is not None
    assert (edited.message_id, edited.text) == (1, "/hello")
    assert edited.entities is not None


async def test_blocking_is_an_update(sandbox: Sandbox, bot: Bot) -> None:
    ada = sandbox.person()
    await ada.blocks_bot()
    blocked = (await last_update(bot)).my_chat_member
    await ada.unblocks_bot()
    unblocked = (await last_update(bot)).my_chat_member

    assert blocked is not None
    assert unblocked is not None
    assert (blocked.old_chat_member.status, blocked.new_chat_member.status) == ("member", "kicked")
    assert unblocked.new_chat_member.status == "member"


async def test_in_a_group_several_people_and_the_bot_talk(sandbox: Sandbox, bot: Bot) -> None:
    ada, bela, cooks = sandbox.person(), sandbox.person(), sandbox.group("Cooks")
    markup = InlineKeyboardMarkup(
        inline_keyboard=[[InlineKeyboardButton(text="Tap me", callback_data="tap")]]
    )
    await ada.says("hello", chat=cooks)
    message = (await last_update(bot)).message
    assert message is not None
    assert (message.chat.type, message.chat.title) == ("supergroup", "Cooks")
    await message.answer("hello all", reply_markup=markup)
    await bela.clicks("tap", chat=cooks)

    assert (await ada.answer(chat=cooks)).text == "hello all"
    lines = [(line.who, line.event, line.text) for line in cooks.chat.transcript]
    assert lines == [
        (ada.user["first_name"], "message", "hello"),
        ("bot", "message", "hello all"),
        (bela.user["first_name"], "click", "Tap me"),
    ]
    assert ada.transcript == []


async def test_the_newest_button_is_clicked(sandbox: Sandbox, client: Client) -> None:
    ada = sandbox.person()
    await ada.says("hello")
    with pytest.raises(LookupError, match="no button 'Tap me'"):
        await ada.clicks("Tap me")
    for text in ("first", "second"):
        chat_id = ada.user["id"]
        await client.result("sendMessage", chat_id=chat_id, text=text, reply_markup=BUTTON)
    await ada.clicks("Tap me")
    [*_, update] = await client.result("getUpdates")

    assert update["callback_query"]["message"]["text"] == "second"


async def test_answers_are_heard_one_by_one_and_waited_for(
    sandbox: Sandbox, client: Client
) -> None:
    ada = sandbox.person()
    await ada.says("hello")
    for text in ("one", "two"):
        await client.result("sendMessage", chat_id=ada.user["id"], text=text)

    assert (await ada.answer()).text == "one"
    assert (await ada.answer()).text == "two"
    with pytest.raises(TimeoutError, match=r"a message from the bot: not within 0\.001 s"):
        await ada.answer(within=0.001)


async def test_a_transcript_keeps_what_stood_there_before_an_edit(
    sandbox: Sandbox, client: Client
) -> None:
    ada = sandbox.person(first_name="Ada")
    await ada.says("hello")
    place = {"chat_id": ada.user["id"], "message_id": 2}
    await client.result("sendMessage", chat_id=ada.user["id"], text="one", reply_markup=BUTTON)
    await ada.clicks("tap")
    await client.result("answerCallbackQuery", callback_query_id="1", text="tapped")
    await client.result("editMessageText", **place, text="two")
    await client.result("deleteMessage", **place)

    lines = [(line.who, line.event, line.text, line.buttons) for line in ada.transcript]
    assert lines == [
        ("Ada", "message", "hello", ()),
        ("bot", "message", "one", (("Tap me",),)),
        ("Ada", "click", "Tap me", ()),
        ("bot", "toast", "tapped", ()),
        ("bot", "edit", "two", ()),
        ("bot", "deletion", "two", ()),
    ]
    assert [line.message.get("text") for line in ada.transcript[1:5:3]] == ["one", "two"]
