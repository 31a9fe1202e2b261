"""Every sentence the bot says. Messages are HTML; nothing a person wrote is ever part of one.

A function speaks the language of the moment; a constant has to be translated where it is said.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from html import escape

from analytics import AuditEntry
from analytics.notices import (
    BackupFails,
    DatabaseSetAside,
    Notice,
    NotReceiving,
    RecordingFails,
    RecordingWorks,
)
from analytics.privacy.audit import FORMER_ADMIN
from analytics.privacy.retention import LONGEST_RETENTION_DAYS, SHORTEST_RETENTION_DAYS
from analytics.telegram.i18n import N_, _, moment, number

COMMANDS = {
    "start": N_("What this bot is"),
    "help": N_("What you can do here"),
    "privacy": N_("What is stored about you"),
    "mydata": N_("All that is stored about you, as a file"),
    "forgetme": N_("Erase what is stored about you"),
    "optout": N_("Do not count me"),
    "optin": N_("Count me again"),
    "roll": N_("Roll a die"),
}
ADMIN_COMMANDS = {
    "stats": N_("How the bot is used, in numbers"),
    "cleanup": N_("How much is old enough to be deleted"),
    "alerts": N_("What you are told unasked"),
}
OWNER_COMMANDS = {
    "audit": N_("Who looked at or deleted what"),
    "cleanup": N_("Delete what is old"),
}

SEE_PRIVACY = N_("What is stored about you?")
FALLBACK = N_("I did not understand that, but thank you for writing. See /help for what I can do.")
SLOW_DOWN = N_("That was quite a lot at once. Please try again in half a minute.")
CONFIRM_CLEANUP = N_("Yes, delete them")
CLEANUP_TOO_OLD = N_(
    "This button is too old, was used already, or is not yours. It deletes nothing. "
    "Send /cleanup to ask again."
)
CLEANUP_CANCELLED = N_("Cancelled. Nothing was deleted.")
EXPIRED = N_("This button has expired. Please send the command again.")
HELP_IN_A_GROUP = N_("Please ask me in our chat.")
OUR_CHAT = N_("Open our chat")
ERROR = N_("Something went wrong on my side. Please try again in a moment.")

# A message of Telegram holds 4,096 characters.
AUDIT_LINES = 50


def start() -> str:
    return _(
        "👋 <b>Hello!</b>\n\n"
        "I am a small bot that counts how often it is used, and nothing else about you: "
        "no texts, no names, no places.\n\n"
        "Write me anything, or see /help. /privacy shows what is stored."
    )


def help_(commands: Mapping[str, str]) -> str:
    """`commands` with their purposes, which are not translated yet."""
    lines = [f"/{name} - {escape(_(purpose))}" for name, purpose in commands.items()]
    return "\n".join([_("<b>What you can do here</b>"), "", *lines])


def rolled(number: int) -> str:
    return f"🎲 {number}"


def precision(seconds: int) -> str:
    """How exact a stored time is."""
    if seconds % 86_400 == 0:
        return _("rounded down to the day")
    if seconds % 3_600 == 0:
        count = seconds // 3_600
        said = _("rounded down to the hour", "rounded down to {count} hours", count)
    elif seconds % 60 == 0:
        count = seconds // 60
        said = _("rounded down to the minute", "rounded down to {count} minutes", count)
    else:
        count = seconds
        said = _("rounded down to the second", "rounded down to {count} seconds", count)
    return said.format(count=number(count))


def days(count: int) -> str:
    return _("{count} day", "{count} days", count).format(count=number(count))


def wrong_days() -> str:
    # As they are to be typed: without separators.
    return _(
        "Give a whole number of days from {shortest} to {longest}, "
        "as in <code>/cleanup 30</code>, or none for the retention."
    ).format(shortest=SHORTEST_RETENTION_DAYS, longest=LONGEST_RETENTION_DAYS)


def interactions(count: int, older_than: int) -> str:
    """So many, older than so many days."""
    return _("{count} interaction {older}", "{count} interactions {older}", count).format(
        count=number(count), older=_older(older_than)
    )


def _older(than: int) -> str:
    said = _("older than {count} day", "older than {count} days", than)
    return said.format(count=number(than))


def would_be_deleted(count: int, older_than: int, *, offered: bool) -> str:
    """What a cleanup would do; `offered` if there is a button for it."""
    if not count:
        return _("Nothing is {older}.").format(older=_older(older_than))
    told = _("<b>Would be deleted:</b> {interactions}.").format(
        interactions=interactions(count, older_than)
    )
    warning = _("This cannot be undone. The button is good for five minutes.")
    return f"{told}\n\n{warning}" if offered else told


def cleaning_up(done: int, total: int, older_than: int) -> str:
    return _(
        "⏳ Deleting: {done} of {total} interaction {older}",
        "⏳ Deleting: {done} of {total} interactions {older}",
        total,
    ).format(done=number(done), total=number(total), older=_older(older_than))


def cleaned_up(count: int, older_than: int, compacted_by: datetime | None) -> str:
    """`compacted_by` is None if the traces have left the disk already."""
    told = _("✅ <b>Deleted:</b> {interactions}.").format(
        interactions=interactions(count, older_than)
    )
    disk = (
        _("Their traces leave the file by {moment}.").format(moment=moment(compacted_by))
        if compacted_by
        else _("Their traces have left the disk, too.")
    )
    return f"{told} {disk}" if count else told


def cleanup_stopped(count: int, older_than: int) -> str:
    return _(
        "⚠️ <b>Stopped</b>, since something went wrong; the log says more. "
        "Deleted so far: {interactions}. Send /cleanup to delete the rest."
    ).format(interactions=interactions(count, older_than))


def audit(entries: Sequence[AuditEntry]) -> str:
    """The newest entries, as many as fit into a message."""
    if not entries:
        return _("Nobody has looked at or deleted anything yet.")
    rows = [(moment(entry.timestamp), _who(entry), entry.action) for entry in entries[:AUDIT_LINES]]
    width, who_width = (max(len(row[column]) for row in rows) for column in (0, 1))
    lines = [f"{when:<{width}}  {who:<{who_width}}  {action}" for when, who, action in rows]
    title = _("<b>Who looked at or deleted what</b>")
    more = len(entries) - AUDIT_LINES
    rest = _("{count} older: python main.py audit").format(count=number(more)) if more > 0 else ""
    return f"{title}\n<pre>{escape(chr(10).join(lines))}</pre>\n{rest}".rstrip()


def _who(entry: AuditEntry) -> str:
    if entry.admin_id is None:
        return _("command line")
    return _("a former admin") if entry.admin_id == FORMER_ADMIN else str(entry.admin_id)


def notice(of: Notice) -> str:
    """What admins are told at once."""
    match of:
        case RecordingFails():
            return _(
                "⚠️ The database cannot be written at the moment. People are answered as usual; "
                "their interactions wait in memory and are recorded as soon as it works again. "
                "Please look at the log, the disk space and the rights to the file."
            )
        case RecordingWorks():
            return _("✅ The database can be written again; what waited is being recorded.")
        case BackupFails():
            return _(
                "⚠️ The backup of the database failed, and is tried again each hour. Please look "
                "for <code>no backup</code> in the log, and at the disk space of BACKUP_DIR."
            )
        case NotReceiving():
            return _(
                "⚠️ Telegram does not send me updates as it is set: another program uses my "
                "token, or WEBHOOK_URL cannot be reached. Please look at the log, and at "
                "<code>python main.py doctor</code>."
            )
        case DatabaseSetAside():
            return _(
                "⚠️ The database was damaged. Nothing of it was deleted: it is now called "
                "<code>{file}</code>, and counting goes on in a new file, from 0."
                "\n\nTo restore: stop the bot, run <code>python main.py restore BACKUP --force"
                "</code> and start it again. Without a backup, <code>sqlite3 DAMAGED .recover | "
                "sqlite3 NEW</code> saves what can be read."
            ).format(file=escape(of.path.name))
