"""The command menus in Telegram's clients. They are a convenience: a handler's filter decides."""

import logging
from collections.abc import Collection, Iterable, Iterator, Mapping

from aiogram import Bot
from aiogram.exceptions import TelegramBadRequest, TelegramForbiddenError
from aiogram.methods import SetMyCommands
from aiogram.types import BotCommand, BotCommandScopeChat

from bot import texts
from bot.language import ORIGINAL, _, languages, translations

logger = logging.getLogger(__name__)


async def set_menus(bot: Bot, admin_ids: Iterable[int], owners: Collection[int]) -> None:
    for menu in _menus(texts.COMMANDS):
        await bot(menu)
    for admin_id in admin_ids:
        await set_admin_menu(bot, admin_id, owners)


def of_admin(admin_id: int, owners: Collection[int]) -> dict[str, str]:
    """The commands of one admin, who may be an owner."""
    more = texts.OWNER_COMMANDS if admin_id in owners else {}
    return texts.COMMANDS | texts.ADMIN_COMMANDS | more


async def set_admin_menu(bot: Bot, admin_id: int, owners: Collection[int]) -> None:
    """The menu of one admin. One who has not started the bot yet gets it on /start."""
    try:
        for menu in _menus(of_admin(admin_id, owners), BotCommandScopeChat(chat_id=admin_id)):
            await bot(menu)
    except (TelegramBadRequest, TelegramForbiddenError):
        logger.info("an admin has not started the bot yet and gets the menu on /start")


def _menus(
    commands: Mapping[str, str], scope: BotCommandScopeChat | None = None
) -> Iterator[SetMyCommands]:
    """In the original for everyone, and in each other language for whose client speaks it."""
    for each in languages():
        with translations().use_locale(each):
            translated = [
                BotCommand(command=name, description=_(purpose))
                for name, purpose in commands.items()
            ]
        code = None if each == ORIGINAL else each
        yield SetMyCommands(commands=translated, scope=scope, language_code=code)
