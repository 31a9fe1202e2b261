"""`/links`: start links, listed with buttons to retire them, and made with a name."""

from collections.abc import Mapping

from aiogram import Bot
from aiogram.filters import CommandObject
from aiogram.filters.callback_data import CallbackData
from aiogram.types import (
    CallbackQuery,
    InlineKeyboardButton,
    InlineKeyboardMarkup,
    Message,
    User,
)

from analytics import (
    Action,
    AnalyticsService,
    LinkCounts,
    LinkNameInUse,
    NoReportYet,
    Period,
    TooManyLinks,
)
from analytics.telegram.answering import place, remove_buttons, rewrite
from analytics.telegram.buttons import PREFIX, Confirm, Irreversible
from analytics.telegram.confirmations import Confirmations
from analytics.telegram.i18n import _
from analytics.telegram.options import Options
from analytics.telegram.texts import links

# Links on a page: a message is to fit on a phone.
LINKS_PER_PAGE = 5

Button = InlineKeyboardButton


class Turn(CallbackData, prefix=f"{PREFIX}links"):
    """Callback data of a button that shows a page of the list; the first is 0."""

    page: int


class Retire(CallbackData, prefix=f"{PREFIX}retire"):
    """Callback data of a button that asks whether to retire a link."""

    code: str


async def show_or_make(
    message: Message,
    command: CommandObject,
    bot: Bot,
    event_from_user: User,
    analytics: AnalyticsService,
) -> None:
    if not command.args:
        text, keyboard = await _page(event_from_user.id, bot, analytics, 0)
        await message.answer(text, reply_markup=keyboard)
        return
    try:
        made = await analytics.links.make(command.args)
    except ValueError:
        await message.answer(links.wrong_name())
    except LinkNameInUse:
        await message.answer(_(links.NAME_IN_USE))
    except TooManyLinks:
        await message.answer(links.too_many())
    else:
        await analytics.audit_log.note(Action.MAKE_LINK, event_from_user.id)
        await message.answer(links.made(made, await _username(bot)))


async def turn(
    click: CallbackQuery, callback_data: Turn, bot: Bot, analytics: AnalyticsService
) -> None:
    await _show(click, bot, analytics, callback_data.page)


async def offer(
    click: CallbackQuery,
    callback_data: Retire,
    bot: Bot,
    analytics: AnalyticsService,
    options: Options,
    confirmations: Confirmations,
) -> None:
    """Ask whether to retire a link; if it is retired already, show the list as it is now."""
    code = callback_data.code
    for each in await analytics.links.all():
        if each.code == code and each.retired is None:
            keyboard = confirmations.keyboard(
                _(links.CONFIRM), Irreversible.RETIRE, click.from_user.id, code
            )
            text = links.would_be_retired(each, options.retention_days)
            await rewrite(bot, click, text, keyboard)
            return
    await _show(click, bot, analytics)


async def retire(
    click: CallbackQuery,
    callback_data: Confirm,
    bot: Bot,
    analytics: AnalyticsService,
    confirmations: Confirmations,
) -> None:
    owner = click.from_user.id
    if not confirmations.confirms(callback_data, owner):
        await place(click).answer(_(links.TOO_OLD))
        await remove_buttons(bot, click)
        return
    await analytics.audit_log.note(Action.RETIRE_LINK, owner)
    await analytics.links.retire(callback_data.subject)
    await _show(click, bot, analytics)


async def cancel(click: CallbackQuery, bot: Bot, analytics: AnalyticsService) -> None:
    await _show(click, bot, analytics)


async def _show(click: CallbackQuery, bot: Bot, analytics: AnalyticsService, page: int = 0) -> None:
    """Show a page of the list in the place of the clicked message."""
    text, keyboard = await _page(click.from_user.id, bot, analytics, page)
    await rewrite(bot, click, text, keyboard)


async def _page(
    owner: int, bot: Bot, analytics: AnalyticsService, page: int
) -> tuple[str, InlineKeyboardMarkup | None]:
    """Return the text and buttons of a page; one that does not exist is the nearest."""
    await analytics.audit_log.note(Action.STATS, owner)
    found = await analytics.links.all()
    pages = max(1, -(-len(found) // LINKS_PER_PAGE))
    page = min(max(page, 0), pages - 1)
    shown = found[page * LINKS_PER_PAGE :][:LINKS_PER_PAGE]
    rows = [
        [Button(text=links.retire(each), callback_data=Retire(code=each.code).pack())]
        for each in shown
        if each.retired is None
    ]
    turns = {"«": page - 1, "»": page + 1}
    rows.append(
        [
            Button(text=label, callback_data=Turn(page=to).pack())
            for label, to in turns.items()
            if 0 <= to < pages
        ]
    )
    rows = [row for row in rows if row]
    keyboard = InlineKeyboardMarkup(inline_keyboard=rows) if rows else None
    return links.listed(shown, await _reports(analytics), await _username(bot)), keyboard


async def _reports(analytics: AnalyticsService) -> list[Mapping[str, LinkCounts]]:
    """Return code to counts in 7, 30 and 90 days; nothing before the first complete interval."""
    whole_days = [each for each in Period if each is not Period.DAY]
    try:
        reports = [await analytics.reports.period(each) for each in whole_days]
    except NoReportYet:
        return []
    return [each.events.start_links for each in reports if each.events]


async def _username(bot: Bot) -> str:
    return (await bot.me()).username or ""
