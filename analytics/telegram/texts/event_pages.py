"""Texts of the pages of `/stats` about events: where people come from, what they use, what fails.

A page fits on a phone: tables that are too long end with a row for all the rest.
"""

from collections.abc import Callable, Mapping, Sequence
from html import escape
from types import MappingProxyType

from analytics import OutcomeCounts, Overview, PeriodEvents, PeriodReport
from analytics.events import outcome_words
from analytics.statistics import event_figures, figures
from analytics.statistics.event_figures import Table, Within
from analytics.telegram.i18n import N_, _, format_number
from analytics.telegram.texts.cells import (
    format_cell,
    format_seconds,
    format_share,
    row_name,
)
from analytics.telegram.texts.tables import WIDTH, table

# Lines of a page, and characters of a line on the first screen, that a phone shows.
MAX_LINES, MAX_WIDTH = 25, 40
# Errors on a page, of two lines each.
MAX_ERRORS = 4
# Characters between the number of an error and its class.
GAP = 2
HIDDEN = N_("–: hidden, too few people")

Build = Callable[[int | None], Table]


def sources(shown: Overview, title: str, *, is_owner: bool, with_languages: bool) -> str:
    """Return the page about start links, chats, groups and languages.

    Owners learn how to make a link. `with_languages` tells that languages are counted.
    """
    report = shown.period
    if (events := report.events) is None:
        return _not_by_the_hour(title)
    tables: list[Build] = [
        lambda limit: _start_links(events, limit, is_owner=is_owner),
        lambda limit: event_figures.chats(events, limit),
        lambda limit: event_figures.groups(events),
    ]
    if with_languages or events.languages:
        tables.append(lambda limit: event_figures.languages(events, limit))
    below = {}
    if events.start_links:
        count = events.new_users_without_link
        said = figures.HIDDEN if count is None else format_number(count)
        below[event_figures.start_links(events).title] = [
            _("New users without a link: {count}").format(count=said)
        ]
    return "\n".join([title, *_fitted(tables, MAX_LINES - 1, report, below)])


def commands(shown: Overview, title: str, *, with_own: bool) -> str:
    """Return the page about commands, buttons and own events.

    `with_own` tells that the bot declares own events.
    """
    report = shown.period
    if (events := report.events) is None:
        return _not_by_the_hour(title)
    tables: list[Build] = [
        lambda limit: event_figures.commands(report, limit),
        lambda limit: event_figures.buttons(events, limit),
    ]
    if with_own or events.own_events:
        tables.append(lambda limit: event_figures.own_events(events, limit))
    return "\n".join([title, *_fitted(tables, MAX_LINES - 1, report)])


def errors(shown: Overview, title: str, *, is_owner: bool) -> str:
    """Return the page about what fails; only owners see errors, and where they are raised."""
    report = shown.period
    if (events := report.events) is None:
        return _not_by_the_hour(title)
    above = [title, *_health(events.all_outcomes)]
    below = _places(events) if is_owner else []
    room = MAX_LINES - len(above) - len(below)
    tables: list[Build] = [lambda limit: event_figures.subjects(report, limit)]
    return "\n".join([*above, *_fitted(tables, room, report), *below])


def health(report: PeriodReport) -> list[str]:
    """Return the line of the first screen about failures; none if nothing is known of them."""
    outcomes = report.events and report.events.all_outcomes
    if not outcomes or not outcomes.taken:
        return []
    counts = {"failed": format_number(outcomes.failed), "count": format_number(outcomes.taken)}
    most = _bound(event_figures.within(outcomes.most_within_ms))
    line = _("{failed} of {count} failed, 95% {time}").format(**counts, time=most)
    if not outcomes.handled or len(line) > MAX_WIDTH:
        line = _("{failed} of {count} failed").format(**counts)
    return [escape(line, quote=False)]


