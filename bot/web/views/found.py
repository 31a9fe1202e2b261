"""The findings of a look: the numbers of its days, and of those that they are compared with."""

from dataclasses import dataclass
from datetime import timedelta
from functools import partial

from analytics import AnalyticsService, EventKind, History, Overview, Period
from bot.web.views import days
from bot.web.views.asked import MAX_DAYS
from bot.web.views.filtering import filter_name, filtered
from bot.web.views.look import Comparison, Look


@dataclass(frozen=True, kw_only=True)
class Found:
    """The findings of a look, with its filter if it has one."""

    look: Look
    shown: Overview
    """The report of the period, or of 7 days for a look that is of none."""
    history: History
    before: History | None
    """The history that it is compared with; None if nothing is known of it."""
    types: dict[str, int] | None
    """The sums of the types without the filter; None if a day is not known or hidden."""
    words: dict[EventKind, dict[str, int]] | None
    """Those of commands, buttons and starts by links."""
    whole: History
    """The longest history that there is."""

    @property
    def file_name(self) -> str:
        """The name of a file of it, without its ending."""
        if self.look.is_running and not self.look.filter:
            return f"statistics-{self.look.period}"
        first, last = days.dates(self.look, self.whole)
        return f"statistics-{first}-{last}"

    @property
    def only(self) -> str:
        """The name of the filter, "" without one."""
        return filter_name(self.look.filter, self.shown.period) if self.look.filter else ""


async def find(look: Look, analytics: AnalyticsService) -> Found:
    """Return the findings of a look.

    Raises BadDates for days that no history can have, NoReportYet before the first complete
    interval, and AnalyticsError if the database cannot be read.
    """
    reports = analytics.reports
    is_of_period = not (look.is_year or look.dates)
    period = Period(look.period) if is_of_period else Period.WEEK
    shown = await reports.overview(period, at_once=True)
    whole = await reports.history(timedelta(days=MAX_DAYS))
    length, first = days.length(look), days.dates(look, whole).first
    if look.back or look.dates or (look.filter and look.is_by_day):
        history = days.part(whole, first, length)
    else:
        history = await reports.history(length)
    before = None
    if look.is_by_day and not look.is_year:
        if look.compare is Comparison.BEFORE:
            before = days.part(whole, first - days.shift(look), length)
        elif look.compare is Comparison.YEAR and look.is_running:
            before = await reports.year_ago(Period(look.period))
    is_hiding = shown.period.min_users > 1
    types = None if look.is_running else days.types(history, is_hiding=is_hiding)
    event_days = await reports.event_days() if look.filter or types else None
    words = event_days.sums(*days.dates(look, whole), types) if event_days and types else None
    if look.filter and event_days:
        left = partial(filtered, chosen=look.filter, days=event_days, report=shown.period)
        history, before = left(history), before and left(before)
    if before and all(each.interactions is None for each in before.buckets):
        before = None
    return Found(
        look=look,
        shown=shown,
        history=history,
        before=before,
        types=types,
        words=words,
        whole=whole,
    )
