"""What only admins may ask: aggregates, never a person."""

from aiogram import Bot
from aiogram.types import Message, User

from analytics import Action, AnalyticsService
from bot import menus, texts
from bot.handlers import people
from bot.settings import Settings


async def start(message: Message, bot: Bot, settings: Settings) -> None:
    # Telegram takes no menu for a chat that does not exist yet: now it does.
    await menus.set_admin_menu(bot, message.chat.id, settings.owners)
    await people.start(message)


async def help_(message: Message, event_from_user: User, settings: Settings) -> None:
    await message.answer(texts.help_(menus.of_admin(event_from_user.id, settings.owners)))


async def audit(
    message: Message, event_from_user: User, analytics: AnalyticsService, settings: Settings
) -> None:
    entries = await analytics.audit_trail(settings.admin_ids)
    await analytics.note_access(Action.AUDIT, event_from_user.id)
    # Who looks at what is not for passing on.
    await message.answer(texts.audit(entries), protect_content=True)
