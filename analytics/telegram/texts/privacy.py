"""The privacy policy, which `/privacy` shows: one screen, and all details behind a button.

It is put together from the columns of the schema and the settings of the running bot. Its version
is computed from its text.
"""

from collections.abc import Iterator
from datetime import UTC, datetime
from hashlib import sha256
from html import escape

from analytics import InteractionType, OwnRow
from analytics.privacy.audit import MIN_PRECISION
from analytics.telegram.i18n import N_, SOURCE_LOCALE, _, format_number, translations
from analytics.telegram.options import Options
from analytics.telegram.texts import durations

ALL_DETAILS = N_("All details")
IN_BACKUPS_OF_SERVER = N_("Backups of the database server may keep deleted data for longer.")
BACK = N_("Back")

# The name of each table about a person, and words for each of its columns.
# Words in braces are filled in from the settings.
ABOUT_YOU = {
    "interactions": (
        N_("Each interaction"),
        {
            "user_id": N_("a random number that stands for you"),
            "interaction_type": N_("what it was: a word from a fixed list"),
            "timestamp": N_("when, in UTC, {when}"),
            "count": N_("how many of the same"),
        },
    ),
    "users": (
        N_("You, one row"),
        {
            "id": N_("that random number"),
            "reference": "{who}",
            "last_seen": N_("time of your newest interaction"),
            "rows": N_("how many rows you have"),
            "first_seen": N_("time of your oldest interaction that is still stored"),
            "first_week": N_("the week of that time"),
            "weeks": N_(
                "in which weeks after it you used the bot, as long as that interaction is stored"
            ),
        },
    ),
    "opt_outs": (
        N_("If you opt out"),
        {"reference": N_("a separate pseudonym, to honour your choice")},
    ),
    "erasures": (
        N_("If you erase your data while copies of it may exist"),
        {
            "reference": N_(
                "a separate pseudonym, so that no copy, such as a backup, brings your data back"
            ),
            "day": N_("the date"),
        },
    ),
    "audit_trail": (
        N_("If you are an admin"),
        {
            "timestamp": N_("when you viewed or deleted something, in UTC, {audited}"),
            "admin_id": "{admin}",
            "action": N_("what you did"),
        },
    ),
    "turned_off": (
        N_("If you are an admin and mute notifications"),
        {"admin_id": "{admin}", "notice": N_("what you muted")},
    ),
}
# The name of each anonymous table, and its columns.
ANONYMOUS: dict[str, tuple[str, tuple[str, ...]]] = {
    "interaction_types": (N_("the list of types"), ("id", "name")),
    "hourly_counts": (N_("totals by hour"), ("hour", "interaction_type", "count")),
    "daily_events": (
        N_(
            "by day: uses of each command, button and start link, new users by such links, "
            "interactions by kind of chat, blocks, groups and channels the bot was added to or "
            "removed from, events of this bot's own, how many updates were answered, ignored or "
            "failed, how long answers took, and errors"
        ),
        ("day", "kind", "event", "count", "people"),
    ),
    "daily_users": (N_("how many people were active on each day"), ("day", "users")),
    "cohorts": (
        N_("how many of those who came in a week were active in the weeks after it"),
        ("first_week", "week", "users"),
    ),
    "start_links": (
        N_("links to the bot that its owners made"),
        ("code", "name", "created", "retired"),
    ),
    "notes": (N_("what admins noted for charts, in their own words"), ("id", "moment", "text")),
    "daily_trends": (
        N_("totals by day, kept after the interactions are deleted"),
        ("day", "interactions", "users", "breakdown"),
    ),
    "first_seen_hours": (N_("how many people were first seen in each hour"), ("hour", "users")),
    "last_seen_hours": (N_("how many people were last seen in each hour"), ("hour", "users")),
    "last_seen_counts": (
        N_("how many people were last seen at each time"),
        ("last_seen", "users"),
    ),
    "remembered_updates": (
        N_("numbers of updates, so that none is counted twice"),
        ("update_id", "received"),
    ),
    "file_settings": (N_("facts about the database itself"), ("name", "value")),
}
# What is in a database on a server besides, for the processes at it.
ABOUT_YOU_ON_SERVER = {
    "audit_trail": (
        ABOUT_YOU["audit_trail"][0],
        {"id": N_("which came first"), **ABOUT_YOU["audit_trail"][1]},
    ),
    "tokens": (
        N_("If you are an admin, and open the admin page or confirm something"),
        {
            "id": N_("which came first"),
            "token": N_("a hash of the link, session or confirmation"),
            "kind": N_("which of these it is"),
            "admin_id": "{admin}",
            "until": N_("when it expires"),
        },
    ),
}
ANONYMOUS_ON_SERVER = {
    "turns": (N_("when each job ran last"), ("job", "moment")),
    "spools": (N_("how far each process recorded what had waited"), ("token", "position", "day")),
    "lease": (N_("which process receives updates"), ("one", "holder", "token")),
}
# There, processes count side by side.
COUNTERS = {
    *("hourly_counts", "daily_events", "daily_users", "cohorts"),
    *("first_seen_hours", "last_seen_hours", "last_seen_counts"),
}
# What the version is computed with in the place of a person's newest row.
EXAMPLE = OwnRow(InteractionType.COMMAND, datetime(2026, 1, 1, tzinfo=UTC), 1)


