"""Command menus in Telegram's clients: a convenience, while filters decide who may do what."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Collection, Iterable, Iterator, Mapping
from functools import partial

from aiogram import Bot
from aiogram.exceptions import (
    TelegramBadRequest,
    TelegramForbiddenError,
    TelegramRetryAfter,
)
from aiogram.methods import SetMyCommands
from aiogram.types import BotCommand, BotCommandScopeChat
from aiogram.utils.backoff import Backoff, BackoffConfig

from analytics.telegram import (
    SOURCE_LOCALE,
    Audience,
    _,
    languages,
    purposes,
    translations,
)
from bot import texts
from bot.logs import kind

logger = logging.getLogger(__name__)

# Seconds between tries: nobody waits for a menu, and too many requests make Telegram slow down.
BACKOFF = BackoffConfig(min_delay=1.0, max_delay=3600.0, factor=2.0, jitter=0.1)


async def set_menus(
    bot: Bot,
    admin_ids: Iterable[int],
    owners: Collection[int],
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
) -> None:
    """Set the menu of everyone, then that of each admin.

    A failed request is repeated without end, after pauses that grow from one second to an hour or
    that Telegram asks for. Run it in the background.
    """

    async def until_set(what: Callable[[], Awaitable[object]]) -> None:
        backoff = Backoff(BACKOFF)
        while True:
            try:
                await what()
            # Whatever the error is, the bot goes on: a menu is a convenience.
            except Exception as error:
                asked = error.retry_after if isinstance(error, TelegramRetryAfter) else 0
                pause = max(next(backoff), asked)
                logger.warning(
                    "the command menus cannot be set (%s): next try in %.0f s", kind(error), pause
                )
                await sleep(pause)
            else:
                return

    for menu in _menus(purposes(texts.COMMANDS)):
        await until_set(partial(bot, menu))
    for telegram_id in admin_ids:
        await until_set(partial(set_admin_menu, bot, telegram_id, owners))


def of_admin(telegram_id: int, owners: Collection[int]) -> dict[str, str]:
    """Return the commands of an admin, who may be an owner, with their purposes."""
    audience = Audience.OWNERS if telegram_id in owners else Audience.ADMINS
    return purposes(texts.COMMANDS, audience)


async def set_admin_menu(bot: Bot, telegram_id: int, owners: Collection[int]) -> None:
    """Set the menu of an admin; one who has not started the bot yet gets it on /start.

    `owners` are Telegram IDs.
    """
    try:
        for menu in _menus(of_admin(telegram_id, owners), BotCommandScopeChat(chat_id=telegram_id)):
            await bot(menu)
    except (TelegramBadRequest, TelegramForbiddenError):
        logger.info("an admin has not started the bot yet: their menu is set when they send /start")


def _menus(
    commands: Mapping[str, str], scope: BotCommandScopeChat | None = None
) -> Iterator[SetMyCommands]:
    """Yield the menu in the source language for everyone, and in each other language."""
    for each in languages():
        with translations().use_locale(each):
            translated = [
                BotCommand(command=name, description=_(purpose))
                for name, purpose in commands.items()
            ]
        code = None if each == SOURCE_LOCALE else each
        yield SetMyCommands(commands=translated, scope=scope, language_code=code)
