"""What a bot says: sent, edited, deleted, refused."""

from typing import Any

import pytest
from aiogram import Bot
from aiogram.exceptions import TelegramBadRequest, TelegramForbiddenError
from aiogram.types import (
    BufferedInputFile,
    InlineKeyboardButton,
    InlineKeyboardMarkup,
    ReplyParameters,
)

from bot.sandbox import Person, Sandbox
from tests.support.client import Client
from tests.support.clock import Clock

BUTTONS = InlineKeyboardMarkup(
    inline_keyboard=[
        [InlineKeyboardButton(text="Left", callback_data="left")],
        [InlineKeyboardButton(text="Right", callback_data="right")],
    ]
)
CLICK_TOO_OLD = "query is too old and response timeout expired or query ID is invalid"


@pytest.fixture
async def ada(sandbox: Sandbox) -> Person:
    """Somebody the bot can write to."""
    ada = sandbox.person()
    await ada.says("/start")
    return ada


@pytest.fixture
def ada_id(ada: Person) -> int:
    return int(ada.user["id"])


async def test_a_sent_message_comes_back_as_telegram_describes_it(
    bot: Bot, ada: Person, ada_id: int, clock: Clock
) -> None:
    sent = await bot.send_message(ada_id, "hello", reply_markup=BUTTONS, protect_content=True)

    assert (sent.text, sent.date, sent.chat.id) == ("hello", clock.now, ada_id)
    assert sent.from_user is not None
    assert sent.from_user.id == bot.id
    assert sent.reply_markup is not None
    assert sent.reply_markup.model_dump() == BUTTONS.model_dump()
    assert sent.has_protected_content
    line = await ada.answer()
    assert (line.who, line.text, line.buttons) == ("bot", "hello", (("Left",), ("Right",)))


@pytest.mark.parametrize(
    ("text", "refusal"),
    [
        ("", "message text is empty"),
        (" \n", "message text is empty"),
        ("x" * 4097, "message is too long"),
    ],
)
async def test_texts_have_1_to_4096_characters(
    client: Client, ada_id: int, text: str, refusal: str
) -> None:
    await client.result("sendMessage", chat_id=ada_id, text="x" * 4096)

    answer = await client.refusal("sendMessage", chat_id=ada_id, text=text)
    assert answer == f"Bad Request: {refusal}"


async def test_a_bot_cannot_write_first(sandbox: Sandbox, bot: Bot) -> None:
    silent = sandbox.person()

    with pytest.raises(TelegramBadRequest, match="chat not found"):
        await bot.send_message(silent.user["id"], "hello")


async def test_a_bot_cannot_write_to_whom_it_is_blocked_by(
    bot: Bot, ada: Person, ada_id: int
) -> None:
    await ada.blocks_bot()
    with pytest.raises(TelegramForbiddenError, match="bot was blocked by the user"):
        await bot.send_message(ada_id, "hello")
    await ada.unblocks_bot()

    assert (await bot.send_message(ada_id, "hello")).text == "hello"


async def test_html_becomes_text_and_entities(bot: Bot, ada_id: int) -> None:
    html = '<b>𝕏 <i>two</i></b> &lt;3 <a href="https://example.org/?a=1&amp;b=2">link</a> /help'
    sent = await bot.send_message(ada_id, html, parse_mode="HTML")

    assert sent.text == "𝕏 two <3 link /help"
    assert [(e.type, e.extract_from(sent.text), e.url) for e in sent.entities or ()] == [
        ("bold", "𝕏 two", None),
        ("italic", "two", None),
        ("text_link", "link", "https://example.org/?a=1&b=2"),
        ("bot_command", "/help", None),
    ]


@pytest.mark.parametrize("html", ["1 < 2", "<x>", "<b>", "</b>", "<b><i></b></i>", "<b"])
async def test_html_that_telegram_refuses_is_refused(
    client: Client, ada_id: int, html: str
) -> None:
    answer = await client.refusal("sendMessage", chat_id=ada_id, text=html, parse_mode="HTML")

    assert answer.startswith("Bad Request: can't parse entities")
    assert await client.result("sendMessage", chat_id=ada_id, text=html)


@pytest.mark.parametrize(
    "button",
    [
        {"text": "", "callback_data": "x"},
        {"text": "no action"},
        {"text": "too long", "callback_data": "ä" * 33},
        {"text": "empty", "callback_data": ""},
    ],
)
async def test_buttons_that_telegram_refuses_are_refused(
    client: Client, ada_id: int, button: dict[str, str]
) -> None:
    markup = {"inline_keyboard": [[button]]}

    assert await client.refusal("sendMessage", chat_id=ada_id, text="x", reply_markup=markup)


async def test_a_reply_holds_the_message_it_answers(bot: Bot, ada_id: int) -> None:
    reply = await bot.send_message(ada_id, "hello", reply_parameters=ReplyParameters(message_id=1))

    assert reply.reply_to_message is not None
    assert reply.reply_to_message.text == "/start"
    with pytest.raises(TelegramBadRequest, match="message to be replied not found"):
        await bot.send_message(ada_id, "hello", reply_parameters=ReplyParameters(message_id=99))


