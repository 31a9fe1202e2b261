"""Sentences of `/mydata`, `/forgetme`, `/optout` and `/optin`, and of their buttons."""

from datetime import datetime

from analytics import Erasure, PersonalData
from analytics.telegram.i18n import N_, _, format_date, format_datetime, format_number
from analytics.telegram.options import Options
from analytics.telegram.texts import durations

SEE_PRIVACY = N_("What is stored about you?")
MY_DATA = N_("My data")
ERASE = N_("Erase my data")
OPT_OUT = N_("Stop counting me")
OPT_IN = N_("Count me again")
CONFIRM = N_("Yes, erase everything")
TOO_OLD = N_(
    "This button is too old, or not yours. Nothing was erased. Send /forgetme to ask again."
)
FILE = N_("Everything held about you, as JSON, with an explanation.")
NOT_NOW = N_(
    "The database cannot be written at the moment. Nothing is erased yet: your wish is kept, "
    "and carried out as soon as it works again. Please look at /mydata later to be sure."
)
CANCELLED = N_("Cancelled. Nothing was erased.")
ALREADY = N_("It is done already: nothing is recorded about you.")
IN_A_GROUP = N_("Your data is between you and me. Please ask me in our chat.")


def my_data(data: PersonalData) -> str:
    """Return a summary of a person's data, which is sent as a file, too."""
    if not data.interactions:
        lines = [_("<b>Nothing is recorded of you.</b>")]
    else:
        totals: dict[str, int] = {}
        for row in data.interactions:
            totals[row.interaction_type] = totals.get(row.interaction_type, 0) + row.count
        first, last = data.interactions[0].timestamp, data.interactions[-1].timestamp
        width = max(map(len, totals))
        table = "\n".join(
            f"{name:<{width}}  {format_number(count):>7}"
            for name, count in sorted(totals.items(), key=lambda item: (-item[1], item[0]))
        )
        lines = [
            _("<b>What is recorded of you</b>"),
            f"<pre>{table}</pre>",
            _("First: {first}\nLast: {last}").format(
                first=format_datetime(first), last=format_datetime(last)
            ),
            _("The oldest is deleted after {moment} ({days}).").format(
                moment=format_datetime(data.oldest_goes), days=durations.days(data.retention_days)
            ),
        ]
    if data.waiting:
        lines.append(
            _("Waiting until the database can be written again: {count}").format(
                count=format_number(data.waiting)
            )
        )
    if data.opted_out:
        lines.append(_("You opted out: nothing is recorded of you. /optin goes on with it."))
    if data.audit_entries:
        lines.append(
            _("In the audit log, as an admin: {count}").format(
                count=format_number(len(data.audit_entries))
            )
        )
    if data.erased:
        lines.append(
            _(
                "You were erased on {day}. So that you do not come back with a backup, "
                "another pseudonym of you is kept as long as backups are."
            ).format(day=format_date(data.erased))
        )
    lines.append(_("All of it is in the file that follows. /forgetme erases it."))
    return "\n\n".join(lines)


def forget_me() -> str:
    return _(
        "<b>Erase everything recorded of you?</b>\n\n"
        "It cannot be undone. An opt-out stays, so that nobody counts you again. "
        "The button is good for five minutes; if you do nothing, nothing happens."
    )


def erased(
    erasure: Erasure, compacted_by: datetime, options: Options, *, again: bool = False
) -> str:
    """Return what an erasure deleted; its traces leave the file by `compacted_by`.

    `again` is true if the same button was pressed before.
    """
    if erasure.interactions and not again:
        text = _(
            "<b>Erased:</b> {count} interaction, and the pseudonym it belonged to.",
            "<b>Erased:</b> {count} interactions, and the pseudonym they belonged to.",
            erasure.interactions,
        ).format(count=format_number(erasure.interactions))
        disk = (
            _("Its traces have left the disk, too.")
            if erasure.compacted
            else _("Its traces leave the file by {moment}.").format(
                moment=format_datetime(compacted_by)
            )
        )
        lines = [f"{text} {disk}"]
    else:
        lines = [_(ALREADY)]
    if erasure.in_backups:
        lines.append(
            _(
                "Backups may hold something of you for some time yet, see /privacy. "
                "If one has to be put back, you are erased again."
            )
        )
    if erasure.in_audit_log:
        stays = _(
            "What you looked at or deleted as an admin stays in the audit log until its retention "
            "ends ({days}); /mydata shows it."
        ).format(days=durations.days(options.retention_days))
        if options.pseudonymise_user_ids:
            stays += " " + _("It has a pseudonym of you, and not your Telegram ID.")
        lines.append(stays)
    if erasure.interactions:
        lines.append(_("If you go on using this bot, counting begins anew. /optout stops it."))
    return "\n\n".join(lines)


def opted_out(committed: bool) -> str:
    return _soon(
        _(
            "<b>You are not counted any more.</b>\n\n"
            "From now on nothing is recorded of you. Only a pseudonym of yours is kept, to "
            "recognise your wish by. What was recorded before stays until it is past its time; "
            "you can erase it now. /optin takes all of this back."
        ),
        committed,
    )


def opted_in(committed: bool) -> str:
    return _soon(
        _("<b>You are counted again</b>, from now on, as /privacy says. Your opt-out was deleted."),
        committed,
    )


def _soon(text: str, committed: bool) -> str:
    if committed:
        return text
    waits = _(
        "⚠️ The database cannot be written at the moment. Your wish is kept, "
        "and written down as soon as it works again. Please look at /mydata later to be sure."
    )
    return f"{text}\n\n{waits}"
