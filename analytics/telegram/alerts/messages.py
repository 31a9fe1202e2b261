"""Kinds of alerts, their buttons and their texts."""

from collections.abc import Collection
from datetime import date, datetime
from enum import StrEnum
from html import escape

from aiogram.filters.callback_data import CallbackData
from aiogram.types import InlineKeyboardButton, InlineKeyboardMarkup

from analytics import Period
from analytics.notices import (
    BackupFails,
    DatabaseSetAside,
    Notice,
    NotReceiving,
    RecordingFails,
    RecordingWorks,
)
from analytics.statistics.event_figures import subject_name
from analytics.statistics.failure_shares import Failures
from analytics.telegram.buttons import PREFIX
from analytics.telegram.i18n import (
    N_,
    _,
    format_date,
    format_datetime,
    format_number,
    format_percent,
)
from analytics.telegram.options import Options
from analytics.time_zones import label


class Kind(StrEnum):
    """A kind of alert that an admin can mute; the value is its name in the database."""

    DIGEST = "digest"
    SILENCE = "silence"
    UNUSUAL_DAY = "unusual_day"
    CLEANUP = "cleanup"
    RECORDING = "recording"
    FAILURES = "failures"


NAMES = {
    Kind.DIGEST: N_("Digest"),
    Kind.SILENCE: N_("No updates"),
    Kind.UNUSUAL_DAY: N_("Unusual traffic"),
    Kind.CLEANUP: N_("Cleanup overdue"),
    Kind.RECORDING: N_("Database errors"),
    Kind.FAILURES: N_("Failures"),
}


class Turn(CallbackData, prefix=f"{PREFIX}alerts"):
    """Callback data of a button that mutes or unmutes a kind of alert.

    `on` is the state after the click, so that a second click changes nothing.
    """

    kind: Kind
    on: bool
    listed: bool
    """True under the list of all kinds, False under an alert."""


def below(kind: Kind, *, is_on: bool = True) -> InlineKeyboardMarkup:
    """Return a keyboard for the message of an alert, to mute its kind or, if muted, unmute it."""
    label = _("🔕 Mute") if is_on else _("🔔 Unmute")
    data = Turn(kind=kind, on=not is_on, listed=False).pack()
    button = InlineKeyboardButton(text=label, callback_data=data)
    return InlineKeyboardMarkup(inline_keyboard=[[button]])


def below_list(muted: Collection[str], options: Options) -> InlineKeyboardMarkup:
    """Return a keyboard for the list of alerts: a button for each kind that the options allow.

    `muted` holds the names of kinds.
    """
    rows = []
    for kind in Kind:
        if is_allowed(kind, options):
            does = _("🔔 Unmute") if kind in muted else _("🔕 Mute")
            data = Turn(kind=kind, on=kind in muted, listed=True).pack()
            label = f"{does}: {_(NAMES[kind])}"
            rows.append([InlineKeyboardButton(text=label, callback_data=data)])
    return InlineKeyboardMarkup(inline_keyboard=rows)


def listed(muted: Collection[str], options: Options) -> str:
    """Return the answer to /alerts; `muted` holds the names of kinds."""
    lines = []
    for kind in Kind:
        line = f"<b>{_(NAMES[kind])}</b>: {_when(kind, options)}"
        if not is_allowed(kind, options):
            lines.append(f"▫️ {line}")
        elif kind in muted:
            lines.append(_("🔕 {what} (muted)").format(what=line))
        else:
            lines.append(f"🔔 {line}")
    return "\n\n".join(
        [
            _("<b>Notification settings</b>"),
            "\n".join(lines),
            _(
                "The buttons mute or unmute a notification for you only. A damaged database, a "
                "failed backup and missing updates are always reported, since data may be lost."
            ),
        ]
    )


def is_allowed(kind: Kind, options: Options) -> bool:
    match kind:
        case Kind.DIGEST:
            return options.digest != "off"
        case Kind.SILENCE:
            return options.silence_alert_hours > 0
        case _:
            return True


def _when(kind: Kind, options: Options) -> str:
    if not is_allowed(kind, options):
        name = "DIGEST=off" if kind is Kind.DIGEST else "SILENCE_ALERT_HOURS=0"
        return _("off in the settings ({setting})").format(setting=name)
    match kind:
        case Kind.DIGEST:
            zone = options.digest_at.tzinfo or options.calendar.zone
            at = f"{options.digest_at:%H:%M} {label(str(zone))}"
            if options.digest == "weekly":
                return _("weekly statistics, on Mondays at {time}").format(time=at)
            return _("daily statistics, at {time}").format(time=at)
        case Kind.SILENCE:
            return _when_silent(options.silence_alert_hours)
        case Kind.UNUSUAL_DAY:
            return _("a day with far more or far fewer interactions than usual")
        case Kind.CLEANUP:
            return _("expired interactions have not been deleted")
        case Kind.RECORDING:
            return _("the database cannot be written, or works again")
        case Kind.FAILURES:
            return _("the bot fails far more often than usual")


def _when_silent(hours: int) -> str:
    return _(
        "no updates for {count} hour",
        "no updates for {count} hours",
        hours,
    ).format(count=format_number(hours))