async def test_an_upload_is_kept_and_can_be_downloaded(
    sandbox: Sandbox, bot: Bot, ada: Person, ada_id: int
) -> None:
    file = BufferedInputFile(b'{"mine": true}', "my data.json")
    sent = await bot.send_document(ada_id, file, caption="Yours")

    assert sent.document is not None
    assert (sent.document.file_name, sent.caption) == ("my data.json", "Yours")
    assert [(f.name, f.content) for f in sandbox.calls[-1].files.values()] == [
        ("my data.json", b'{"mine": true}')
    ]
    downloaded = await bot.download(sent.document)
    assert downloaded is not None
    assert downloaded.read() == b'{"mine": true}'
    assert (await ada.answer()).text == "[document my data.json] Yours"


async def test_a_photo_can_be_sent_again_by_its_id(bot: Bot, ada_id: int) -> None:
    sent = await bot.send_photo(ada_id, BufferedInputFile(b"pixels", "chart.png"))

    assert sent.photo is not None
    again = await bot.send_photo(ada_id, sent.photo[0].file_id)
    assert again.photo is not None
    assert again.photo[0].file_size == len(b"pixels")
    with pytest.raises(TelegramBadRequest, match="wrong file identifier"):
        await bot.send_photo(ada_id, "no such file")
    with pytest.raises(TelegramBadRequest, match="non-empty"):
        await bot.send_photo(ada_id, BufferedInputFile(b"", "empty.png"))


async def test_an_edit_replaces_text_and_keyboard(bot: Bot, ada: Person, ada_id: int) -> None:
    sent = await bot.send_message(ada_id, "<b>one</b>", parse_mode="HTML", reply_markup=BUTTONS)
    edited = await bot.edit_message_text("two", chat_id=ada_id, message_id=sent.message_id)

    assert not isinstance(edited, bool)
    assert (edited.text, edited.entities, edited.reply_markup) == ("two", None, None)
    assert edited.edit_date is not None
    line = await ada.sees_edit()
    assert (line.text, line.buttons) == ("two", ())
    assert (await ada.answer()).text == "one"


async def test_an_edit_that_changes_nothing_is_refused(bot: Bot, ada_id: int) -> None:
    sent = await bot.send_message(ada_id, "one", reply_markup=BUTTONS)
    place: dict[str, Any] = {"chat_id": ada_id, "message_id": sent.message_id}
    with pytest.raises(TelegramBadRequest, match="message is not modified"):
        await bot.edit_message_text("one", reply_markup=BUTTONS, **place)
    await bot.edit_message_reply_markup(reply_markup=None, **place)

    with pytest.raises(TelegramBadRequest, match="message is not modified"):
        await bot.edit_message_reply_markup(reply_markup=None, **place)


async def test_only_own_messages_that_exist_are_edited(client: Client, ada_id: int) -> None:
    other: dict[str, Any] = {"chat_id": ada_id, "message_id": 1, "text": "x"}
    nothing = other | {"message_id": 99}

    assert "can't be edited" in await client.refusal("editMessageText", **other)
    assert "message to edit not found" in await client.refusal("editMessageText", **nothing)


async def test_a_deleted_message_is_gone(sandbox: Sandbox, bot: Bot, ada_id: int) -> None:
    sent = await bot.send_message(ada_id, "hello")
    await bot.delete_message(ada_id, sent.message_id)

    assert sent.message_id not in sandbox.chat(ada_id).messages
    with pytest.raises(TelegramBadRequest, match="message to delete not found"):
        await bot.delete_message(ada_id, sent.message_id)


async def test_a_click_is_answered_once(bot: Bot, ada: Person, ada_id: int) -> None:
    await bot.send_message(ada_id, "hello", reply_markup=BUTTONS)
    await ada.clicks("Right")
    query = (await bot.get_updates())[-1].callback_query

    assert query is not None
    assert (query.data, query.from_user.id) == ("right", ada_id)
    await query.answer("turned right")
    assert (await ada.toast()).text == "turned right"
    with pytest.raises(TelegramBadRequest, match=CLICK_TOO_OLD):
        await query.answer()


async def test_a_click_is_answered_within_150_seconds(
    bot: Bot, ada: Person, ada_id: int, clock: Clock
) -> None:
    await bot.send_message(ada_id, "hello", reply_markup=BUTTONS)
    await ada.clicks("left")
    await ada.clicks("left")
    clock.move(seconds=149)
    first, second = [update.callback_query for update in (await bot.get_updates())[-2:]]

    assert first is not None
    assert second is not None
    clock.move(seconds=1)
    await first.answer()
    clock.move(seconds=1)
    with pytest.raises(TelegramBadRequest, match=CLICK_TOO_OLD):
        await second.answer()


async def test_an_unknown_click_is_refused(client: Client) -> None:
    answer = await client.refusal("answerCallbackQuery", callback_query_id="77")

    assert answer == f"Bad Request: {CLICK_TOO_OLD}"


@pytest.mark.parametrize(
    "method", ["sendMessage", "sendPhoto", "sendDocument", "sendChatAction", "deleteMessage"]
)
async def test_whatever_is_sent_needs_a_chat(client: Client, method: str) -> None:
    assert await client.refusal(method) == "Bad Request: chat_id is empty"
    assert await client.refusal(method, chat_id=5) == "Bad Request: chat not found"
    assert await client.refusal(method, chat_id="@someone") == "Bad Request: chat not found"


async def test_settings_that_nothing_depends_on_are_taken(bot: Bot) -> None:
    assert await bot.set_my_description("counts, and forgets")
    assert await bot.set_my_name("Counter")
    assert await bot.log_out()
