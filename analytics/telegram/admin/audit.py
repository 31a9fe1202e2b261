"""`/audit`: who looked at or deleted what."""

from aiogram.types import Message, User

from analytics import Action, AnalyticsService
from analytics.telegram.options import Options
from analytics.telegram.texts import audit


async def show(
    message: Message, event_from_user: User, analytics: AnalyticsService, options: Options
) -> None:
    entries = await analytics.audit_log.entries(options.admin_ids)
    await analytics.audit_log.note(Action.AUDIT, event_from_user.id)
    # The audit log is not for forwarding.
    text = audit.audit(entries, options.calendar.zone.key)
    await message.answer(text, protect_content=True)
