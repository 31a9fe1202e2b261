"""Handlers for everyone: `/start`, `/help`, and an answer to anything else."""

import logging
from contextlib import suppress

from aiogram import Bot, F, Router
from aiogram.exceptions import AiogramError
from aiogram.types import (
    CallbackQuery,
    ErrorEvent,
    Message,
)

from analytics.telegram import (
    Command,
    CommandStart,
    _,
    in_private_chat,
    is_not_taken,
    outside_private_chat,
    place,
    privacy_button,
    purposes,
    refer_to_private_chat,
)
from bot import texts

logger = logging.getLogger(__name__)


def router() -> Router:
    """Return a router that handles every message and click that is left: include it last."""
    router = Router(name="everyone")
    messages, clicks = router.message, router.callback_query
    messages.register(start, CommandStart(), in_private_chat)
    messages.register(help_, Command("help"), in_private_chat)
    # Only commands that name this bot: in a group, /help may be meant for another one.
    asked_by_name = Command("help", "start", magic=F.mention)
    messages.register(help_in_group, asked_by_name, outside_private_chat)
    messages.register(anything_else, in_private_chat)
    clicks.register(expired, flags={"callback_answer": {"disabled": True}})
    return router


async def start(message: Message) -> None:
    await message.answer(texts.start(), reply_markup=privacy_button())


async def help_(message: Message) -> None:
    await message.answer(texts.help_(purposes(texts.COMMANDS)))


async def anything_else(message: Message) -> None:
    await message.answer(_(texts.FALLBACK), reply_markup=privacy_button())


async def help_in_group(message: Message, bot: Bot) -> None:
    await refer_to_private_chat(message, bot, _(texts.HELP_IN_A_GROUP))


async def expired(click: CallbackQuery) -> None:
    """Answer a click on a button of an older version, or on one that is not the bot's."""
    await click.answer(_(texts.EXPIRED))


async def failed(event: ErrorEvent) -> None:
    """Log a handler's failure, and tell the person, who would otherwise wait for ever.

    An answer that Telegram or the chat refuses is only logged.
    """
    if is_not_taken(event.exception):
        # Another answer would not be taken either.
        logger.warning("Telegram did not accept an answer (%s)", type(event.exception).__name__)
        return
    logger.error("a handler failed", exc_info=event.exception)
    asked = event.update.message or event.update.callback_query
    if asked:
        with suppress(AiogramError):
            await place(asked).answer(_(texts.ERROR))
