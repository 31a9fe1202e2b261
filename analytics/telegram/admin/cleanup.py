"""`/cleanup`: admins see how much would be deleted, owners can delete it."""

from collections.abc import Callable
from datetime import datetime

from aiogram import Bot
from aiogram.filters import CommandObject
from aiogram.types import CallbackQuery, Message, User

from analytics import AnalyticsService
from analytics.telegram.answering import place, remove_buttons, rewrite
from analytics.telegram.buttons import Confirm
from analytics.telegram.confirmations import Confirmations, keyboard_of
from analytics.telegram.i18n import _
from analytics.telegram.owners_cleanup import OwnersCleanup
from analytics.telegram.progress import Progress
from analytics.telegram.texts import cleanup


async def preview(
    message: Message,
    command: CommandObject,
    analytics: AnalyticsService,
    confirmations: Confirmations,
    next_cleanup: Callable[[], datetime],
) -> None:
    await _answer(message, command, OwnersCleanup(analytics, confirmations, next_cleanup), None)


async def offer(
    message: Message,
    command: CommandObject,
    event_from_user: User,
    analytics: AnalyticsService,
    confirmations: Confirmations,
    next_cleanup: Callable[[], datetime],
) -> None:
    owners = OwnersCleanup(analytics, confirmations, next_cleanup)
    await _answer(message, command, owners, event_from_user.id)


async def delete(
    click: CallbackQuery,
    callback_data: Confirm,
    bot: Bot,
    analytics: AnalyticsService,
    confirmations: Confirmations,
    next_cleanup: Callable[[], datetime],
) -> None:
    owners, owner = OwnersCleanup(analytics, confirmations, next_cleanup), click.from_user.id
    days = await owners.confirmed(callback_data, owner)
    if days is None:
        await place(click).answer(_(cleanup.TOO_OLD))
        await remove_buttons(bot, click)
        return
    assert click.message is not None  # the filter has checked its chat
    async with Progress(bot, click.message) as progress:
        await progress.end(await owners.delete(days, owner, progress.show))


async def cancel(click: CallbackQuery, bot: Bot) -> None:
    await rewrite(bot, click, _(cleanup.CANCELLED))


async def _answer(
    message: Message, command: CommandObject, owners: OwnersCleanup, owner: int | None
) -> None:
    try:
        days = owners.days(command.args)
    except ValueError:
        await message.answer(cleanup.wrong_days())
        return
    text, button = await owners.offer(days, owner)
    markup = keyboard_of(_(cleanup.CONFIRM), button) if button else None
    await message.answer(text, reply_markup=markup)
