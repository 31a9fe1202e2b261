"""Definitions of what `/stats` shows."""

from collections.abc import Iterator

from analytics import Calendar
from analytics.telegram.i18n import _, format_number


def of_figures(min_users: int, calendar: Calendar) -> str:
    """Return what the first screen and the details mean; `min_users` is BREAKDOWN_MIN_USERS."""
    lines = [
        _("❓ <b>What do these mean?</b>"),
        _(
            "<b>Active users</b>: distinct users with at least one interaction in the last "
            "24 hours (daily), 7 × 24 hours (weekly) or 30 × 24 hours (monthly)."
        ),
        _(
            "<b>Interactions</b>: messages, commands, button clicks and the like that the bot "
            "received."
        ),
        _(
            "<b>Period</b>: 24 hours, or 7, 30 or 90 calendar days, including the current hour or "
            "day. So new and returning users do not add up to weekly active users."
        ),
        " ".join(_time_zone(calendar)),
        _(
            "<b>▲ ▼</b>: change from the same part of an earlier period. 7, 30 or 90 days are "
            "compared with as many that began on the same weekday, 1, 5 or 13 weeks earlier. "
            "Details also have the same days of 52 weeks earlier, if they are known."
        ),
        _(
            "<b>New users</b>: first seen in this period. Someone whose data has expired counts "
            "as new again."
        ),
        _("<b>Returning users</b>: seen before this period, too."),
        _("<b>Never recorded</b>: lost because the database could not be written for too long."),
    ]
    if min_users > 1:
        lines.append(
            _(
                "<b>–</b>: hidden, as it could be about fewer than {count} people "
                "(BREAKDOWN_MIN_USERS)."
            ).format(count=format_number(min_users))
        )
    return "\n\n".join(lines)


def of_events(*, with_languages: bool) -> str:
    """Return what the pages about events mean; `with_languages` tells that these are counted."""
    lines = [
        _("❓ <b>Sources, commands, errors</b>"),
        _("All of this is counted by day and without identity, of everybody together."),
        _(
            "<b>Start links</b>: made by owners with /links. Starts by them, and the new users "
            "among these. Starts by any other link are <i>other</i>."
        ),
        _("<b>By kind of chat</b>: where interactions took place; <i>inline</i> is in any chat."),
        _("<b>Groups and channels</b>: how often the bot was added to them and removed."),
    ]
    if with_languages:
        lines.append(_("<b>Languages</b>: of the Telegram apps of new users."))
    return "\n\n".join(
        [
            *lines,
            _("<b>Buttons</b>: by the names that this bot's code gives them."),
            _(
                "<b>Own events</b>: counted by this bot's code; <i>per user</i> is their number "
                "per active user of the period."
            ),
            _(
                "<b>failed</b>: the code that answers raised an error. <b>ignored</b>: nothing in "
                "the code answers such an update."
            ),
            _("<b>95%</b>: the time in which 95% of the answers were ready, rounded up."),
            _(
                "<b>Who comes back</b>: of the users who were new in a week, from Monday on, those "
                "who used the bot again in a later week. It begins with the first whole week."
            ),
            _(
                "<b>Stickiness</b>: daily active users, averaged over the last 30 whole days, per "
                "user active in these days or today."
            ),
        ]
    )


def _time_zone(calendar: Calendar) -> Iterator[str]:
    yield _("<b>Time zone</b> of days and hours: {zone}.").format(zone=calendar.zone.key)
    if calendar.is_rounded:
        yield _("Its days are rounded: they begin with the first full UTC hour after midnight.")
