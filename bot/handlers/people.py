"""What anyone may ask."""

import logging

from aiogram import Bot
from aiogram.exceptions import TelegramForbiddenError
from aiogram.types import (
    CallbackQuery,
    ErrorEvent,
    InlineKeyboardButton,
    InlineKeyboardMarkup,
    Message,
)

from analytics.clock import utc_now
from bot import texts
from bot.session import PASSING
from bot.settings import Settings

logger = logging.getLogger(__name__)

PRIVACY = "privacy"

# Telegram, or the person, took no answer: nor would they take another one.
NOT_TAKEN = (*PASSING, TelegramForbiddenError)


async def start(message: Message) -> None:
    await message.answer(texts.start(), reply_markup=privacy_button())


async def help_(message: Message) -> None:
    await message.answer(texts.help_(texts.COMMANDS))


async def privacy(message: Message, settings: Settings) -> None:
    await message.answer(texts.privacy(settings, utc_now()))


async def privacy_clicked(click: CallbackQuery, bot: Bot, settings: Settings) -> None:
    await click.answer()
    # The message may be too old to answer it; its chat, a private one, has the person's number.
    await bot.send_message(click.from_user.id, texts.privacy(settings, utc_now()))


async def anything_else(message: Message) -> None:
    await message.answer(texts.FALLBACK, reply_markup=privacy_button())


async def unknown_click(click: CallbackQuery) -> None:
    """An answer without words: the button stops waiting."""
    await click.answer()


async def failed(event: ErrorEvent) -> None:
    """Tell the person, who otherwise waits for ever; what it was is in the log."""
    if isinstance(event.exception, NOT_TAKEN):
        logger.warning("an answer was not taken (%s)", type(event.exception).__name__)
        return
    logger.error("a handler failed", exc_info=event.exception)
    if event.update.message:
        await event.update.message.answer(texts.ERROR)
    elif event.update.callback_query:
        await event.update.callback_query.answer(texts.ERROR)


def privacy_button() -> InlineKeyboardMarkup:
    button = InlineKeyboardButton(text=texts.SEE_PRIVACY, callback_data=PRIVACY)
    return InlineKeyboardMarkup(inline_keyboard=[[button]])
