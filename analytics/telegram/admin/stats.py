"""`/stats`: one message that is edited in place, with charts and exports as files."""

from collections.abc import Callable
from datetime import datetime
from enum import StrEnum

from aiogram import Bot
from aiogram.filters.callback_data import CallbackData
from aiogram.types import (
    CallbackQuery,
    InlineKeyboardButton,
    InlineKeyboardMarkup,
    Message,
    User,
)

from analytics import Action, AnalyticsError, AnalyticsService, Overview, Period
from analytics.clock import GuardedClock
from analytics.statistics import event_figures, figures
from analytics.telegram.admin.stats_files import Chart, Export, Triangle
from analytics.telegram.answering import rewrite
from analytics.telegram.buttons import PREFIX
from analytics.telegram.i18n import _
from analytics.telegram.options import Options
from analytics.telegram.texts import event_pages, meaning, stats, who_comes_back

FIRST_SHOWN = Period.WEEK

Button = InlineKeyboardButton


class Show(CallbackData, prefix=f"{PREFIX}stats"):
    period: Period


class PageName(StrEnum):
    """A page behind a button of /stats; the value is in the callback data."""

    SOURCES = "sources"
    COMMANDS = "commands"
    FAILURES = "failures"
    TYPES = "types"
    DETAILS = "details"
    COHORTS = "cohorts"
    MEANING = "meaning"
    MORE_MEANING = "more"


# The pages of figures, in the rows of their buttons.
ROWS_OF_PAGES = (
    (PageName.SOURCES, PageName.COMMANDS, PageName.FAILURES),
    (PageName.TYPES, PageName.DETAILS),
)


class Page(CallbackData, prefix=f"{PREFIX}page"):
    """Callback data of a button that shows a page in the place of the first screen."""

    name: PageName
    period: Period


async def overview(
    message: Message, event_from_user: User, analytics: AnalyticsService, clock: GuardedClock
) -> None:
    await analytics.audit_log.note(Action.STATS, event_from_user.id)
    text = await _overview(FIRST_SHOWN, analytics, clock)
    await message.answer(text, reply_markup=_keyboard(FIRST_SHOWN))


async def show(
    click: CallbackQuery,
    callback_data: Show,
    bot: Bot,
    analytics: AnalyticsService,
    clock: GuardedClock,
) -> None:
    # Each click is audited: the message may be a year old, but the numbers are looked at now.
    await analytics.audit_log.note(Action.STATS, click.from_user.id)
    period = callback_data.period
    await rewrite(bot, click, await _overview(period, analytics, clock), _keyboard(period))


async def page(
    click: CallbackQuery,
    callback_data: Page,
    bot: Bot,
    analytics: AnalyticsService,
    options: Options,
    clock: GuardedClock,
    next_cleanup: Callable[[], datetime],
) -> None:
    name, period = callback_data.name, callback_data.period
    back = Button(text=f"« {_(stats.BACK)}", callback_data=Show(period=period).pack())
    buttons = [back]
    match name:
        case PageName.MEANING:
            text = meaning.of_figures(options.breakdown_min_users, analytics.calendar)
            buttons.append(
                _page_button(f"{_(stats.MORE_MEANING)} »", PageName.MORE_MEANING, period)
            )
        case PageName.MORE_MEANING:
            text = meaning.of_events(with_languages=options.count_languages)
        case PageName.COHORTS:
            await analytics.audit_log.note(Action.STATS, click.from_user.id)
            text = await _who_comes_back(analytics)
            buttons.append(Button(text=f"📈 {_(stats.CHART)}", callback_data=Triangle().pack()))
        case _:
            await analytics.audit_log.note(Action.STATS, click.from_user.id)
            try:
                shown = await analytics.reports.overview(period, at_once=True)
            except AnalyticsError as error:
                text = stats.no_report(error)
            else:
                text = _page(
                    name,
                    shown,
                    is_owner=click.from_user.id in options.owner_ids,
                    with_languages=options.count_languages,
                    with_own=bool(analytics.events),
                    next_cleanup=next_cleanup(),
                    postponed=clock.is_skewed,
                )
    await rewrite(bot, click, text, InlineKeyboardMarkup(inline_keyboard=[buttons]))


def _name(name: PageName) -> str:
    """Return the name of a page of figures."""
    match name:
        case PageName.SOURCES:
            return _(event_figures.SOURCES)
        case PageName.COMMANDS:
            return _(figures.COMMANDS)
        case PageName.FAILURES:
            return _(event_figures.HEALTH)
        case PageName.TYPES:
            return _(figures.BY_TYPE)
        case _:
            return _(figures.DETAILS)


def _page(
    name: PageName,
    shown: Overview,
    *,
    is_owner: bool,
    with_languages: bool,
    with_own: bool,
    next_cleanup: datetime,
    postponed: bool,
) -> str:
    title = stats.page_title(_name(name), shown.period)
    match name:
        case PageName.SOURCES:
            return event_pages.sources(
                shown, title, is_owner=is_owner, with_languages=with_languages
            )
        case PageName.COMMANDS:
            return event_pages.commands(shown, title, with_own=with_own)
        case PageName.FAILURES:
            return event_pages.errors(shown, title, is_owner=is_owner)
        case PageName.TYPES:
            return stats.by_type(shown)
        case _:
            return stats.details(shown, next_cleanup, postponed=postponed)


async def _overview(period: Period, analytics: AnalyticsService, clock: GuardedClock) -> str:
    try:
        shown = await analytics.reports.overview(period, at_once=True)
    except AnalyticsError as error:
        return stats.no_report(error)
    return stats.overview(shown, postponed=clock.is_skewed)


async def _who_comes_back(analytics: AnalyticsService) -> str:
    try:
        return who_comes_back.page(await analytics.reports.cohorts())
    except AnalyticsError as error:
        return stats.no_report(error)


def _keyboard(chosen: Period) -> InlineKeyboardMarkup:
    periods = [
        Button(text=stats.label(period, chosen), callback_data=Show(period=period).pack())
        for period in Period
    ]
    pages = [[_page_button(_name(name), name, chosen) for name in row] for row in ROWS_OF_PAGES]
    more = [
        Button(text=f"📈 {_(stats.CHART)}", callback_data=Chart(period=chosen).pack()),
        Button(text=f"⬇️ {_(stats.EXPORT)}", callback_data=Export(period=chosen).pack()),
        Button(text=f"🔄 {_(stats.REFRESH)}", callback_data=Show(period=chosen).pack()),
    ]
    last = [
        _page_button(_(who_comes_back.WHO_COMES_BACK), PageName.COHORTS, chosen),
        _page_button(f"❓ {_(stats.MEANING)}", PageName.MEANING, chosen),
    ]
    return InlineKeyboardMarkup(inline_keyboard=[periods, *pages, more, last])


def _page_button(label: str, name: PageName, period: Period) -> InlineKeyboardButton:
    return Button(text=label, callback_data=Page(name=name, period=period).pack())
