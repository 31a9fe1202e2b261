"""What an admin is told unasked: shown by `/alerts`, and turned off and on by buttons."""

from aiogram import Bot
from aiogram.exceptions import TelegramBadRequest
from aiogram.types import CallbackQuery, Message, User

from analytics import AnalyticsService
from bot import unasked
from bot.session import is_unchanged
from bot.settings import Settings
from bot.unasked import Kind

ALERTS = "alerts"


async def show(
    message: Message, event_from_user: User, analytics: AnalyticsService, settings: Settings
) -> None:
    turned_off = await _turned_off(analytics, event_from_user.id)
    keyboard = unasked.below_list(turned_off, settings)
    await message.answer(unasked.listed(turned_off, settings), reply_markup=keyboard)


async def turn(
    click: CallbackQuery, bot: Bot, analytics: AnalyticsService, settings: Settings
) -> None:
    """A click on a button of `unasked.BUTTONS`, which says what it is to be, not what it was."""
    assert click.message is not None  # the filter asks for its chat
    place, choice, kind = (click.data or "").split(":")
    admin_id, is_on = click.from_user.id, choice == unasked.ON
    do = analytics.told.turn_on if is_on else analytics.told.turn_off
    await do(admin_id, kind)
    turned_off = await _turned_off(analytics, admin_id)
    text, keyboard = unasked.listed(turned_off, settings), unasked.below_list(turned_off, settings)
    chat, message = click.message.chat.id, click.message.message_id
    try:
        if place == unasked.TOLD:
            button = unasked.below(Kind(kind), is_on=is_on)
            await bot.edit_message_reply_markup(
                chat_id=chat, message_id=message, reply_markup=button
            )
        else:
            await bot.edit_message_text(
                text, chat_id=chat, message_id=message, reply_markup=keyboard
            )
    except TelegramBadRequest as error:
        # Clicked twice, it shows already what it should. Else it is too old to be edited, or gone.
        if not is_unchanged(error):
            await bot.send_message(admin_id, text, reply_markup=keyboard)


async def _turned_off(analytics: AnalyticsService, admin_id: int) -> set[str]:
    return {notice for admin, notice in await analytics.told.turned_off() if admin == admin_id}
