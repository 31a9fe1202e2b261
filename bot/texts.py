"""Every sentence the bot says. Messages are HTML; nothing a person wrote is ever part of one."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from html import escape

from analytics import AdminReport, AuditEntry
from analytics.notices import BackupFails, DatabaseSetAside, Notice, RecordingFails, RecordingWorks
from analytics.retention import LONGEST_RETENTION_DAYS, SHORTEST_RETENTION_DAYS
from bot.settings import Settings

COMMANDS = {
    "start": "What this bot is",
    "help": "What you can do here",
    "privacy": "What is stored about you",
    "mydata": "All that is stored about you, as a file",
    "forgetme": "Erase what is stored about you",
    "optout": "Do not count me",
    "optin": "Count me again",
    "roll": "Roll a die",
}
ADMIN_COMMANDS = {
    "stats": "How the bot is used, in numbers",
    "cleanup": "How much is old enough to be deleted",
}
OWNER_COMMANDS = {
    "audit": "Who looked at or deleted what",
    "cleanup": "Delete what is old",
}

SEE_PRIVACY = "What is stored about you?"
FALLBACK = "I did not understand that, but thank you for writing. See /help for what I can do."
SLOW_DOWN = "That was quite a lot at once. Please try again in half a minute."
WRONG_DAYS = (
    f"Give a whole number of days from {SHORTEST_RETENTION_DAYS} to {LONGEST_RETENTION_DAYS}, "
    "as in <code>/cleanup 30</code>, or none for the retention."
)
CONFIRM_CLEANUP = "Yes, delete them"
CLEANUP_TOO_OLD = (
    "This button is too old, was used already, or is not yours. It deletes nothing. "
    "Send /cleanup to ask again."
)
ERROR = "Something went wrong on my side. Please try again in a moment."

# A message of Telegram holds 4,096 characters.
AUDIT_LINES = 50
BAR_WIDTH = 10
EIGHTHS = " ▏▎▍▌▋▊▉"


def start() -> str:
    return (
        "👋 <b>Hello!</b>\n\n"
        "I am a small bot that counts how often it is used, and nothing else about you: "
        "no texts, no names, no places.\n\n"
        "Write me anything, or see /help. /privacy shows what is stored."
    )


def help_(commands: Mapping[str, str]) -> str:
    lines = [f"/{name} - {escape(purpose)}" for name, purpose in commands.items()]
    return "\n".join(["<b>What you can do here</b>", "", *lines])


def rolled(number: int) -> str:
    return f"🎲 {number}"


def precision(seconds: int) -> str:
    """How exact a stored time is."""
    for size, name in ((86_400, "day"), (3_600, "hour"), (60, "minute"), (1, "second")):
        if seconds % size == 0:
            count = seconds // size
            return f"rounded down to {f'the {name}' if count == 1 else f'{count} {name}s'}"
    raise ValueError("a precision is a whole number of seconds")


def days(count: int) -> str:
    return "1 day" if count == 1 else f"{count:,} days"


def stats(
    report: AdminReport, settings: Settings, next_cleanup: datetime, *, postponed: bool
) -> str:
    """The whole answer to /stats; `postponed` if the scheduled cleanup waits for a right clock."""
    return "\n\n".join(
        [
            f"📊 <b>Statistics</b>{_as_of(report, settings)}",
            f"<pre>{_numbers(report)}</pre>",
            f"<b>By type</b>\n{_breakdown(report)}",
            "<i>Active: different people who did something in the last 24 hours, 7 or 30 days, "
            f"UTC, with times {precision(settings.timestamp_precision)}.</i>",
            _trust(report, next_cleanup, postponed),
        ]
    )


def _as_of(report: AdminReport, settings: Settings) -> str:
    return f", as of {moment(report.as_of)}" if settings.report_interval else ""


def _numbers(report: AdminReport) -> str:
    rows = {
        "Interactions": report.total_interactions,
        "Active, 24 hours": report.daily_active_users,
        "Active, 7 days": report.weekly_active_users,
        "Active, 30 days": report.monthly_active_users,
    }
    width = max(len(f"{number:,}") for number in rows.values())
    return "\n".join(f"{name:<16}  {number:>{width},}" for name, number in rows.items())


def _breakdown(report: AdminReport) -> str:
    breakdown = report.interaction_types_breakdown
    if not breakdown:
        return "Nothing has been recorded yet."
    largest = max(breakdown.values())
    name_width = max(len(name) for name in breakdown)
    width = len(f"{largest:,}")
    lines = [
        f"{name:<{name_width}}  {count:>{width},}  {share(count, report.total_interactions):>6}  "
        f"{bar(count / largest)}"
        for name, count in breakdown.items()
    ]
    return "<pre>" + escape("\n".join(lines)) + "</pre>"


def share(count: int, total: int) -> str:
    """A part of the total in percent; what is there is never shown as nothing."""
    percent = 100 * count / total
    return "<0.1 %" if percent < 0.1 else f"{percent:.1f} %"


def bar(part: float) -> str:
    """0 to 1 as a bar of up to 10 characters; what is there is never shown as nothing."""
    eighths = max(1, round(part * BAR_WIDTH * 8))
    return "█" * (eighths // 8) + EIGHTHS[eighths % 8].strip()


def _trust(report: AdminReport, next_cleanup: datetime, postponed: bool) -> str:
    cleaned = (
        f"{moment(report.last_cleanup)} ({report.last_cleanup_deleted:,} deleted)"
        if report.last_cleanup
        else "not yet"
    )
    oldest = moment(report.oldest_interaction) if report.oldest_interaction else "-"
    lines = [
        f"Oldest interaction: {oldest}",
        f"Kept for: {days(report.retention_days)}",
        f"Last cleanup: {cleaned}",
        f"Next cleanup: {moment(next_cleanup)}",
        f"Dropped: {report.dropped:,}",
    ]
    if postponed:
        lines.append(
            "⚠️ The clock of the computer jumped: cleanup is postponed until the dates of new "
            "messages agree with it, or the bot is restarted."
        )
    if report.backlog:
        lines.append(f"⚠️ Waiting to be recorded: {report.backlog:,}")
    if report.compaction_pending:
        lines.append("⚠️ Deleted interactions leave the disk with the next compaction.")
    return "\n".join(lines)


def interactions(count: int, older_than: int) -> str:
    """So many, older than so many days."""
    return f"{count:,} interaction{'' if count == 1 else 's'} older than {days(older_than)}"


def would_be_deleted(count: int, older_than: int, *, offered: bool) -> str:
    """What a cleanup would do; `offered` if there is a button for it."""
    if not count:
        return f"Nothing is older than {days(older_than)}."
    warning = "\n\nThis cannot be undone. The button is good for five minutes." if offered else ""
    return f"<b>Would be deleted:</b> {interactions(count, older_than)}.{warning}"


def cleaning_up(done: int, total: int, older_than: int) -> str:
    return f"⏳ Deleting: {done:,} of {interactions(total, older_than)}"


def cleaned_up(count: int, older_than: int, compacted_by: datetime | None) -> str:
    """`compacted_by` is None if the traces have left the disk already."""
    disk = (
        f"Their traces leave the file by {moment(compacted_by)}."
        if compacted_by
        else "Their traces have left the disk, too."
    )
    return f"✅ <b>Deleted:</b> {interactions(count, older_than)}. {disk if count else ''}".rstrip()


def cleanup_stopped(count: int, older_than: int) -> str:
    return (
        "⚠️ <b>Stopped</b>, since something went wrong; the log says more. "
        f"Deleted so far: {interactions(count, older_than)}. Send /cleanup to delete the rest."
    )


def audit(entries: Sequence[AuditEntry]) -> str:
    """The newest entries, as many as fit into a message."""
    if not entries:
        return "Nobody has looked at or deleted anything yet."
    lines = [
        f"{moment(entry.timestamp)}  {entry.admin_id or 'command line':<16}  {entry.action}"
        for entry in entries[:AUDIT_LINES]
    ]
    more = len(entries) - AUDIT_LINES
    rest = f"\n{more:,} older: python main.py audit" if more > 0 else ""
    return f"<b>Who looked at or deleted what</b>\n<pre>{escape(chr(10).join(lines))}</pre>{rest}"


def notice(of: Notice) -> str:
    """What admins are told at once."""
    match of:
        case RecordingFails():
            return (
                "⚠️ The database cannot be written at the moment. People are answered as usual; "
                "their interactions wait in memory and are recorded as soon as it works again. "
                "Please look at the log, the disk space and the rights to the file."
            )
        case RecordingWorks():
            return "✅ The database can be written again; what waited is being recorded."
        case BackupFails():
            return (
                "⚠️ The backup of the database failed, and is tried again each hour. Please look "
                "for <code>no backup</code> in the log, and at the disk space of BACKUP_DIR."
            )
        case DatabaseSetAside():
            return (
                "⚠️ The database was damaged. Nothing of it was deleted: it is now called "
                f"<code>{escape(of.path.name)}</code>, and counting goes on in a new file, from 0."
                "\n\nTo restore: stop the bot, run <code>python main.py restore BACKUP --force"
                "</code> and start it again. Without a backup, <code>sqlite3 DAMAGED .recover | "
                "sqlite3 NEW</code> saves what can be read."
            )


def moment(when: datetime) -> str:
    return when.strftime("%Y-%m-%d %H:%M UTC")
