"""Handlers of `/start` and `/help` for admins, who get their own commands in menu and help."""

from aiogram import Bot, F, Router
from aiogram.types import Message, User

from analytics.telegram import Command, CommandStart, Options
from bot import menus, texts
from bot.handlers import everyone


def router(options: Options) -> Router:
    router = Router(name="admins")
    from_admin, private_chat = F.from_user.id.in_(options.admin_ids), F.chat.type == "private"
    router.message.register(start, CommandStart(magic=~F.args), private_chat, from_admin)
    router.message.register(help_, Command("help"), private_chat, from_admin)
    return router


async def start(message: Message, bot: Bot, options: Options) -> None:
    # Telegram accepts no menu for a chat that does not exist; from now on it does.
    await menus.set_admin_menu(bot, message.chat.id, options.owner_ids)
    await everyone.start(message)


async def help_(message: Message, event_from_user: User, options: Options) -> None:
    await message.answer(texts.help_(menus.of_admin(event_from_user.id, options.owner_ids)))