def policy(
    options: Options, row: OwnRow | None, opted_out: bool, in_backups: bool, now: datetime
) -> str:
    """Return the answer to /privacy, which follows from the options and fits on a phone.

    `row` is the newest row of the person who asks, None if there is none; `in_backups` is true if
    there may be backups.
    """
    if row is not None:
        title = _("Each use adds a row like your newest:")
    elif opted_out:
        title = _("You have opted out. Otherwise, each use would add a row like this:")
    else:
        title = _("Each use adds a row, for example:")
    return "\n".join(
        [
            _("🔒 <b>What is stored about you</b>"),
            title,
            _sample(row or _example(options, now)),
            _who_can_look_up(options),
            "",
            _never_stored(options),
            *_languages(options),
            " ".join(_how_long(options, in_backups)),
            _("<b>Who sees it:</b> admins, as totals only."),
            *_also_stored(options),
            _("<b>Who runs this bot:</b> {contact}").format(contact=_contact(options)),
        ]
    )


def details(options: Options) -> str:
    """Return all details of the policy: tables, columns, and what is kept how long."""
    return "\n\n".join(
        [*_details(options), _("Version: {version}").format(version=version(options))]
    )


def version(options: Options) -> str:
    """Return the version of the policy: a hash of its English text with these options."""
    with translations().use_locale(SOURCE_LOCALE):
        text = [policy(options, EXAMPLE, False, False, EXAMPLE.timestamp), *_details(options)]
    return sha256("\n".join(text).encode()).hexdigest()[:8]


def _details(options: Options) -> list[str]:
    kept = [_("An opt-out is kept until you take it back.")]
    if options.keep_trends:
        kept.append(_("Totals by day stay, without anything about a person."))
    return [
        _("🔒 <b>All details</b>"),
        *_fields(options),
        _("<b>Not linked to anyone</b>") + "\n" + "\n".join(_anonymous(options)),
        _("<b>Purpose:</b> to know how much this bot is used, and whether it works."),
        " ".join([_deleted(options), *kept]),
        _(
            "<b>Your rights:</b> /mydata sends you a copy, /forgetme erases it, /optout stops the "
            "counting, /optin allows it again. Such requests are not recorded."
        ),
    ]


def _deleted(options: Options) -> str:
    if options.on_server:
        return _(
            "<b>Deleted data</b> leaves the tables of the database server within a day, and its "
            "log when that is overwritten. Backups of the server are up to whoever runs it. If one "
            "is restored, data that was erased since has to be erased again."
        )
    return _(
        "<b>Deleted data</b> is removed from the disk, too, except from backups. If one is "
        "restored, data that was erased since is erased again."
    )


def how_long_in_backups(options: Options) -> str:
    """Return a sentence about the days that backups may hold what is deleted now."""
    # One a day: what is deleted is in the last one that is kept for as many days. Of others
    # it is only known that none is kept longer than interactions.
    days = min(options.daily_backups or options.retention_days, options.retention_days)
    return _(
        "Backups keep deleted data for up to {count} more day.",
        "Backups keep deleted data for up to {count} more days.",
        days,
    ).format(count=format_number(days))


def _example(options: Options, now: datetime) -> OwnRow:
    seconds = int(now.timestamp())
    rounded = seconds - seconds % options.timestamp_precision
    return OwnRow(InteractionType.COMMAND, datetime.fromtimestamp(rounded, now.tzinfo), 1)


