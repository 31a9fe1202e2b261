"""The privacy policy, and every sentence about a person's own data.

The policy is put together from the columns of the schema, the vocabulary and the settings of the
running bot. Its text has a version: raise it whenever the words below change.
"""

from datetime import datetime
from html import escape

from analytics import InteractionType, PersonalData, StoredRow
from analytics.service import Erasure
from bot import texts
from bot.settings import Settings

VERSION = "4 of 25 November 2026"

MY_DATA = "My data"
ERASE = "Erase my data"
OPT_OUT = "Stop counting me"
OPT_IN = "Count me again"
CONFIRM = "Yes, erase everything"
TOO_OLD = "This button is too old, or not yours. Nothing was erased. Send /forgetme to ask again."
FILE = "Everything held about you, as JSON, with an explanation."
NOT_NOW = (
    "The database cannot be written at the moment. Nothing is erased yet: your wish is kept in "
    "memory, and carried out as soon as it works again. Please look at /mydata later to be sure."
)
IN_A_GROUP = "What is stored about you is between you and me."
READ_IT = "Read it in our chat"

# What each table about a person is, and words for each of its columns.
# {types}, {who} and {when} come from the code and the settings.
ABOUT_YOU = {
    "interactions": (
        "Such a row",
        {
            "user_id": "an internal number that stands for you",
            "interaction_type": "what it was: one of {types} fixed words",
            "timestamp": "when, UTC, {when}",
            "count": "how many of the same",
        },
    ),
    "users": (
        "You, once",
        {
            "id": "that internal number",
            "reference": "{who}",
            "last_seen": "your newest timestamp",
            "rows": "how many such rows you have",
            "first_seen": "your oldest timestamp, until that is deleted",
        },
    ),
    "opt_outs": (
        "If you opt out",
        {"reference": "another pseudonym, made for this alone, to know your wish by"},
    ),
    "erasures": (
        "If you erase while there are backups",
        {
            "reference": "another pseudonym, so that you do not come back with one",
            "day": "when you did",
        },
    ),
    "audit_trail": (
        "If you are an admin",
        {
            "timestamp": "when you looked at or deleted something",
            "admin_id": "your Telegram ID",
            "action": "what it was",
        },
    ),
}
# What each table about nobody is, and its columns.
ABOUT_NOBODY = {
    "interaction_types": ("the fixed words", ("id", "name")),
    "hourly_counts": ("sums by hour", ("hour", "interaction_type", "count")),
    "daily_events": (
        "how often each command was used, and the bot was blocked, by day",
        ("day", "event", "count"),
    ),
    "daily_trends": (
        "sums by day, which stay",
        ("day", "interactions", "users", "breakdown"),
    ),
    "first_seen_hours": ("how many people were first here in an hour", ("hour", "users")),
    "last_seen_hours": ("how many people were last here in an hour", ("hour", "users")),
    "last_seen_counts": ("how many people were last here when", ("last_seen", "users")),
    "remembered_updates": ("so that nothing counts twice", ("update_id", "received")),
    "file_settings": ("facts about the file", ("name", "value")),
}


def policy(
    settings: Settings, row: StoredRow | None, opted_out: bool, in_backups: bool, now: datetime
) -> str:
    """What is stored, from the settings as they are; `row` is the newest of who asks.

    `in_backups` if there may be backups.
    """
    return "\n\n".join(
        [
            "🔒 <b>What is stored about you</b>",
            _sample(settings, row, opted_out, now),
            *_fields(settings),
            "<b>About nobody</b>\n" + "\n".join(_nameless()),
            f"<b>For how long:</b> {texts.days(settings.retention_days)}. "
            "Then it is deleted automatically and removed from the disk. An opt-out is kept until "
            f"you take it back.{_trends(settings)}{_in_backups(settings) if in_backups else ''}",
            "<b>Never stored:</b> what you write, send or tap, your name and username, phone "
            "number, address, device or location.",
            "<b>What for:</b> to know how much this bot is used.\n"
            "<b>Who sees what:</b> admins of this bot get totals only, never a person.",
            "<b>Your rights:</b> /mydata shows and hands over all of it, /forgetme erases it, "
            "/optout stops the counting, /optin goes on with it.",
            f"<b>Who runs this bot:</b> {_contact(settings)}",
            f"Version {VERSION}.",
        ]
    )


def _sample(settings: Settings, row: StoredRow | None, opted_out: bool, now: datetime) -> str:
    if row is not None:
        title, sample = "This bot counts each time you use it. Your newest row:", row
    else:
        title = (
            "You opted out: you are not counted. Else each use would make such a row:"
            if opted_out
            else "This bot counts each time you use it. Such a row, made up, since you have none:"
        )
        seconds = int(now.timestamp())
        rounded = seconds - seconds % settings.timestamp_precision
        when = datetime.fromtimestamp(rounded, now.tzinfo)
        sample = StoredRow(1042, InteractionType.COMMAND, when, 1)
    return f"{title}\n<pre>{_table(sample)}</pre>"


