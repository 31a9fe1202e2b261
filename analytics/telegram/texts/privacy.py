"""The privacy policy, which `/privacy` shows.

The policy is put together from the columns of the schema, the vocabulary and the settings of the
running bot. Its text has a version: raise it whenever the English words below change.
"""

from collections.abc import Iterator
from datetime import date, datetime
from html import escape

from analytics import InteractionType, OwnRow
from analytics.privacy.audit import MIN_PRECISION
from analytics.telegram.i18n import N_, _, format_date, format_number
from analytics.telegram.options import Options
from analytics.telegram.texts import durations

VERSION, VERSION_OF = 7, date(2026, 11, 26)

NUMBER = N_("a random number")

# The name of each table about a person, and words for each of its columns.
# Words in braces are filled in from the code and the settings.
ABOUT_YOU = {
    "interactions": (
        N_("Such a row"),
        {
            "user_id": N_("a random number that stands for you"),
            "interaction_type": N_("what it was: one of {types} fixed words"),
            "timestamp": N_("when, UTC, {when}"),
            "count": N_("how many of the same"),
        },
    ),
    "users": (
        N_("You, once"),
        {
            "id": N_("that random number"),
            "reference": "{who}",
            "last_seen": N_("your newest timestamp"),
            "rows": N_("how many such rows you have"),
            "first_seen": N_("your oldest timestamp, until that is deleted"),
        },
    ),
    "opt_outs": (
        N_("If you opt out"),
        {"reference": N_("another pseudonym, made for this alone, to know your wish by")},
    ),
    "erasures": (
        N_("If you erase while there are backups"),
        {
            "reference": N_("another pseudonym, so that you do not come back with one"),
            "day": N_("when you did"),
        },
    ),
    "audit_trail": (
        N_("If you are an admin"),
        {
            "timestamp": N_("when you looked at or deleted something, UTC, {audited}"),
            "admin_id": "{admin}",
            "action": N_("what it was"),
        },
    ),
    "turned_off": (
        N_("If you are an admin and turn off what it tells you"),
        {"admin_id": "{admin}", "notice": N_("what you turned off")},
    ),
}
# The name of each anonymous table, and its columns.
ABOUT_NOBODY = {
    "interaction_types": (N_("the fixed words"), ("id", "name")),
    "hourly_counts": (N_("sums by hour"), ("hour", "interaction_type", "count")),
    "daily_events": (
        N_("how often each command was used, and the bot was blocked, by day"),
        ("day", "event", "count", "people"),
    ),
    "daily_trends": (
        N_("sums by day, which stay"),
        ("day", "interactions", "users", "breakdown"),
    ),
    "first_seen_hours": (N_("how many people were first here in an hour"), ("hour", "users")),
    "last_seen_hours": (N_("how many people were last here in an hour"), ("hour", "users")),
    "last_seen_counts": (N_("how many people were last here when"), ("last_seen", "users")),
    "remembered_updates": (N_("so that nothing counts twice"), ("update_id", "received")),
    "file_settings": (N_("facts about the file"), ("name", "value")),
}


def policy(
    options: Options, row: OwnRow | None, opted_out: bool, in_backups: bool, now: datetime
) -> str:
    """Return the answer to /privacy, which follows from the options.

    `row` is the newest row of the person who asks, None if there is none; `in_backups` is true if
    there may be backups.
    """
    return "\n\n".join(
        [
            _("🔒 <b>What is stored about you</b>"),
            _sample(options, row, opted_out, now),
            *_fields(options),
            _("<b>About nobody</b>") + "\n" + "\n".join(_nameless()),
            " ".join(_how_long(options, in_backups)),
            _(
                "<b>Never stored:</b> what you write, send or tap, your name and username, phone "
                "number, address, device or location."
            ),
            _(
                "<b>What for:</b> to know how much this bot is used.\n"
                "<b>Who sees what:</b> admins of this bot get totals only, never a person."
            ),
            _(
                "<b>Your rights:</b> /mydata shows and hands over all of it, /forgetme erases it, "
                "/optout stops the counting, /optin goes on with it. What you ask about your own "
                "data is not recorded."
            ),
            _("<b>Who runs this bot:</b> {contact}").format(contact=_contact(options)),
            _("Version {version} of {day}.").format(version=VERSION, day=format_date(VERSION_OF)),
        ]
    )


def _sample(options: Options, row: OwnRow | None, opted_out: bool, now: datetime) -> str:
    if row is not None:
        title, sample = _("This bot counts each time you use it. Your newest row:"), row
    else:
        title = (
            _("You opted out: you are not counted. Else each use would make such a row:")
            if opted_out
            else _(
                "This bot counts each time you use it. Such a row, made up, since you have none:"
            )
        )
        seconds = int(now.timestamp())
        rounded = seconds - seconds % options.timestamp_precision
        when = datetime.fromtimestamp(rounded, now.tzinfo)
        sample = OwnRow(InteractionType.COMMAND, when, 1)
    return f"{title}\n<pre>{_table(sample)}</pre>"


def _table(row: OwnRow) -> str:
    values = {
        "user_id": _(NUMBER),
        "interaction_type": row.interaction_type.value,
        "timestamp": row.timestamp.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "count": format_number(row.count),
    }
    width = max(map(len, values))
    return "\n".join(f"{name:<{width}}  {value}" for name, value in values.items())


def _fields(options: Options) -> list[str]:
    facts = {
        "types": format_number(len(InteractionType)),
        "when": durations.precision(options.timestamp_precision),
        "who": _who(options),
        "admin": _admin(options),
        "audited": durations.precision(max(options.timestamp_precision, MIN_PRECISION)),
    }
    return [
        "\n".join(
            [
                f"<b>{_(title)}</b> ({table})",
                *(f"• {name}: {_(words).format(**facts)}" for name, words in columns.items()),
            ]
        )
        for table, (title, columns) in ABOUT_YOU.items()
    ]


def _how_long(options: Options, in_backups: bool) -> Iterator[str]:
    """Yield sentences about retention and backups."""
    days = options.retention_days
    yield _("<b>For how long:</b> {days}.").format(days=durations.days(days))
    yield _(
        "Then it is deleted automatically and removed from the disk. An opt-out is kept until you "
        "take it back."
    )
    if options.keep_trends:
        yield _("Sums by day stay, of everybody together.")
    if in_backups:
        yield _(
            "Backups may hold what was deleted for up to {count} day more; if one has to be put "
            "back, who was erased since is erased again.",
            "Backups may hold what was deleted for up to {count} days more; if one has to be put "
            "back, who was erased since is erased again.",
            days,
        ).format(count=format_number(days))


def _nameless() -> list[str]:
    return [
        f"• {_(what)} ({table}: {', '.join(columns)})"
        for table, (what, columns) in ABOUT_NOBODY.items()
    ]


def _who(options: Options) -> str:
    if options.pseudonymise_user_ids:
        return _(
            "a pseudonym of your Telegram ID, made with a secret key that is kept outside the "
            "database"
        )
    return _("your Telegram ID, which this bot stores as it is")


def _admin(options: Options) -> str:
    if options.pseudonymise_user_ids:
        return _("another pseudonym, made for this alone")
    return _("your Telegram ID, which this bot stores as it is")


def _contact(options: Options) -> str:
    return escape(options.operator_contact) or _("the operator has named no contact")
