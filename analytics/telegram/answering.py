"""Answer where something was asked: in the same chat, and in the same topic of it."""

import re
from contextlib import suppress

from aiogram import Bot
from aiogram.enums import ChatType
from aiogram.exceptions import (
    AiogramError,
    ClientDecodeError,
    TelegramBadRequest,
    TelegramForbiddenError,
    TelegramMigrateToChat,
    TelegramNetworkError,
    TelegramRetryAfter,
    TelegramServerError,
)
from aiogram.types import (
    CallbackQuery,
    Chat,
    InaccessibleMessage,
    InlineKeyboardMarkup,
    Message,
)

Place = Message | InaccessibleMessage
# What may be over when it is tried again.
TRANSIENT = (ClientDecodeError, TelegramNetworkError, TelegramRetryAfter, TelegramServerError)
# What members of a chat can cause, by how Telegram words it: the bot may not write there, or what
# was to be answered, or where, is gone. Anything else that is refused is a fault of ours.
REFUSED_BY_CHAT = re.compile(
    r"rights|not found|no write access|deactivated|upgraded|kicked|blocked|not a member"
    r"|topic|thread|can't be (edited|deleted)|is not modified|is too old"
    r"|\b(CHAT|CHANNEL|USER|PEER|MESSAGE|VOICE|PRIVACY|PAYMENT)_\w*"
    r"(FORBIDDEN|RESTRICTED|REQUIRED|PRIVATE|ID_INVALID)\b",
    re.IGNORECASE,
)


def place(event: Message | CallbackQuery) -> Place:
    """Return what to call `answer`, `answer_photo` and the like of.

    For a click on a button that is not in the person's private chat it is that chat: what a click
    asks for is not meant for others. Of a message that Telegram no longer shows to
    the bot nobody knows the topic.
    """
    if isinstance(event, Message):
        return event
    if event.message is not None and event.message.chat.id == event.from_user.id:
        return event.message
    chat = Chat(id=event.from_user.id, type=ChatType.PRIVATE)
    return InaccessibleMessage(chat=chat, message_id=0).as_(event.bot)


async def show_action(bot: Bot, where: Place, action: str) -> None:
    """Show what the bot is doing, such as uploading a photo."""
    in_topic = isinstance(where, Message) and where.is_topic_message
    topic = where.message_thread_id if in_topic else None  # type: ignore[union-attr]
    await bot.send_chat_action(where.chat.id, action, message_thread_id=topic)


async def remove_buttons(bot: Bot, click: CallbackQuery) -> None:
    """Take away the buttons that were used; they may be gone already."""
    if click.message is not None:
        with suppress(AiogramError):
            await bot.edit_message_reply_markup(
                chat_id=click.message.chat.id, message_id=click.message.message_id
            )


async def rewrite(
    bot: Bot, click: CallbackQuery, text: str, keyboard: InlineKeyboardMarkup | None = None
) -> None:
    """Change the clicked message, or answer in a new one if it is gone or too old to be changed."""
    where = place(click)
    try:
        await bot.edit_message_text(
            text, chat_id=where.chat.id, message_id=where.message_id, reply_markup=keyboard
        )
    except TelegramBadRequest as error:
        # Else it says that already.
        if not is_unchanged(error):
            # What an admin may see is not for passing on, and nobody misses that with the rest.
            await where.answer(text, reply_markup=keyboard, protect_content=True)


def is_not_taken(error: Exception) -> bool:
    """Whether Telegram or the chat takes no answer now, through no fault of the bot's."""
    if isinstance(error, TelegramBadRequest):
        return REFUSED_BY_CHAT.search(error.message) is not None
    return isinstance(error, (*TRANSIENT, TelegramForbiddenError, TelegramMigrateToChat))


def is_unchanged(error: TelegramBadRequest) -> bool:
    """Whether an edit was refused only since the message says that already."""
    return "message is not modified" in error.message
