"""`/note`: the list of notes on charts, and adding one; buttons remove them."""

import re
from datetime import date

from aiogram import Bot
from aiogram.filters import CommandObject
from aiogram.filters.callback_data import CallbackData
from aiogram.types import CallbackQuery, InlineKeyboardButton, InlineKeyboardMarkup, Message, User

from analytics import Action, AnalyticsService, Note
from analytics.statistics.notes import NoteRefused, Refusal
from analytics.telegram.answering import place, remove_buttons, rewrite
from analytics.telegram.buttons import PREFIX, Confirm, Irreversible
from analytics.telegram.confirmations import Confirmations
from analytics.telegram.i18n import _
from analytics.telegram.texts import notes

Button = InlineKeyboardButton

# Notes on a page of the list, each of two lines on a phone, and buttons in a row.
ON_A_PAGE, IN_A_ROW = 8, 4
# A word that is written like a day, before a text.
DAY = re.compile(r"([0-9]{4}-[0-9]{2}-[0-9]{2})(?:\s+|$)")


class Notes(CallbackData, prefix=f"{PREFIX}notes"):
    """Callback data of a button that shows a page of the list, 0 for the newest notes."""

    page: int


class Remove(CallbackData, prefix=f"{PREFIX}unnote"):
    """Callback data of a button that asks whether to remove a note."""

    note_id: int


async def add_or_list(
    message: Message, command: CommandObject, event_from_user: User, analytics: AnalyticsService
) -> None:
    if not command.args:
        text, keyboard = await _page(0, analytics)
        await message.answer(text, reply_markup=keyboard)
        return
    try:
        note = await analytics.notes.add(*parse(command.args))
    except NoteRefused as refused:
        await message.answer(notes.refused(refused.reason, analytics.notes.days()))
        return
    await analytics.audit_log.note(Action.NOTE, event_from_user.id)
    remove = Button(text=f"🗑 {_(notes.REMOVE)}", callback_data=Remove(note_id=note.id).pack())
    keyboard = InlineKeyboardMarkup(inline_keyboard=[[remove, _all_notes()]])
    await message.answer(notes.added(note), reply_markup=keyboard)


async def turn_page(
    click: CallbackQuery, callback_data: Notes, bot: Bot, analytics: AnalyticsService
) -> None:
    await rewrite(bot, click, *await _page(callback_data.page, analytics))


async def cancel(click: CallbackQuery, bot: Bot, analytics: AnalyticsService) -> None:
    await rewrite(bot, click, *await _page(0, analytics))


async def ask(
    click: CallbackQuery,
    callback_data: Remove,
    bot: Bot,
    analytics: AnalyticsService,
    confirmations: Confirmations,
) -> None:
    note = await _find(str(callback_data.note_id), analytics)
    if note is None:
        await rewrite(bot, click, _(notes.GONE), _only_all_notes())
        return
    label, admin = _(notes.CONFIRM), click.from_user.id
    keyboard = confirmations.keyboard(label, Irreversible.NOTE, admin, str(note.id), note.text)
    await rewrite(bot, click, notes.question(note), keyboard)


async def remove(
    click: CallbackQuery,
    callback_data: Confirm,
    bot: Bot,
    analytics: AnalyticsService,
    confirmations: Confirmations,
) -> None:
    admin, note = click.from_user.id, await _find(callback_data.subject, analytics)
    # The id may be that of a newer note meanwhile: what was asked about is removed, or nothing.
    if note is None or not await confirmations.confirms_once(callback_data, admin, note.text):
        await place(click).answer(_(notes.TOO_OLD))
        await remove_buttons(bot, click)
        return
    await analytics.audit_log.note(Action.NOTE_REMOVAL, admin)
    await analytics.notes.remove(note.id)
    await rewrite(bot, click, notes.removed(note), _only_all_notes())


def parse(arguments: str) -> tuple[str, date | None]:
    """Return the text in a command's arguments, and the day before it, if there is one.

    Raises NoteRefused for what is written like a day and is none.
    """
    found = DAY.match(arguments)
    if found is None:
        return arguments, None
    try:
        day = date.fromisoformat(found[1])
    except ValueError as error:
        raise NoteRefused(Refusal.NO_SUCH_DAY) from error
    return arguments[found.end() :], day


async def _find(note_id: str, analytics: AnalyticsService) -> Note | None:
    """Return the note with an id, None if it is gone or there never was one."""
    return next((note for note in await analytics.notes.all() if str(note.id) == note_id), None)


async def _page(number: int, analytics: AnalyticsService) -> tuple[str, InlineKeyboardMarkup]:
    """Return a page of the list, the nearest one to `number`, with its buttons."""
    newest_first = (await analytics.notes.all())[::-1]
    number = max(0, min(number, (len(newest_first) - 1) // ON_A_PAGE))
    first = number * ON_A_PAGE
    shown = newest_first[first : first + ON_A_PAGE]
    removing = [
        Button(text=f"🗑 {at}", callback_data=Remove(note_id=note.id).pack())
        for at, note in enumerate(shown, first + 1)
    ]
    turning = []
    if number:
        turning.append(_turn(f"« {_(notes.NEWER)}", number - 1))
    if first + ON_A_PAGE < len(newest_first):
        turning.append(_turn(f"{_(notes.OLDER)} »", number + 1))
    rows = [removing[at : at + IN_A_ROW] for at in range(0, len(removing), IN_A_ROW)]
    _first_day, today = analytics.notes.days()
    rows += [turning] if turning else []
    text = notes.page(shown, first + 1, today)
    return text, InlineKeyboardMarkup(inline_keyboard=rows)


def _turn(label: str, page: int) -> InlineKeyboardButton:
    return Button(text=label, callback_data=Notes(page=page).pack())


def _all_notes() -> InlineKeyboardButton:
    return _turn(f"📌 {_(notes.ALL_NOTES)}", 0)


def _only_all_notes() -> InlineKeyboardMarkup:
    return InlineKeyboardMarkup(inline_keyboard=[[_all_notes()]])
