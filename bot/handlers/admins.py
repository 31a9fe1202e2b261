"""What only admins may ask: aggregates, never a person."""

from aiogram import Bot
from aiogram.types import Message, User

from analytics.telegram.options import Options
from bot import menus, texts
from bot.handlers import everyone


async def start(message: Message, bot: Bot, options: Options) -> None:
    # Telegram takes no menu for a chat that does not exist yet: now it does.
    await menus.set_admin_menu(bot, message.chat.id, options.owner_ids)
    await everyone.start(message)


async def help_(message: Message, event_from_user: User, options: Options) -> None:
    await message.answer(texts.help_(menus.of_admin(event_from_user.id, options.owner_ids)))
