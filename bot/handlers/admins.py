"""Handlers of `/start` and `/help` for admins, who get their own commands in menu and help."""

from aiogram import Bot, F, Router
from aiogram.types import Message, User

from analytics.telegram import Command, CommandStart, FromAny, in_private_chat
from bot import menus, texts
from bot.handlers import everyone
from bot.settings import Settings


def router(settings: Settings) -> Router:
    router = Router(name="admins")
    router.message.filter(FromAny(settings.admin_ids), in_private_chat)
    router.message.register(start, CommandStart(magic=~F.args))
    router.message.register(help_, Command("help"))
    return router


async def start(message: Message, bot: Bot, settings: Settings) -> None:
    # Telegram accepts no menu for a chat that does not exist; from now on it does.
    await menus.set_admin_menu(bot, message.chat.id, settings.owners)
    await everyone.start(message)


async def help_(message: Message, event_from_user: User, settings: Settings) -> None:
    await message.answer(texts.help_(menus.of_admin(event_from_user.id, settings.owners)))
