"""Sentences of `/audit`."""

from collections.abc import Sequence
from html import escape

from analytics import AuditEntry
from analytics.privacy.audit import FORMER_ADMIN
from analytics.telegram.i18n import _, format_datetime, format_number

# A message of Telegram holds 4,096 characters.
AUDIT_LINES = 50


def audit(entries: Sequence[AuditEntry]) -> str:
    """Return the answer to /audit: the newest entries, as many as fit into a message.

    `entries` has the newest first.
    """
    if not entries:
        return _("Nobody has looked at or deleted anything yet.")
    rows = [
        (format_datetime(entry.timestamp), _who(entry), entry.action)
        for entry in entries[:AUDIT_LINES]
    ]
    width, who_width = (max(len(row[column]) for row in rows) for column in (0, 1))
    lines = [f"{when:<{width}}  {who:<{who_width}}  {action}" for when, who, action in rows]
    title = _("<b>Who looked at or deleted what</b>")
    more = len(entries) - AUDIT_LINES
    rest = (
        _("{count} older: python main.py audit").format(count=format_number(more))
        if more > 0
        else ""
    )
    return f"{title}\n<pre>{escape(chr(10).join(lines))}</pre>\n{rest}".rstrip()


def _who(entry: AuditEntry) -> str:
    if entry.telegram_id is None:
        return _("command line")
    return _("a former admin") if entry.telegram_id == FORMER_ADMIN else str(entry.telegram_id)
