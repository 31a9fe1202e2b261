"""Sentences of `/mydata`, `/forgetme`, `/optout` and `/optin`, and of their buttons."""

from datetime import datetime

from analytics import Erasure, PersonalData
from analytics.telegram.i18n import N_, _, format_date, format_datetime, format_number
from analytics.telegram.options import Options
from analytics.telegram.texts import durations
from analytics.telegram.texts.privacy import IN_BACKUPS_OF_SERVER, how_long_in_backups
from analytics.telegram.texts.tables import table
from analytics.telegram.texts.type_names import type_name

SEE_PRIVACY = N_("What is stored about you?")
MY_DATA = N_("My data")
ERASE = N_("Erase my data")
OPT_OUT = N_("Stop counting me")
OPT_IN = N_("Count me again")
ERASED_AGAIN = N_("If one is restored, your data is erased again.")
CONFIRM = N_("Yes, erase everything")
TOO_OLD = N_(
    "This button has expired or is not yours. Nothing was erased. Send /forgetme to try again."
)
FILE = N_("Everything stored about you, as JSON, with explanations")
NOT_NOW = N_(
    "⚠️ The database cannot be written right now. Nothing has been erased yet: your request is "
    "kept and carried out as soon as possible. Check /mydata later."
)
CANCELLED = N_("Cancelled. Nothing was erased.")
ALREADY = N_("Already done: nothing is stored about you.")
IN_A_GROUP = N_("Please ask me about your data in our private chat.")


def my_data(data: PersonalData) -> str:
    """Return a summary of a person's data, which is sent as a file, too."""
    if not data.interactions:
        lines = [_("<b>Nothing is stored about you.</b>")]
    else:
        totals: dict[str, int] = {}
        for row in data.interactions:
            name = type_name(row.interaction_type)
            totals[name] = totals.get(name, 0) + row.count
        first, last = data.interactions[0].timestamp, data.interactions[-1].timestamp
        counts = sorted(totals.items(), key=lambda item: (-item[1], item[0]))
        lines = [
            _("<b>What is stored about you</b>"),
            table([(name, format_number(count)) for name, count in counts]),
            _("First: {first}\nLast: {last}").format(
                first=format_datetime(first), last=format_datetime(last)
            ),
            _("The oldest is kept until {moment} ({days}).").format(
                moment=format_datetime(data.oldest_goes), days=durations.days(data.retention_days)
            ),
        ]
    if data.waiting:
        lines.append(
            _("⚠️ Waiting to be recorded: {count}").format(count=format_number(data.waiting))
        )
    if data.opted_out:
        lines.append(
            _(
                "You have opted out; nothing new is recorded about you. "
                "Send /optin to be counted again."
            )
        )
    if data.audit_entries:
        lines.append(
            _("Entries in the audit log, as an admin: {count}").format(
                count=format_number(len(data.audit_entries))
            )
        )
    if data.erased:
        lines.append(
            _(
                "You erased your data on {day}. While copies of it may exist, a separate "
                "pseudonym is kept, so that no copy, such as a backup, brings it back."
            ).format(day=format_date(data.erased))
        )
    lines.append(_("The file below contains all of it. /forgetme erases it."))
    return "\n\n".join(lines)


def forget_me(options: Options) -> str:
    question = (
        _("Erase everything stored about you?")
        if options.also_stored is not None
        else _("Erase everything that this bot's statistics store about you?")
    )
    return f"<b>{question}</b>\n\n" + _(
        "This cannot be undone. If you opted out, that stays. The button works for five minutes."
    )


def erased(
    erasure: Erasure, compacted_by: datetime, options: Options, *, again: bool = False
) -> str:
    """Return what an erasure deleted; its traces leave the file by `compacted_by`.

    `again` is true if the same button was pressed before.
    """
    if erasure.interactions and not again:
        text = _(
            "<b>Erased from the database:</b> {count} interaction, and its pseudonym.",
            "<b>Erased from the database:</b> {count} interactions, and their pseudonym.",
            erasure.interactions,
        ).format(count=format_number(erasure.interactions))
        if not erasure.compacted:
            moment = format_datetime(compacted_by)
            text += " " + _("It leaves the disk by {moment}.").format(moment=moment)
        lines = [text + " " + _("Anonymous totals stay.")]
    else:
        lines = [_(ALREADY)]
    if erasure.in_backups:
        lines.append(how_long_in_backups(options) + " " + _(ERASED_AGAIN))
    if options.on_server and erasure.interactions:
        lines.append(_(IN_BACKUPS_OF_SERVER) + " " + _(ERASED_AGAIN))
    if erasure.in_audit_log:
        stays = _(
            "What you viewed or deleted as an admin stays in the audit log until its retention "
            "ends ({days}); /mydata shows it."
        ).format(days=durations.days(options.retention_days))
        if options.pseudonymise_user_ids:
            stays += " " + _("It is stored under a pseudonym, not your Telegram ID.")
        lines.append(stays)
    if erasure.interactions:
        lines.append(_("If you keep using this bot, it counts you again. /optout stops that."))
    return "\n\n".join(lines)


def opted_out(committed: bool) -> str:
    return _soon(
        _(
            "<b>You are no longer counted.</b>\n\n"
            "Nothing new is recorded about you. Only a pseudonym is kept, to honour your choice. "
            "Earlier data is deleted when its retention period ends; you can erase it now. "
            "/optin counts you again."
        ),
        committed,
    )


def opted_in(committed: bool) -> str:
    return _soon(
        _("<b>You are counted again</b>, see /privacy. Your opt-out was deleted."),
        committed,
    )


def _soon(text: str, committed: bool) -> str:
    if committed:
        return text
    waits = _(
        "⚠️ The database cannot be written right now. Your choice is kept, and saved as soon as "
        "possible. Check /mydata later."
    )
    return f"{text}\n\n{waits}"