def silence(since: datetime) -> str:
    return _(
        "⚠️ <b>No updates</b> since {moment}.\n\nIf that is unexpected, write to the bot. If it "
        "does not answer, see the log and run <code>python main.py doctor</code>."
    ).format(moment=format_datetime(since))


def unusual_day(which: date, interactions: int, usual: float) -> str:
    if interactions > usual:
        sentence = _(
            "📈 <b>Far more than usual:</b> {count} interaction on {day}. "
            "Usual, by the previous four weeks: {usual}.",
            "📈 <b>Far more than usual:</b> {count} interactions on {day}. "
            "Usual, by the previous four weeks: {usual}.",
            interactions,
        )
    else:
        sentence = _(
            "📉 <b>Far fewer than usual:</b> {count} interaction on {day}. "
            "Usual, by the previous four weeks: {usual}.",
            "📉 <b>Far fewer than usual:</b> {count} interactions on {day}. "
            "Usual, by the previous four weeks: {usual}.",
            interactions,
        )
    return sentence.format(
        count=format_number(interactions), day=format_date(which), usual=format_number(round(usual))
    )


def _overdue(count: int) -> str:
    return _(
        "⚠️ <b>Cleanup overdue:</b> {count} interaction should have been deleted.",
        "⚠️ <b>Cleanup overdue:</b> {count} interactions should have been deleted.",
        count,
    ).format(count=format_number(count))


def cleanup_overdue(
    count: int | None, retention_days: int, last: datetime | None, *, postponed: bool
) -> str:
    """Return the alert about an overdue cleanup.

    `count` is None if it is not to be shown, since few people could be behind it; `last` is None if
    there was no cleanup yet; `postponed` is true if the clock is wrong.
    """
    what = _("⚠️ <b>Cleanup overdue.</b>") if count is None else _overdue(count)
    kept = _("Kept for {count} day.", "Kept for {count} days.", retention_days).format(
        count=format_number(retention_days)
    )
    newest = _("Last cleanup: {moment}.").format(moment=format_datetime(last)) if last else ""
    if postponed:
        to_do = _(
            "The computer's clock does not agree with Telegram's, so nothing is deleted. "
            "Sync it, e.g. with NTP."
        )
    else:
        to_do = _("Check the log, then send /cleanup or restart the bot.")
    return f"{what} {kept} {newest}".rstrip() + f"\n\n{to_do}"


def failing(failures: Failures, moment: datetime, *, is_owner: bool) -> str:
    """Return the alert about handlers that fail; only owners learn which, and where.

    `moment` is the beginning of the hour, in the operator's time zone. Figures of too few people
    are left out.
    """
    alert = _("⚠️ <b>The bot fails far more often than usual.</b>")
    if failures.is_of_enough:
        alert = _(
            "⚠️ <b>The bot fails far more often than usual:</b> {share} of {count} update in the "
            "hour from {moment}. Usual: {usual}.",
            "⚠️ <b>The bot fails far more often than usual:</b> {share} of {count} updates in the "
            "hour from {moment}. Usual: {usual}.",
            failures.taken,
        ).format(
            share=format_percent(failures.share),
            count=format_number(failures.taken),
            moment=format_datetime(moment),
            usual=format_percent(failures.usual or 0),
        )
    lines = [_("See the log.")]
    if is_owner and failures.subject:
        subject = escape(subject_name(failures.subject))
        lines.append(_("Most failures: {subject}").format(subject=f"<code>{subject}</code>"))
    if is_owner and failures.error:
        lines.append(
            _("Most frequent error: {error}").format(error=f"<code>{escape(failures.error)}</code>")
        )
    return "\n".join([alert, "", *lines])


def digest(period: Period, numbers: str) -> str:
    title = (
        _("📬 <b>The last 24 hours</b>") if period is Period.DAY else _("📬 <b>The last 7 days</b>")
    )
    return f"{title}\n{numbers}"


def notice(of: Notice) -> str:
    """Return the text of a notice, which admins get at once."""
    match of:
        case RecordingFails():
            return _(
                "⚠️ The database cannot be written right now. People still get answers; their "
                "interactions are kept, and recorded as soon as it works again. "
                "Check the log, the disk space and the file permissions."
            )
        case RecordingWorks():
            return _("✅ The database can be written again. What was waiting is being recorded.")
        case BackupFails():
            return _(
                "⚠️ The backup of the database failed. It is tried again every hour. Look for "
                "<code>backup failed</code> in the log, and check the disk space of BACKUP_DIR."
            )
        case NotReceiving():
            return _(
                "⚠️ Updates do not reach this bot: another program uses its token, or WEBHOOK_URL "
                "cannot be reached. Check the log, and run <code>python main.py doctor</code>."
            )
        case DatabaseSetAside():
            return _(
                "⚠️ The database was damaged. Nothing was deleted: the file is now called "
                "<code>{file}</code>, and counting starts at 0 in a new file."
                "\n\nTo restore: stop the bot, run <code>python main.py restore BACKUP --force"
                "</code> and start it again. Without a backup, <code>sqlite3 DAMAGED .recover | "
                "sqlite3 NEW</code> saves what can be read."
            ).format(file=escape(of.path.name))
