"""Figures of a report under their names, as `/stats` and `python main.py stats` show them."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import NamedTuple

from analytics.marking import N_
from analytics.models import TYPE_NAMES, InteractionType
from analytics.statistics.report_models import (
    AdminReport,
    Missing,
    Overview,
    Period,
    PeriodReport,
)
from analytics.time_zones import label

ACTIVE_USERS = N_("Active users")
BY_TYPE = N_("By type")
COMMANDS = N_("Commands")
DETAILS = N_("Details")
LAST = {
    Period.DAY: N_("Last 24 hours"),
    Period.WEEK: N_("7 calendar days"),
    Period.MONTH: N_("30 calendar days"),
    Period.QUARTER: N_("90 calendar days"),
}
# Whole weeks earlier, so that both begin on the same weekday.
COMPARED = {
    Period.DAY: N_("vs. the period before"),
    Period.WEEK: N_("vs. the period before"),
    Period.MONTH: N_("vs. 5 weeks earlier"),
    Period.QUARTER: N_("vs. 13 weeks earlier"),
}
NOT_COMPARED = {
    Missing.NOT_YET: N_("no earlier data"),
    Missing.DELETED: N_("earlier data deleted"),
}
NOT_BY_THE_HOUR = N_("Counted by day: choose 7 days or more.")
NEW = N_("new")
OTHER = InteractionType.OTHER.value
OTHER_COMMANDS = N_("other")
HIDDEN = "–"
# The scheduled cleanup runs each day.
CLEANUP_OVERDUE = timedelta(days=2)


class Figure(NamedTuple):
    """A figure and its name in English; `before` is what it is compared with.

    `otherwise` is shown in the place of a value that is None.
    """

    name: str
    value: int | datetime | timedelta | str | None
    before: int | None = None
    otherwise: str = HIDDEN


def compared(report: PeriodReport) -> str:
    """Return what a period is compared with, or why it is not."""
    missing = report.before_missing
    return COMPARED[report.period] if missing is None else NOT_COMPARED[missing]


def active_users(overview: Overview) -> list[Figure]:
    report = overview.whole
    return [
        Figure(N_("daily"), report.daily_active_users),
        Figure(N_("weekly"), report.weekly_active_users),
        Figure(N_("monthly"), report.monthly_active_users),
    ]


def of_period(overview: Overview) -> list[Figure]:
    report = overview.period
    return [
        Figure(N_("Interactions"), report.interactions, report.interactions_before),
        Figure(N_("New users"), report.new_users),
        Figure(N_("Returning users"), report.returning_users),
    ]


def by_type(overview: Overview) -> list[Figure]:
    counts = overview.period.interaction_types_breakdown
    return [Figure(TYPE_NAMES.get(name, name), count) for name, count in counts.items()]


def commands(overview: Overview) -> list[Figure]:
    """Return the uses of each command.

    The figures add up to the count of the type `command`. In 24 h there are none, since commands
    are counted by day.
    """
    report = overview.period
    if report.period is Period.DAY:
        return []
    names = [name for name in report.commands if name != OTHER]
    named = [Figure(f"/{name}", report.commands[name]) for name in names]
    rest = report.commands.get(OTHER, 0)
    return [*named, Figure(OTHER_COMMANDS, rest)] if rest else named


def details(overview: Overview) -> list[Figure]:
    report, whole = overview.period, overview.whole
    figures = [
        Figure(N_("Active users in the period"), report.active_users, report.active_users_before),
        Figure(N_("Busiest hour"), _hour(report.busiest_hour, label(report.timezone))),
    ]
    if report.interactions_year_ago is not None:
        figures.append(Figure(N_("Interactions a year ago"), report.interactions_year_ago))
    if report.period is not Period.DAY:
        figures += [
            Figure(N_("Blocked the bot"), report.blocked),
            Figure(N_("Unblocked the bot"), report.unblocked),
        ]
    return [*figures, *state(whole)]


def state(report: AdminReport) -> list[Figure]:
    """Return what is stored, how long it is kept, and what waits."""
    return [
        Figure(N_("Stored interactions"), report.total_interactions),
        Figure(N_("Oldest interaction"), report.oldest_interaction, otherwise=N_("none")),
        Figure(N_("Kept for"), timedelta(days=report.retention_days)),
        Figure(N_("Last cleanup"), report.last_cleanup, otherwise=N_("never")),
        Figure(N_("Deleted by it"), report.last_cleanup_deleted),
        Figure(N_("Waiting to be recorded"), report.backlog),
        Figure(N_("Never recorded"), report.dropped),
    ]


def is_cleanup_overdue(report: AdminReport) -> bool:
    """Tell whether an interaction is kept for two days longer than it should be."""
    oldest, kept = report.oldest_interaction, timedelta(days=report.retention_days)
    return oldest is not None and report.as_of - oldest >= kept + CLEANUP_OVERDUE


def change(now: int | None, before: int | None, percent: Callable[[float], str], new: str) -> str:
    """Return an arrow and the change in percent, "=" for no change, "" if a count is not known.

    `percent` formats a fraction; `new` is the word for a change from 0.
    """
    if now is None or before is None:
        return ""
    if now == before:
        return "="
    if not before:
        return f"▲ {new}"
    arrow, part = "▲" if now > before else "▼", abs(now - before) / before
    if now and arrow == "▼":
        part = min(part, 0.99)  # 100% only if nothing is left
    if part < 0.01:
        return f"{arrow} <{percent(0.01)}"
    return f"{arrow} >{percent(9.99)}" if part > 9.99 else f"{arrow} {percent(part)}"


def _hour(begin: int | None, zone: str) -> str | None:
    return None if begin is None else f"{begin:02}:00–{(begin + 1) % 24:02}:00 {zone}"
