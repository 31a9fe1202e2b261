"""The audit log, for owners: who looked at or deleted what."""

from collections import Counter
from itertools import islice

from analytics import ACTION_NAMES, FORMER_ADMIN, Action, AnalyticsService
from analytics.telegram import _, format_datetime, format_number
from bot.web.rendering import Templates
from bot.web.views.asked import Asked

MAX_ROWS = 500


async def audit_log(asked: Asked, analytics: AnalyticsService, templates: Templates) -> str:
    """Return the audit log, the newest entry first; the look at it is noted, too.

    Raises AnalyticsError if the database cannot be read, or an admin not be named without the key.
    """
    entries = await analytics.audit_log.entries(asked.admin_ids)
    if asked.viewer.telegram_id is not None:
        await analytics.audit_log.note(Action.AUDIT, asked.viewer.telegram_id)
    alike = Counter((each.timestamp, each.telegram_id, each.action) for each in entries)
    return templates.render(
        "audit_log",
        title=_("Audit log"),
        path="/audit",
        viewer=asked.viewer,
        rows=[
            (
                format_datetime(analytics.calendar.local(moment)),
                _who(telegram_id, asked),
                _(ACTION_NAMES.get(action, action)),
                format_number(count),
            )
            for (moment, telegram_id, action), count in islice(alike.items(), MAX_ROWS)
        ],
        is_cut_off=len(alike) > MAX_ROWS,
    )


def _who(telegram_id: int | None, asked: Asked) -> str:
    if telegram_id is None:
        return _("command line")
    if not asked.admin_ids:  # at the machine, where nobody is to be named
        return _("admin")
    return _("former admin") if telegram_id == FORMER_ADMIN else str(telegram_id)
