"""Where a period begins, and which part of the one before it is compared with it."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from analytics.statistics.periods import Period

HOUR = 3_600
DAY = 86_400


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """A period that runs, and the same part of the one before it; Unix seconds.

    The part ends in the hour that the running hour corresponds to. Times are kept by the hour, so
    of that one as much counts as has passed of the running hour: steady use shows no change.
    """

    since: int
    """The beginning of the period: of an hour for 24 hours, else of a day."""
    before: int
    """The beginning of the period before."""
    middle: int
    """The beginning of the hour that corresponds to the running one."""
    passed: float
    """Which part of the running hour has passed, 0 to 1."""

    def interpolate(self, complete: int, with_hour: int) -> int:
        """Return the number for the part, from those of its complete hours, and with the hour."""
        return complete + round(self.passed * (with_hour - complete))


def span(period: Period, as_of: datetime, last: datetime) -> Span:
    """Return the period that `last` is in; `as_of` is how far its running hour has come.

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
    """Return how long the parts of a time are: an hour up to a day, else a day."""
    return HOUR if length <= timedelta(days=1) else DAY
