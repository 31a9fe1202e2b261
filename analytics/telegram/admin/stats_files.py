"""Charts and exports of `/stats`, as messages of their own."""

from datetime import timedelta

from aiogram import Bot
from aiogram.enums import ChatAction
from aiogram.filters.callback_data import CallbackData
from aiogram.types import (
    BufferedInputFile,
    CallbackQuery,
    InlineKeyboardButton,
    InlineKeyboardMarkup,
)

from analytics import Action, AnalyticsError, AnalyticsService, Period
from analytics.statistics.export import as_json
from analytics.telegram.answering import place, show_action
from analytics.telegram.buttons import PREFIX
from analytics.telegram.charts import Charts, NoChart, nothing_to_draw
from analytics.telegram.i18n import _
from analytics.telegram.options import Options
from analytics.telegram.spreadsheet import spreadsheet
from analytics.telegram.texts import notes, stats, who_comes_back

YEAR_LENGTH = timedelta(days=365)


class Chart(CallbackData, prefix=f"{PREFIX}chart"):
    period: Period


class Export(CallbackData, prefix=f"{PREFIX}export"):
    period: Period


class Year(CallbackData, prefix=f"{PREFIX}year"):
    """Callback data of the button below a chart, which asks for the chart of a year."""


class Triangle(CallbackData, prefix=f"{PREFIX}triangle"):
    """Callback data of the button below the table of who comes back."""


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


async def triangle(
    click: CallbackQuery, bot: Bot, analytics: AnalyticsService, charts: Charts
) -> None:
    """Send the picture of who comes back."""
    await analytics.audit_log.note(Action.STATS, click.from_user.id)
    where = place(click)
    await show_action(bot, where, ChatAction.UPLOAD_PHOTO)
    try:
        cohorts = await analytics.reports.cohorts()
        if sentence := who_comes_back.nothing_to_draw(cohorts):
            await where.answer(sentence)
            return
        picture = await charts.draw_cohorts(cohorts)
    except AnalyticsError as error:
        await where.answer(stats.no_report(error))
        return
    except NoChart:
        await where.answer(stats.no_chart())
        return
    await where.answer_photo(
        BufferedInputFile(picture, "who-comes-back.png"), caption=_(who_comes_back.WHO_COMES_BACK)
    )


async def export(
    click: CallbackQuery, callback_data: Export, analytics: AnalyticsService, options: Options
) -> None:
    where, period = place(click), callback_data.period
    await analytics.audit_log.note(Action.STATS_EXPORT, click.from_user.id)
    try:
        aggregates = await analytics.reports.aggregates(period)
        if click.from_user.id not in options.owner_ids:
            aggregates = aggregates.without_errors()
    except AnalyticsError as error:
        await where.answer(stats.no_report(error))
        return
    files = {"csv": spreadsheet(aggregates), "json": as_json(aggregates).encode()}
    for style, content in files.items():
        file = BufferedInputFile(content, f"statistics-{period}.{style}")
        await where.answer_document(file, caption=stats.export_caption(period, style))


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
    except NoChart:
        await where.answer(stats.no_chart())
        return
    await where.answer_photo(
        BufferedInputFile(picture, "chart.png"),
        caption=notes.below_chart(stats.chart_caption(period), history),
        reply_markup=_year_keyboard() if longer else None,
    )


def _year_keyboard() -> InlineKeyboardMarkup:
    return InlineKeyboardMarkup(
        inline_keyboard=[[InlineKeyboardButton(text=_(stats.A_YEAR), callback_data=Year().pack())]]
    )
