"""What people may ask about their own data, by a command or a button, in the private chat."""

from collections.abc import Callable
from datetime import datetime

from aiogram import Bot
from aiogram.types import (
    BufferedInputFile,
    CallbackQuery,
    ChatMemberUpdated,
    InlineKeyboardButton,
    InlineKeyboardMarkup,
    Message,
    TelegramObject,
    User,
)

from analytics import AnalyticsService
from analytics.clock import utc_now
from analytics.rights import as_json
from bot import privacy
from bot.confirmations import Confirmations
from bot.consent import Choice
from bot.language import _
from bot.settings import Settings

# What buttons carry; the first is in links, too.
PRIVACY = "privacy"
MY_DATA = "mydata"
FORGET_ME = "forgetme"
ERASE = "erase"

Button = InlineKeyboardButton


async def show_privacy(
    event: TelegramObject,
    bot: Bot,
    event_from_user: User,
    analytics: AnalyticsService,
    settings: Settings,
) -> None:
    person = event_from_user.id
    row, opted_out = await analytics.own_row(person)
    in_backups = await analytics.may_be_in_backups()
    text = privacy.policy(settings, row, opted_out, in_backups, utc_now())
    await bot.send_message(person, text, reply_markup=_choices(opted_out))


async def privacy_in_group(message: Message, bot: Bot) -> None:
    link = f"https://t.me/{(await bot.me()).username}?start={PRIVACY}"
    keyboard = _keyboard(Button(text=_(privacy.READ_IT), url=link))
    await message.reply(_(privacy.IN_A_GROUP), reply_markup=keyboard)


async def my_data(
    event: TelegramObject, bot: Bot, event_from_user: User, analytics: AnalyticsService
) -> None:
    data = await analytics.personal_data(event_from_user.id)
    file = BufferedInputFile(as_json(data, utc_now()).encode(), "my-data.json")
    await bot.send_message(event_from_user.id, privacy.my_data(data))
    await bot.send_document(event_from_user.id, file, caption=_(privacy.FILE))


async def forget_me(
    event: TelegramObject, bot: Bot, event_from_user: User, confirmations: Confirmations
) -> None:
    data = confirmations.data(ERASE, event_from_user.id)
    keyboard = _keyboard(Button(text=_(privacy.CONFIRM), callback_data=data))
    await bot.send_message(event_from_user.id, privacy.forget_me(), reply_markup=keyboard)


async def erase(
    click: CallbackQuery,
    bot: Bot,
    analytics: AnalyticsService,
    confirmations: Confirmations,
    next_cleanup: Callable[[], datetime],
) -> None:
    person = click.from_user.id
    if not confirmations.confirms(click.data, ERASE, person):
        await bot.send_message(person, _(privacy.TOO_OLD))
        return
    erasure = await analytics.erase(person)
    text = privacy.erased(erasure, next_cleanup()) if erasure else _(privacy.NOT_NOW)
    await bot.send_message(person, text)


async def opt_out(
    event: TelegramObject, bot: Bot, event_from_user: User, analytics: AnalyticsService
) -> None:
    # In force since it was received; asked for again to know whether it is written down.
    committed = await analytics.opt_out(event_from_user.id)
    keyboard = _keyboard(Button(text=_(privacy.ERASE), callback_data=FORGET_ME))
    await bot.send_message(event_from_user.id, privacy.opted_out(committed), reply_markup=keyboard)


async def opt_in(
    event: TelegramObject, bot: Bot, event_from_user: User, analytics: AnalyticsService
) -> None:
    committed = await analytics.opt_in(event_from_user.id)
    await bot.send_message(event_from_user.id, privacy.opted_in(committed))


async def blocked(change: ChatMemberUpdated, analytics: AnalyticsService) -> None:
    """There is nobody to answer any more."""
    await analytics.erase(change.from_user.id)


def _choices(opted_out: bool) -> InlineKeyboardMarkup:
    choice, label = (
        (Choice.OPT_IN, _(privacy.OPT_IN)) if opted_out else (Choice.OPT_OUT, _(privacy.OPT_OUT))
    )
    return _keyboard(
        Button(text=_(privacy.MY_DATA), callback_data=MY_DATA),
        Button(text=_(privacy.ERASE), callback_data=FORGET_ME),
        Button(text=label, callback_data=choice),
    )


def _keyboard(*buttons: InlineKeyboardButton) -> InlineKeyboardMarkup:
    """One below the other: labels are long."""
    return InlineKeyboardMarkup(inline_keyboard=[[button] for button in buttons])
