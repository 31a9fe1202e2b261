"""Answer where something was asked: in the same chat, and in the same topic of it."""

from contextlib import suppress

from aiogram import Bot
from aiogram.enums import ChatType
from aiogram.exceptions import AiogramError, TelegramBadRequest
from aiogram.types import (
    CallbackQuery,
    Chat,
    InaccessibleMessage,
    InlineKeyboardMarkup,
    Message,
)

from analytics.telegram.failures import is_unchanged

Place = Message | InaccessibleMessage


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
