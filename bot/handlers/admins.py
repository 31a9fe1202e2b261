"""What only admins may ask: aggregates, never a person."""

from collections.abc import Callable
from datetime import datetime

from aiogram import Bot
from aiogram.types import Message

from analytics import AnalyticsService
from analytics.clock import GuardedClock
from bot import menus, texts
from bot.handlers import people
from bot.settings import Settings


async def start(message: Message, bot: Bot) -> None:
    # Telegram takes no menu for a chat that does not exist yet: now it does.
    await menus.set_admin_menu(bot, message.chat.id)
    await people.start(message)


async def help_(message: Message) -> None:
    await message.answer(texts.help_(texts.COMMANDS | texts.ADMIN_COMMANDS))


async def stats(
    message: Message,
    analytics: AnalyticsService,
    settings: Settings,
    clock: GuardedClock,
    next_cleanup: Callable[[], datetime],
) -> None:
    report = await analytics.get_admin_analytics_report()
    await message.answer(texts.stats(report, settings, next_cleanup(), postponed=clock.ran_away))