def _health(outcomes: OutcomeCounts | None) -> list[str]:
    """Return the lines about all outcomes together."""
    if outcomes is None:
        return [_(HIDDEN)]
    lines = []
    if outcomes.taken:
        lines.append(
            _("{failed} of {count} failed ({share})").format(
                failed=format_number(outcomes.failed),
                count=format_number(outcomes.taken),
                share=format_share(outcomes.failed_share),
            )
        )
    if outcomes.unanswered:
        lines.append(
            _("{count} ignored, without an answer").format(count=format_number(outcomes.unanswered))
        )
    if outcomes.handled:
        half, most = (
            _bound(event_figures.within(each))
            for each in (outcomes.half_within_ms, outcomes.most_within_ms)
        )
        lines.append(_("Time: half {half}, 95% {most}").format(half=half, most=most))
    return [escape(line, quote=False) for line in lines]


def _places(events: PeriodEvents) -> list[str]:
    """Return the lines about errors: how often, which class, and below it the place."""
    if events.all_outcomes is None:
        return []
    found = event_figures.errors(events, MAX_ERRORS)
    lines = []
    width = max((len(format_cell(each.cells[0])) for each in found.rows), default=0)
    for row in found.rows:
        name, _at, place = row_name(found, row).partition(outcome_words.AT)
        lines.append(f"{format_cell(row.cells[0]).rjust(width)}{' ' * GAP}{name}"[:WIDTH])
        if place:
            room = WIDTH - width - GAP
            shown = place if len(place) <= room else f"…{place[1 - room :]}"
            lines.append(" " * (width + GAP) + shown)
    body = f"<pre>{escape(chr(10).join(lines), quote=False)}</pre>" if lines else _(found.empty)
    return ["", f"<b>{_(found.title)}</b>", *body.split("\n")]


def _start_links(events: PeriodEvents, limit: int | None, *, is_owner: bool) -> Table:
    """Return the table of start links; owners learn how to make the first one."""
    made = event_figures.start_links(events, limit)
    return made._replace(empty=N_("No start links yet: /links makes one.")) if is_owner else made


def _not_by_the_hour(title: str) -> str:
    return f"{title}\n{_(figures.NOT_BY_THE_HOUR)}"


def _fitted(
    tables: Sequence[Build],
    lines: int,
    report: PeriodReport,
    below: Mapping[str, Sequence[str]] = MappingProxyType({}),
) -> list[str]:
    """Return tables in so many lines, with the lines `below` them by their titles."""
    whole = [build(None) for build in tables]
    # Beside its rows, a table has an empty line, its title, and the names of its columns.
    rest = sum(
        2 + bool(each.rows and each.columns) + len(below.get(each.title, ())) for each in whole
    )
    rooms = _allot([max(1, len(each.rows)) for each in whole], lines - rest)
    fitted = []
    for build, room in zip(tables, rooms, strict=True):
        made = build(room)
        fitted += ["", f"<b>{_(made.title)}</b>", *_drawn(made, report).split("\n")]
        fitted += below.get(made.title, ())
    return fitted


def _allot(wanted: Sequence[int], room: int) -> list[int]:
    """Return how many rows each table gets: what it wants, or less for the longest, last ones."""
    rooms = list(wanted)
    while sum(rooms) > room and max(rooms) > 1:
        longest = max(range(len(rooms)), key=lambda at: (rooms[at], at))
        rooms[longest] -= 1
    return rooms


def _drawn(made: Table, report: PeriodReport) -> str:
    if not made.rows:
        return _("None, or of too few people.") if report.min_users > 1 else _(made.empty)
    rows = [(row_name(made, row), *map(format_cell, row.cells)) for row in made.rows]
    if made.columns:
        rows.insert(0, ("", *(column and _(column) for column in made.columns)))
    return table(rows, gap=1)


def _bound(within: Within) -> str:
    return f"{'>' if within.is_over else '≤'} {format_seconds(within)}"
