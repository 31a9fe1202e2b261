"""The command menus in Telegram's clients. They are a convenience: a handler's filter decides."""

import logging
from collections.abc import Collection, Iterable, Mapping

from aiogram import Bot
from aiogram.exceptions import TelegramBadRequest, TelegramForbiddenError
from aiogram.types import BotCommand, BotCommandScopeChat

from bot import texts

logger = logging.getLogger(__name__)


async def set_menus(bot: Bot, admin_ids: Iterable[int], owners: Collection[int]) -> None:
    await bot.set_my_commands(_commands(texts.COMMANDS))
    for admin_id in admin_ids:
        await set_admin_menu(bot, admin_id, owners)


def of_admin(admin_id: int, owners: Collection[int]) -> dict[str, str]:
    """The commands of one admin, who may be an owner."""
    more = texts.OWNER_COMMANDS if admin_id in owners else {}
    return texts.COMMANDS | texts.ADMIN_COMMANDS | more


async def set_admin_menu(bot: Bot, admin_id: int, owners: Collection[int]) -> None:
    """The menu of one admin. One who has not started the bot yet gets it on /start."""
    try:
        await bot.set_my_commands(
            _commands(of_admin(admin_id, owners)),
            scope=BotCommandScopeChat(chat_id=admin_id),
        )
    except (TelegramBadRequest, TelegramForbiddenError):
        logger.info("an admin has not started the bot yet and gets the menu on /start")


def _commands(commands: Mapping[str, str]) -> list[BotCommand]:
    return [BotCommand(command=name, description=purpose) for name, purpose in commands.items()]
