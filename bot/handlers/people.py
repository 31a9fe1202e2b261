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

from bot import texts
from bot.handlers.rights import PRIVACY
from bot.language import _
from bot.session import PASSING

logger = logging.getLogger(__name__)

# Telegram, or the person, took no answer: nor would they take another one.
NOT_TAKEN = (*PASSING, TelegramForbiddenError)


async def start(message: Message) -> None:
    await message.answer(texts.start(), reply_markup=privacy_button())


async def help_(message: Message) -> None:
    await message.answer(texts.help_(texts.COMMANDS))


async def anything_else(message: Message) -> None:
    await message.answer(_(texts.FALLBACK), reply_markup=privacy_button())


async def unknown_click(click: CallbackQuery) -> None:
    """A button of an older version, or none of ours: it has stopped waiting, and that is all."""


async def failed(event: ErrorEvent, bot: Bot) -> None:
    """Tell the person, who otherwise waits for ever; what it was is in the log."""
    if isinstance(event.exception, NOT_TAKEN):
        logger.warning("an answer was not taken (%s)", type(event.exception).__name__)
        return
    logger.error("a handler failed", exc_info=event.exception)
    if event.update.message:
        await event.update.message.answer(_(texts.ERROR))
    elif event.update.callback_query:
        # The click itself has been answered.
        await bot.send_message(event.update.callback_query.from_user.id, _(texts.ERROR))


def privacy_button() -> InlineKeyboardMarkup:
    button = InlineKeyboardButton(text=_(texts.SEE_PRIVACY), callback_data=PRIVACY)
    return InlineKeyboardMarkup(inline_keyboard=[[button]])