def _sample(row: OwnRow) -> str:
    precision = "seconds" if row.timestamp.second else "minutes"
    date, time = row.timestamp.date().isoformat(), row.timestamp.time().isoformat(precision)
    times = f" × {format_number(row.count)}" if row.count > 1 else ""
    values = {
        _("who"): _("a random number"),
        _("what"): row.interaction_type.value + times,
        _("when"): " ".join((date, time, "UTC")),
    }
    width = max(map(len, values))
    lines = (f"{name:<{width}}  {value}" for name, value in values.items())
    return "<pre>" + "\n".join(lines) + "</pre>"


def _who_can_look_up(options: Options) -> str:
    if options.pseudonymise_user_ids:
        return _("Whoever runs the server and has its key can look up a Telegram ID they know.")
    return _("The number stands for your Telegram ID, which whoever runs the server can read.")


def _never_stored(options: Options) -> str:
    if options.also_stored is not None and not options.also_stored:
        return _("<b>Never stored:</b> texts, names, phone numbers, locations.")
    return _("<b>Never in these statistics:</b> texts, names, phone numbers, locations.")


def _languages(options: Options) -> Iterator[str]:
    """Yield a sentence about the languages of new people, if they are counted."""
    if options.count_languages:
        yield _("<b>Counted, but not linked to you:</b> the app languages of new users, by day.")


def _also_stored(options: Options) -> Iterator[str]:
    """Yield a sentence about what the bot stores besides its analytics."""
    if options.also_stored is None:
        yield _("<b>Not included:</b> what else this bot may store to do its work.")
    elif options.also_stored:
        what = " ".join(escape(_(each)) for each in options.also_stored)
        yield _("<b>Also stored:</b> {what}").format(what=what)


def _how_long(options: Options, in_backups: bool) -> Iterator[str]:
    """Yield sentences about retention, backups and what stays."""
    kept = (
        _("<b>Kept for:</b> {days}. Then only anonymous daily totals stay.")
        if options.keep_trends
        else _("<b>Kept for:</b> {days}, then deleted.")
    )
    yield kept.format(days=durations.days(options.retention_days))
    if options.on_server:
        yield _(IN_BACKUPS_OF_SERVER)
    elif options.daily_backups or in_backups:
        yield how_long_in_backups(options)


def _fields(options: Options) -> list[str]:
    about_you = ABOUT_YOU | (ABOUT_YOU_ON_SERVER if options.on_server else {})
    facts = {
        "when": durations.precision(options.timestamp_precision),
        "who": _who(options),
        "admin": _admin(options),
        "audited": durations.precision(max(options.timestamp_precision, MIN_PRECISION)),
    }
    return [
        "\n".join(
            [
                f"<b>{_(title)}</b> ({name})",
                *(f"• {column}: {_(words).format(**facts)}" for column, words in columns.items()),
            ]
        )
        for name, (title, columns) in about_you.items()
    ]


def anonymous_tables(options: Options) -> dict[str, tuple[str, tuple[str, ...]]]:
    """Return the name of each anonymous table to words for it, and its columns."""
    if not options.on_server:
        return ANONYMOUS
    on_server = {
        name: (what, (*columns, "writer") if name in COUNTERS else columns)
        for name, (what, columns) in (ANONYMOUS | ANONYMOUS_ON_SERVER).items()
    }
    on_server["settings"] = on_server.pop("file_settings")
    return on_server


def _anonymous(options: Options) -> Iterator[str]:
    for name, (what, columns) in anonymous_tables(options).items():
        words = _(what)
        if name == "daily_events" and options.count_languages:
            words = _("{counted}, and the app languages of new users").format(counted=words)
        yield f"• {words} ({name}: {', '.join(columns)})"


def _who(options: Options) -> str:
    if options.pseudonymise_user_ids:
        return _(
            "a pseudonym of your Telegram ID, made with a secret key that is kept outside the "
            "database"
        )
    return _("your Telegram ID, which this bot stores as it is")


def _admin(options: Options) -> str:
    if options.pseudonymise_user_ids:
        return _("a separate pseudonym, made for this alone")
    return _("your Telegram ID, which this bot stores as it is")


def _contact(options: Options) -> str:
    return escape(options.operator_contact) or _("the operator has named no contact")
