"""An example of a feature to copy: a command, a dialogue, a button, a setting and a job."""

import logging
from datetime import timedelta
from html import escape

from aiogram import Bot, F, Router
from aiogram.exceptions import AiogramError
from aiogram.filters import StateFilter
from aiogram.filters.callback_data import CallbackData
from aiogram.fsm.context import FSMContext
from aiogram.fsm.state import State, StatesGroup
from aiogram.types import CallbackQuery, InlineKeyboardButton, InlineKeyboardMarkup, Message, User
from apscheduler.schedulers.asyncio import AsyncIOScheduler

from analytics import AnalyticsService, utc_now
from analytics.telegram import (
    N_,
    Command,
    CommandEntry,
    _,
    current_locale,
    format_number,
    in_private_chat,
    set_locale,
)
from bot.feature import Feature
from bot.settings import Settings

logger = logging.getLogger(__name__)

SNOOZE_MINUTES = 10
ALARM = "⏰ "
WHAT = N_("What shall I remind you of? /cancel to stop.")
LATER = N_("In 10 minutes")


class ReminderSteps(StatesGroup):
    """The questions of the dialogue."""

    text = State()
    minutes = State()


class Snooze(CallbackData, prefix="reminder-snooze"):
    """Callback data of the button below a reminder."""


def router(settings: Settings) -> Router:
    router = Router(name="reminder")
    messages = router.message
    messages.filter(in_private_chat)
    messages.register(begin, Command("remind"))
    # Steps by `StateFilter` and before `F`, which aiogram runs in a thread for each message.
    is_answer = F.text & ~F.text.startswith("/")
    messages.register(ask_when, StateFilter(ReminderSteps.text), is_answer)
    messages.register(end, StateFilter(ReminderSteps.minutes), is_answer)
    # Not answered automatically, since the answer has a text.
    by_hand = {"callback_answer": {"disabled": True}}
    router.callback_query.register(snooze, Snooze.filter(), flags=by_hand)
    return router


async def begin(message: Message, state: FSMContext) -> None:
    await state.set_state(ReminderSteps.text)
    await message.answer(_(WHAT))


async def ask_when(message: Message, state: FSMContext, settings: Settings) -> None:
    await state.update_data(text=message.text)
    await state.set_state(ReminderSteps.minutes)
    await message.answer(how_long(settings))


async def end(
    message: Message,
    event_from_user: User,
    state: FSMContext,
    bot: Bot,
    settings: Settings,
    scheduler: AsyncIOScheduler,
    analytics: AnalyticsService,
) -> None:
    given = message.text or ""
    minutes = int(given) if given.isdecimal() and len(given) < 10 else 0
    if not 1 <= minutes <= settings.reminder_max_minutes:
        await message.answer(how_long(settings))
        return
    text = (await state.get_data())["text"]
    await state.clear()
    remind(scheduler, bot, event_from_user.id, text, minutes)
    await message.answer(is_set(minutes))
    await analytics.count("reminder_set")


async def snooze(click: CallbackQuery, bot: Bot, scheduler: AsyncIOScheduler) -> None:
    # The bot has forgotten the text, but Telegram has not.
    if isinstance(click.message, Message) and click.message.text:
        text = click.message.text.removeprefix(ALARM)
        remind(scheduler, bot, click.from_user.id, text, SNOOZE_MINUTES)
    await click.answer(is_set(SNOOZE_MINUTES))


def remind(
    scheduler: AsyncIOScheduler, bot: Bot, telegram_id: int, text: str, minutes: int
) -> None:
    """Send a text after some minutes, unless the process ends before that."""
    arguments = bot, telegram_id, text, current_locale()
    scheduler.add_job(send, "date", arguments, run_date=utc_now() + timedelta(minutes=minutes))


async def send(bot: Bot, telegram_id: int, text: str, locale: str) -> None:
    set_locale(locale)  # outside of a handler, it is not that of the person
    button = InlineKeyboardButton(text=_(LATER), callback_data=Snooze().pack())
    keyboard = InlineKeyboardMarkup(inline_keyboard=[[button]])
    try:
        await bot.send_message(telegram_id, ALARM + escape(text), reply_markup=keyboard)
    except AiogramError as error:
        logger.info("a reminder was not sent (%s)", type(error).__name__)


async def forget(scheduler: AsyncIOScheduler, telegram_id: int) -> None:
    for job in scheduler.get_jobs():
        if job.func is send and telegram_id in job.args:
            job.remove()


def how_long(settings: Settings) -> str:
    most = format_number(settings.reminder_max_minutes)
    return _("In how many minutes? From 1 to {most}.").format(most=most)


def is_set(minutes: int) -> str:
    return _(
        "I will remind you in {count} minute.", "I will remind you in {count} minutes.", minutes
    ).format(count=format_number(minutes))


FEATURE = Feature(
    router=router,
    commands=(CommandEntry("remind", N_("Remind me of something")),),
    events=("reminder_set",),
    stores=N_("texts of reminders, in memory, until they are sent."),
    forget=forget,
)
