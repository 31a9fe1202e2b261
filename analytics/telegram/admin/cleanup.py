"""`/cleanup`: admins see how much would be deleted, owners can delete it."""

import logging
from collections.abc import Callable
from datetime import datetime

from aiogram import Bot
from aiogram.filters import CommandObject
from aiogram.types import CallbackQuery, InlineKeyboardMarkup, Message, User

from analytics import Action, AnalyticsService
from analytics.privacy.retention import check_days
from analytics.telegram.answering import place, remove_buttons
from analytics.telegram.buttons import Confirm, Irreversible
from analytics.telegram.confirmations import Confirmations
from analytics.telegram.i18n import _
from analytics.telegram.progress import Progress
from analytics.telegram.texts import cleanup

logger = logging.getLogger(__name__)


async def preview(message: Message, command: CommandObject, analytics: AnalyticsService) -> None:
    await _answer(message, command, analytics, button=None)


async def offer(
    message: Message,
    command: CommandObject,
    event_from_user: User,
    analytics: AnalyticsService,
    confirmations: Confirmations,
) -> None:
    def button(days: int) -> InlineKeyboardMarkup:
        label, owner = _(cleanup.CONFIRM), event_from_user.id
        return confirmations.keyboard(label, Irreversible.DELETE, owner, days)

    await _answer(message, command, analytics, button)


async def delete(
    click: CallbackQuery,
    callback_data: Confirm,
    bot: Bot,
    analytics: AnalyticsService,
    confirmations: Confirmations,
    next_cleanup: Callable[[], datetime],
) -> None:
    owner = click.from_user.id
    if not confirmations.confirms_once(callback_data, owner):
        await place(click).answer(_(cleanup.TOO_OLD))
        await remove_buttons(bot, click)
        return
    days, done, total = callback_data.days, 0, 0
    assert click.message is not None  # the filter has checked its chat
    async with Progress(bot, click.message) as progress:

        def tell(deleted: int) -> None:
            nonlocal done
            done = deleted
            progress.show(cleanup.cleaning_up(done, total, days))

        # First, so that it is in the audit log whatever stops the process meanwhile.
        await analytics.audit_log.note(Action.CLEANUP, owner)
        try:
            total = await analytics.cleanup_old_interactions(days, dry_run=True)
            tell(0)
            done = await analytics.cleanup_old_interactions(days, progress=tell)
            compacted = await analytics.maintenance.compact_if_due()
        # Whatever the error is, the message must not say for ever that the cleanup goes on.
        except Exception:
            logger.exception("a cleanup was stopped by an error")
            ended = cleanup.cleanup_stopped(done, days)
        else:
            ended = cleanup.cleaned_up(done, days, None if compacted else next_cleanup())
        await progress.end(ended)


async def _answer(
    message: Message,
    command: CommandObject,
    analytics: AnalyticsService,
    button: Callable[[int], InlineKeyboardMarkup] | None,
) -> None:
    try:
        days = _days(command.args, analytics.retention_days)
    except ValueError:
        await message.answer(cleanup.wrong_days())
        return
    count = await analytics.cleanup_old_interactions(days, dry_run=True)
    offered = button(days) if button and count else None
    text = cleanup.would_be_deleted(count, days, offered=offered is not None)
    await message.answer(text, reply_markup=offered)


def _days(text: str | None, otherwise: int) -> int:
    """Return the number of days in a command's arguments, `otherwise` if there are none.

    Raises ValueError if they are not a whole number of days, or one out of bounds.
    """
    if not text:
        return otherwise
    if not (text.isascii() and text.isdigit()):
        raise ValueError("no whole number")
    return check_days(int(text))
