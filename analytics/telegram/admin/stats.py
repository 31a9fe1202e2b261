"""`/stats`: one message that is edited in place, with charts and exports as files."""

from collections.abc import Callable
from datetime import datetime, timedelta
from enum import StrEnum

from aiogram import Bot
from aiogram.enums import ChatAction
from aiogram.filters.callback_data import CallbackData
from aiogram.types import (
    BufferedInputFile,
    CallbackQuery,
    InlineKeyboardButton,
    InlineKeyboardMarkup,
    Message,
    User,
)

from analytics import Action, AnalyticsError, AnalyticsService, Period
from analytics.clock import GuardedClock
from analytics.statistics import figures
from analytics.statistics.export import as_csv, as_json
from analytics.telegram.answering import place, rewrite, show_action
from analytics.telegram.buttons import PREFIX
from analytics.telegram.charts import Charts, ChartsNotInstalled, nothing_to_draw
from analytics.telegram.i18n import _, list_separator
from analytics.telegram.options import Options
from analytics.telegram.texts import stats

FIRST_SHOWN = Period.WEEK
YEAR_LENGTH = timedelta(days=365)

Button = InlineKeyboardButton


class Show(CallbackData, prefix=f"{PREFIX}stats"):
    period: Period


class PageName(StrEnum):
    """A page behind a button of /stats; the value is in the callback data."""

    TYPES = "types"
    COMMANDS = "commands"
    DETAILS = "details"
    MEANING = "meaning"


class Page(CallbackData, prefix=f"{PREFIX}page"):
    """Callback data of a button that shows a page in the place of the first screen."""

    name: PageName
    period: Period


class Chart(CallbackData, prefix=f"{PREFIX}chart"):
    period: Period


class Export(CallbackData, prefix=f"{PREFIX}export"):
    period: Period


class Year(CallbackData, prefix=f"{PREFIX}year"):
    """Callback data of the button below a chart, which asks for the chart of a year."""


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
    if name is PageName.MEANING:
        text = stats.meaning(options.breakdown_min_users)
    else:
        await analytics.audit_log.note(Action.STATS, click.from_user.id)
        try:
            shown = await analytics.reports.overview(period)
        except AnalyticsError as error:
            text = stats.no_report(error)
        else:
            match name:
                case PageName.TYPES:
                    text = stats.by_type(shown)
                case PageName.COMMANDS:
                    text = stats.commands(shown)
                case PageName.DETAILS:
                    text = stats.details(shown, next_cleanup(), postponed=clock.is_skewed)
    back = Button(text=f"« {_(stats.BACK)}", callback_data=Show(period=period).pack())
    await rewrite(bot, click, text, InlineKeyboardMarkup(inline_keyboard=[[back]]))


async def chart(
    click: CallbackQuery,
    callback_data: Chart,
    bot: Bot,
    analytics: AnalyticsService,
    charts: Charts,
) -> None:
    period = callback_data.period
    await _send_chart(click, period, period.length, bot, analytics, charts)


async def year(click: CallbackQuery, bot: Bot, analytics: AnalyticsService, charts: Charts) -> None:
    await _send_chart(click, None, YEAR_LENGTH, bot, analytics, charts)


async def export(click: CallbackQuery, callback_data: Export, analytics: AnalyticsService) -> None:
    where, period = place(click), callback_data.period
    await analytics.audit_log.note(Action.STATS_EXPORT, click.from_user.id)
    try:
        aggregates = await analytics.reports.aggregates(period)
    except AnalyticsError as error:
        await where.answer(stats.no_report(error))
        return
    # Without a byte order mark, Excel reads the file in an old code page.
    table = as_csv(aggregates, list_separator()).encode("utf-8-sig")
    for style, content in (("csv", table), ("json", as_json(aggregates).encode())):
        file = BufferedInputFile(content, f"statistics-{period}.{style}")
        await where.answer_document(file, caption=stats.export_caption(period, style))


async def _overview(period: Period, analytics: AnalyticsService, clock: GuardedClock) -> str:
    try:
        shown = await analytics.reports.overview(period)
    except AnalyticsError as error:
        return stats.no_report(error)
    return stats.overview(shown, postponed=clock.is_skewed)


async def _send_chart(
    click: CallbackQuery,
    period: Period | None,
    length: timedelta,
    bot: Bot,
    analytics: AnalyticsService,
    charts: Charts,
) -> None:
    """Send a chart; `period` is None for the chart of a year, which has no button below it."""
    await analytics.audit_log.note(Action.STATS, click.from_user.id)
    where = place(click)
    await show_action(bot, where, ChatAction.UPLOAD_PHOTO)
    try:
        history = await analytics.reports.history(length)
        if sentence := nothing_to_draw(history):
            await where.answer(sentence)
            return
        longer = period is not None and await analytics.reports.has_trends()
        picture = await charts.draw(history)
    except AnalyticsError as error:
        await where.answer(stats.no_report(error))
        return
    except ChartsNotInstalled:
        await where.answer(stats.no_charts())
        return
    await where.answer_photo(
        BufferedInputFile(picture, "chart.png"),
        caption=stats.chart_caption(period),
        reply_markup=_year_keyboard() if longer else None,
    )


def _keyboard(chosen: Period) -> InlineKeyboardMarkup:
    periods = [
        Button(text=stats.label(period, chosen), callback_data=Show(period=period).pack())
        for period in Period
    ]
    pages = [
        _page_button(_(figures.BY_TYPE), PageName.TYPES, chosen),
        _page_button(_(figures.COMMANDS), PageName.COMMANDS, chosen),
        _page_button(_(figures.DETAILS), PageName.DETAILS, chosen),
    ]
    more = [
        Button(text=f"📈 {_(stats.CHART)}", callback_data=Chart(period=chosen).pack()),
        Button(text=f"⬇️ {_(stats.EXPORT)}", callback_data=Export(period=chosen).pack()),
        Button(text=f"🔄 {_(stats.REFRESH)}", callback_data=Show(period=chosen).pack()),
    ]
    meaning = [_page_button(f"❓ {_(stats.MEANING)}", PageName.MEANING, chosen)]
    return InlineKeyboardMarkup(inline_keyboard=[periods, pages, more, meaning])


def _page_button(label: str, name: PageName, period: Period) -> InlineKeyboardButton:
    return Button(text=label, callback_data=Page(name=name, period=period).pack())


def _year_keyboard() -> InlineKeyboardMarkup:
    return InlineKeyboardMarkup(
        inline_keyboard=[[Button(text=_(stats.A_YEAR), callback_data=Year().pack())]]
    )
