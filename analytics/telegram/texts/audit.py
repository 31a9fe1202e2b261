"""Sentences of `/audit`."""

from collections import Counter
from collections.abc import Sequence
from itertools import islice

from analytics import ACTION_NAMES, FORMER_ADMIN, AuditEntry
from analytics.telegram.i18n import _, format_date, format_number
from analytics.time_zones import label

# A message of Telegram holds 4,096 characters.
AUDIT_LINES = 50


def audit(entries: Sequence[AuditEntry], timezone: str) -> str:
    """Return the answer to /audit: the newest entries, as many as fit into a message.

    `entries` has the newest first, with times in `timezone`. What one did several times within the
    time that entries are rounded to is one line, with the number of times.
    """
    if not entries:
        return _("Nothing has been viewed or deleted yet.")
    alike = Counter((each.timestamp, each.telegram_id, each.action) for each in entries)
    title = _("<b>Audit log</b>, {zone}").format(zone=label(timezone))
    lines, day, shown = [title], None, 0
    for (moment, who, action), count in islice(alike.items(), AUDIT_LINES):
        if moment.date() != day:
            day = moment.date()
            lines.append(f"\n<b>{format_date(day)}</b>")
        times = f" × {format_number(count)}" if count > 1 else ""
        lines.append(f"{moment:%H:%M} · {_who(who)} · {_(ACTION_NAMES.get(action, action))}{times}")
        shown += count
    if rest := len(entries) - shown:
        lines.append("")
        lines.append(_("{count} older: python main.py audit").format(count=format_number(rest)))
    return "\n".join(lines)


def _who(telegram_id: int | None) -> str:
    if telegram_id is None:
        return _("command line")
    return _("former admin") if telegram_id == FORMER_ADMIN else str(telegram_id)
