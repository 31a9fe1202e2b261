"""Answers in the chat, and the topic, that a message or a click came from."""

from collections.abc import Awaitable
from contextlib import suppress

from aiogram import Bot
from aiogram.enums import ChatType
from aiogram.exceptions import AiogramError, TelegramBadRequest
from aiogram.types import (
    CallbackQuery,
    Chat,
    InaccessibleMessage,
    InlineKeyboardButton,
    InlineKeyboardMarkup,
    Message,
)

from analytics.telegram.failures import is_unchanged
from analytics.telegram.i18n import N_, _

OPEN_CHAT = N_("Open chat")
# Seconds that a handler waits for the answer to its click: enough for tries after 1 and 3 s.
CLICK_TIMEOUT = 3.5

Place = Message | InaccessibleMessage


def place(event: Message | CallbackQuery) -> Place:
    """Return the message whose `answer`, `answer_photo` and the like answer an event.

    A click outside of the person's private chat is answered in the private chat, since the answer
    is not meant for others. If Telegram no longer shows the clicked message to the bot, its topic
    is not known.
    """
    if isinstance(event, Message):
        return event
    if event.message is not None and event.message.chat.id == event.from_user.id:
        return event.message
    chat = Chat(id=event.from_user.id, type=ChatType.PRIVATE)
    return InaccessibleMessage(chat=chat, message_id=0).as_(event.bot)


async def refer_to_private_chat(message: Message, bot: Bot, text: str, argument: str = "") -> None:
    """Reply in a group with a text, and a link to the private chat with the bot.

    The link sends `/start` with the `argument`, if there is one.
    """
    link = f"https://t.me/{(await bot.me()).username}" + (argument and f"?start={argument}")
    button = InlineKeyboardButton(text=_(OPEN_CHAT), url=link)
    await message.reply(text, reply_markup=InlineKeyboardMarkup(inline_keyboard=[[button]]))


async def show_action(bot: Bot, where: Place, action: str) -> None:
    """Show in a chat what the bot is doing; `action` is one of aiogram's ChatAction."""
    in_topic = isinstance(where, Message) and where.is_topic_message
    topic = where.message_thread_id if in_topic else None  # type: ignore[union-attr]
    await bot.send_chat_action(where.chat.id, action, message_thread_id=topic)


async def remove_buttons(bot: Bot, click: CallbackQuery) -> None:
    """Remove the buttons of the clicked message; if that fails, do nothing."""
    if click.message is not None:
        with suppress(AiogramError):
            await bot.edit_message_reply_markup(
                chat_id=click.message.chat.id, message_id=click.message.message_id
            )


async def rewrite(
    bot: Bot, click: CallbackQuery, text: str, keyboard: InlineKeyboardMarkup | None = None
) -> None:
    """Edit the clicked message, or send a new one if it is gone or too old to be edited."""
    where = place(click)
    edit = bot.edit_message_text(
        text, chat_id=where.chat.id, message_id=where.message_id, reply_markup=keyboard
    )
    await edit_or_send(edit, where, text, keyboard)


async def edit_or_send(
    edit: Awaitable[object], where: Place, text: str, keyboard: InlineKeyboardMarkup | None = None
) -> None:
    """Await an edit; send a text instead if the message is gone or too old to be edited."""
    try:
        await edit
    except TelegramBadRequest as error:
        # Otherwise the message says that already.
        if not is_unchanged(error):
            await where.answer(text, reply_markup=keyboard)
