"""Compute where a period begins, and which part of the previous one it is compared with."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from analytics.statistics.report_models import Period

HOUR = 3_600
DAY = 86_400
WEEK = 7 * DAY


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """A running period, and the same part of the previous one, in Unix seconds.

    That part ends in the hour that corresponds to the running hour. Times are kept by the hour, so
    that hour counts by the share of the running hour that has passed: steady use shows no change.
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


def span(period: Period, as_of: datetime, last: datetime) -> Span:
    """Return the span of the period that `last` is in; `as_of` is how far its last hour has come.

    7, 30 and 90 days are whole days, the running one included, since commands are counted by day;
    24 hours are whole hours.
    """
    length = int(period.length.total_seconds())
    step = step_of(period.length)
    since = int(last.timestamp()) // step * step - length + step
    running = int(last.timestamp()) // HOUR * HOUR
    return Span(
        since=since,
        before=since - length,
        middle=running - length,
        passed=min(1.0, (as_of.timestamp() - running) / HOUR),
    )


def step_of(length: timedelta) -> int:
    """Return the step of a length, in seconds: an hour for up to a day, else a day."""
    return HOUR if length <= timedelta(days=1) else DAY
