"""Sentences of `/links`."""

from collections.abc import Mapping, Sequence
from html import escape

from analytics import LinkCounts, StartLink
from analytics.events.links import MAX_LINKS, MAX_NAME_LENGTH
from analytics.statistics.figures import HIDDEN
from analytics.telegram.i18n import N_, _, format_date, format_number
from analytics.telegram.texts import durations

CONFIRM = N_("Yes, retire it")
NAME_IN_USE = N_("Another link has this name. Give another name, or retire that link first: /links")
TOO_OLD = N_("This button has expired or is not yours. Nothing was retired. Send /links again.")


def listed(
    links: Sequence[StartLink], reports: Sequence[Mapping[str, LinkCounts]], username: str
) -> str:
    """Return a page of the answer to /links; `username` is the bot's.

    `reports` are of 7, 30 and 90 days, each from code to counts, or empty if there are none yet.
    """
    title = _("<b>Start links</b>")
    blocks = ["\n".join([_block(each, username), *_counts(each, reports)]) for each in links]
    how = _("Send <code>/links channel-ad</code> for a link with this name.")
    if not blocks:
        how = "\n\n".join([_("There are no links yet."), how, _(MEANING)])
    elif reports:
        title += "\n" + _("Counts are of 7, 30 and 90 days.")
    return "\n\n".join([title, *blocks, how])


def made(link: StartLink, username: str) -> str:
    """Return the answer to /links with a name; `username` is the bot's."""
    return "\n\n".join([f"✅ {_block(link, username)}", _(MEANING)])


MEANING = N_(
    "A link opens the bot. Its starts are counted by day, and how many of them are by new users; "
    "who they are is not stored with it."
)


def _block(link: StartLink, username: str) -> str:
    """Return the lines of a link."""
    name = f"<b>{escape(link.name)}</b>"
    if link.retired is not None:
        return _("{name}, retired {date}").format(name=name, date=format_date(link.retired.date()))
    address = f"<code>https://t.me/{escape(username)}?start={link.code}</code>"
    return f"{name}\n{address}"


def _counts(link: StartLink, reports: Sequence[Mapping[str, LinkCounts]]) -> list[str]:
    """Return the line with the counts of a link, none without reports."""
    if not reports:
        return []
    counts = [each.get(link.code) for each in reports]
    starts = [HIDDEN if each is None else format_number(each.starts) for each in counts]
    new = [
        HIDDEN if each is None or each.new_users is None else format_number(each.new_users)
        for each in counts
    ]
    return [
        _("Starts: {starts}; new users: {new}").format(
            starts=" · ".join(starts), new=" · ".join(new)
        )
    ]


def retire(link: StartLink) -> str:
    """Return the label of the button that asks whether to retire a link."""
    return _("Retire: {name}").format(name=link.name)


def would_be_retired(link: StartLink, retention_days: int) -> str:
    """Return the question before a link is retired; what it counted is kept for the retention."""
    return "\n\n".join(
        [
            _("<b>Retire {name}?</b>").format(name=escape(link.name)),
            _(
                "The link still opens the bot, but its starts are no longer counted by its name. "
                "Earlier counts are kept for {days}."
            ).format(days=durations.days(retention_days)),
            _("This cannot be undone. The button works for five minutes."),
        ]
    )


def wrong_name() -> str:
    return _(
        "Give a name of up to {longest} characters in one line, as in "
        "<code>/links channel-ad</code>."
    ).format(longest=MAX_NAME_LENGTH)


def too_many() -> str:
    return _("The limit of {count} links is reached. Retire one first: /links").format(
        count=format_number(MAX_LINKS)
    )
