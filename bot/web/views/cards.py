"""Cards: numbers of a period with their change, and a small line where there is a series."""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from analytics import Cohorts, History, Overview, Period, PeriodEvents, PeriodReport, figures
from analytics.telegram import (
    N_,
    _,
    format_cell,
    format_figure,
    format_number,
    format_percent,
    format_share,
)
from bot.web.views.filtering import total
from bot.web.views.look import Comparison, Look, Only

# The box of a line, whose width is stretched to that of its card.
WIDTH, HEIGHT = 100, 24
# Pixels above and below a line, which is so thick itself.
ROOM = 2
DAY = timedelta(days=1)
STICKINESS, FAILURES = N_("Stickiness"), N_("Failures")
# In the order of the page; those of no name here are left to the state and the tables.
INTERACTIONS, ACTIVE, NEW = (
    N_("Interactions"),
    N_("Active users in the period"),
    N_("New users"),
)
IN_PERIOD = (
    *(INTERACTIONS, ACTIVE, NEW),
    *(N_("Returning users"), N_("Blocked the bot"), N_("Unblocked the bot")),
)


class Card(NamedTuple):
    """A number with its name; `change` compares it, `lines` are the points of a line in SVG.

    There are several lines where a part of the series is not known.
    """

    name: str
    value: str
    change: str = ""
    lines: Sequence[str] = ()


def of_period(shown: Overview, history: History, cohorts: Cohorts, look: Look) -> list[Card]:
    """Return the cards of a period; its history and, by the week, its cohorts are the lines."""
    series = {
        INTERACTIONS: of_buckets(history, "interactions"),
        ACTIVE: of_buckets(history, "active_users"),
        NEW: _new_users(cohorts, shown.period.period),
    }
    found = {each.name: each for each in [*figures.of_period(shown), *figures.details(shown)]}
    if look.compare is Comparison.YEAR:
        found = {name: each._replace(before=None) for name, each in found.items()}
        before = shown.period.interactions_year_ago
        found[INTERACTIONS] = found[INTERACTIONS]._replace(before=before)
    shown_figures = [found[name] for name in IN_PERIOD if name in found]
    return [
        *(card(each, look, series.get(each.name, ())) for each in shown_figures),
        *_failures(shown.period.events),
    ]


def active_users(shown: Overview, cohorts: Cohorts) -> list[Card]:
    """Return the cards of active users, and how many of a month's are active on a day."""
    share = cohorts.stickiness
    return [
        *(Card(_(each.name), format_figure(each)) for each in figures.active_users(shown)),
        Card(_(STICKINESS), figures.HIDDEN if share is None else format_percent(share)),
    ]


def of_days(history: History, before: History | None, look: Look) -> Card:
    """Return the card of the sum of some days, compared with that of others if all are over."""
    is_over = history.as_of.date() >= history.since.date() + history.length
    earlier = before.total if before and is_over else None
    return card(
        figures.Figure(INTERACTIONS, history.total, earlier),
        look,
        of_buckets(history, "interactions"),
    )


def of_filter(look: Look, report: PeriodReport, history: History, name: str) -> list[Card]:
    """Return the cards of what a filter leaves: the sum, its share, and what else is counted."""
    chosen, whole = look.filter, report.interactions
    assert chosen is not None
    count = total(chosen, report) if look.is_running else history.total
    value = figures.HIDDEN if count is None else format_number(count)
    found = [Card(name, value, "", lines(of_buckets(history, "interactions")))]
    if not look.is_running:
        return found
    if count is not None and whole:
        found.append(Card(_("Of all interactions"), format_share(count / whole)))
    if chosen.kind and report.events:
        outcomes = report.events.outcome_of(chosen.kind, chosen.word)
        if outcomes and outcomes.taken:
            found.append(Card(_(FAILURES), format_share(outcomes.failed_share)))
    if chosen.only is Only.SOURCE and report.events:
        link = report.events.start_links.get(chosen.word)
        new = figures.HIDDEN if link is None else format_cell(link.new_users)
        found.append(Card(_(NEW), new))
    return found


def card(figure: figures.Figure, look: Look, series: Sequence[int | None] = ()) -> Card:
    """Return the card of a figure; None in its series is a time that is not known."""
    change = ""
    if look.compare is not Comparison.NONE and isinstance(figure.value, int):
        change = figures.change(figure.value, figure.before, format_percent, _(figures.NEW))
    name = _(figures.ACTIVE_USERS) if figure.name == ACTIVE else _(figure.name)
    return Card(name, format_figure(figure), change, lines(series))


def of_buckets(history: History, name: str) -> list[int | None]:
    """Return the series of a number of the buckets, None where there is no bucket.

    The last one is left out while it is not complete: it would look like a fall.
    """
    if not history.buckets:
        return []
    first = min(each.since for each in history.buckets)

    def place(moment: datetime) -> int:
        if history.step < DAY:
            return (moment - first) // history.step
        # Days are of 23 or 25 hours where clocks change.
        return (moment.date() - first.date()).days

    known = {place(each.since): getattr(each, name) for each in history.buckets}
    return [known.get(at) for at in range(place(history.as_of))]


def lines(series: Sequence[int | None]) -> list[str]:
    """Return the points of the lines of a series, each of two or more known numbers in a row."""
    found: list[list[str]] = [[]]
    most = max((number for number in series if number), default=1)
    for at, number in enumerate(series):
        if number is None:
            found.append([])
            continue
        left = WIDTH * at / (len(series) - 1) if len(series) > 1 else 0
        top = HEIGHT - ROOM - (HEIGHT - 2 * ROOM) * number / most
        found[-1].append(f"{left:.4g},{top:.4g}")
    return [" ".join(points) for points in found if len(points) > 1]


def _new_users(cohorts: Cohorts, period: Period) -> list[int | None]:
    """Return the new users of each whole week, as far as the weeks lie in the period."""
    begin = (cohorts.as_of - period.length).date()
    weeks = [each for each in cohorts.cohorts if each.since != cohorts.running]
    return [each.size for each in weeks if each.since >= begin]


def _failures(events: PeriodEvents | None) -> Iterator[Card]:
    """Yield the share of the updates that a handler took and that failed; none by the hour."""
    if events is None:
        return
    outcomes = events.all_outcomes
    if outcomes is None:
        yield Card(_(FAILURES), figures.HIDDEN)
    elif outcomes.taken:
        share = outcomes.failed_share
        yield Card(_(FAILURES), format_share(share))