def _table(row: StoredRow) -> str:
    values = {
        "user_id": row.user_id,
        "interaction_type": row.interaction_type.value,
        "timestamp": row.timestamp.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "count": f"{row.count:,}",
    }
    width = max(map(len, values))
    return "\n".join(f"{name:<{width}}  {value}" for name, value in values.items())


def _fields(settings: Settings) -> list[str]:
    facts = {
        "types": len(InteractionType),
        "when": texts.precision(settings.timestamp_precision),
        "who": _who(settings),
    }
    return [
        "\n".join(
            [
                f"<b>{title}</b> ({table})",
                *(f"• {name}: {words.format(**facts)}" for name, words in columns.items()),
            ]
        )
        for table, (title, columns) in ABOUT_YOU.items()
    ]


def _trends(settings: Settings) -> str:
    return " Sums by day stay, of everybody together." if settings.keep_trends else ""


def _in_backups(settings: Settings) -> str:
    return (
        f" Backups may hold what was deleted for up to {texts.days(settings.retention_days)} more; "
        "if one has to be put back, who was erased since is erased again."
    )


def _nameless() -> list[str]:
    return [
        f"• {what} ({table}: {', '.join(columns)})"
        for table, (what, columns) in ABOUT_NOBODY.items()
    ]


def _who(settings: Settings) -> str:
    if settings.pseudonymise_user_ids:
        return (
            "a pseudonym of your Telegram ID, made with a secret key that is kept outside the "
            "database"
        )
    return "your Telegram ID, which this bot stores as it is"


def _contact(settings: Settings) -> str:
    return escape(settings.operator_contact) or "the operator has named no contact"


def my_data(data: PersonalData) -> str:
    """The summary; the whole comes as a file."""
    if not data.interactions:
        lines = ["<b>Nothing is recorded of you.</b>"]
    else:
        totals: dict[str, int] = {}
        for row in data.interactions:
            totals[row.interaction_type] = totals.get(row.interaction_type, 0) + row.count
        first, last = data.interactions[0].timestamp, data.interactions[-1].timestamp
        width = max(map(len, totals))
        table = "\n".join(
            f"{name:<{width}}  {count:>7,}"
            for name, count in sorted(totals.items(), key=lambda item: (-item[1], item[0]))
        )
        lines = [
            "<b>What is recorded of you</b>",
            f"<pre>{table}</pre>",
            f"First: {texts.moment(first)}\nLast: {texts.moment(last)}",
            f"The oldest is deleted after {texts.moment(data.oldest_goes)} "
            f"({texts.days(data.retention_days)}).",
        ]
    if data.opted_out:
        lines.append("You opted out: nothing is recorded of you. /optin goes on with it.")
    if data.erased:
        lines.append(
            f"You were erased on {data.erased}. So that you do not come back with a backup, "
            "another pseudonym of you is kept as long as backups are."
        )
    lines.append("All of it is in the file that follows. /forgetme erases it.")
    return "\n\n".join(lines)


def forget_me() -> str:
    return (
        "<b>Erase everything recorded of you?</b>\n\n"
        "It cannot be undone. An opt-out stays, so that nobody counts you again. "
        "The button is good for five minutes; if you do nothing, nothing happens."
    )


def erased(erasure: Erasure, compacted_by: datetime) -> str:
    backups = (
        "\n\nBackups may hold something of you for some time yet, see /privacy. "
        "If one has to be put back, you are erased again."
        if erasure.in_backups
        else ""
    )
    if not erasure.interactions:
        return f"There was nothing of you to erase.{backups}"
    count = f"{erasure.interactions:,} interaction{'' if erasure.interactions == 1 else 's'}"
    disk = (
        "Its traces have left the disk, too."
        if erasure.compacted
        else f"Its traces leave the file by {texts.moment(compacted_by)}."
    )
    return (
        f"<b>Erased:</b> {count}, and the pseudonym they belonged to. {disk}{backups}\n\n"
        "If you go on using this bot, counting begins anew. /optout stops it."
    )


def opted_out(committed: bool) -> str:
    return _soon(
        "<b>You are not counted any more.</b>\n\n"
        "From now on nothing is recorded of you. Only a pseudonym of yours is kept, to recognise "
        "your wish by. What was recorded before stays until it is past its time; you can erase it "
        "now. /optin takes all of this back.",
        committed,
    )


def opted_in(committed: bool) -> str:
    return _soon(
        "<b>You are counted again</b>, from now on, as /privacy says. Your opt-out was deleted.",
        committed,
    )


def _soon(text: str, committed: bool) -> str:
    if committed:
        return text
    return (
        f"{text}\n\n⚠️ The database cannot be written at the moment. Your wish is kept in memory, "
        "and written down as soon as it works again. Please look at /mydata later to be sure."
    )
