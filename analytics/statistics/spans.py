"""Compute where a period begins, and which part of the previous one it is compared with."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from analytics.calendar import HOUR, Calendar
from analytics.statistics.report_models import Period

DAYS_OF_WEEK = 7
# Weeks of a report of cohorts: a retention of 90 days has 12 whole ones before the running one.
MAX_WEEKS = 13
# The whole days whose active users are averaged for the stickiness.
STICKINESS_DAYS = 30


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """A running period, and the same part of the previous one, in Unix seconds.

    That part has as many hours, also where days are of 23 or 25 hours. It ends in the hour that
    corresponds to the running hour. Times are kept by the hour, so that hour counts by the share of
    the running hour that has passed: steady use shows no change.
    """

    since: int
    """The beginning of the period: of an hour for 24 hours, else of a day."""
    before: int
    """The beginning of the previous period."""
    middle: int
    """The beginning of the hour that corresponds to the running one."""
    passed: float
    """The share of the running hour that has passed, 0 to 1."""

    def interpolate(self, complete: int, with_hour: int) -> int:
        """Return the number for the compared part of the previous period.

        `complete` is the number for its complete hours, `with_hour` that with the hour after them.
        """
        return complete + round(self.passed * (with_hour - complete))


def span(period: Period, as_of: datetime, last: datetime, calendar: Calendar) -> Span:
    """Return the span of the period that `last` is in; `as_of` is how far its last hour has come.

    7, 30 and 90 days are whole days, the running one included, since commands are counted by day.
    The previous period begins on the same weekday, whole weeks earlier: 1, 5 or 13. 24 hours are
    whole hours.
    """
    running = int(last.timestamp()) // HOUR * HOUR
    if period is Period.DAY:
        hours = int(period.length.total_seconds())
        since, before = running - hours + HOUR, running - 2 * hours + HOUR
    else:
        first = calendar.day(running) - period.length.days + 1
        since = calendar.begin(first)
        before = calendar.begin(first - whole_weeks(period.length.days))
    return Span(
        since=since,
        before=before,
        middle=before + running - since,
        passed=min(1.0, (as_of.timestamp() - running) / HOUR),
    )


def whole_weeks(days: int) -> int:
    """Return the days of the whole weeks that so many days fit into."""
    return -(-days // DAYS_OF_WEEK) * DAYS_OF_WEEK


def windows(length: timedelta, last: datetime, calendar: Calendar) -> list[tuple[int, int]]:
    """Return the hours or days of the `length` that ends with the one that `last` is in.

    Each is a beginning and an end, in Unix seconds: of an hour for up to a day, else of a day.
    Days that a change of the zone skips are left out.
    """
    newest = int(last.timestamp()) // HOUR * HOUR
    if length <= timedelta(days=1):
        hours = int(length.total_seconds()) // HOUR
        begins = [newest - n * HOUR for n in range(hours)][::-1]
        return [(begin, begin + HOUR) for begin in begins]
    today = calendar.day(newest)
    days = range(today - length.days + 1, today + 1)
    return [each for each in map(calendar.window, days) if each[0] < each[1]]


def weeks(last: datetime, calendar: Calendar) -> range:
    """Return the weeks of a report of cohorts: 13, the last one is that which `last` is in."""
    newest = calendar.week(calendar.day(int(last.timestamp())))
    return range(newest - MAX_WEEKS + 1, newest + 1)


def whole_days(as_of: datetime, calendar: Calendar) -> range:
    """Return the 30 days that are averaged for the stickiness: those before the day of `as_of`."""
    today = calendar.day(int(as_of.timestamp()))
    return range(today - STICKINESS_DAYS, today)
