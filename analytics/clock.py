"""The wall clock, as far as it can be believed."""

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

# A clock that is set right by hand, or a change to and from daylight saving time, moves less.
LARGEST_STEP = timedelta(days=1)


def utc_now() -> datetime:
    return datetime.now(UTC)


class GuardedClock:
    """Believes the wall clock at start, and while it does not run away from the monotonic one.

    A wall clock that is suddenly years ahead would make everything look past retention. Until
    dates that Telegram sends confirm it, time goes on as the monotonic clock counts it.
    """

    def __init__(
        self,
        wall: Callable[[], datetime] = utc_now,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._wall = wall
        self._monotonic = monotonic
        self._believe()

    def __call__(self) -> datetime:
        return self._expected() if self.ran_away else self._wall()

    @property
    def ran_away(self) -> bool:
        """Whether the two clocks are more than a day apart."""
        return abs(self._wall() - self._expected()) > LARGEST_STEP

    def hear(self, date: datetime) -> None:
        """Told a date that Telegram sent just now: one that agrees confirms the wall clock.

        A computer that slept is such a case: its monotonic clock slept, too.
        """
        if self.ran_away and abs(self._wall() - date) <= LARGEST_STEP:
            self._believe()

    def _believe(self) -> None:
        self._start, self._start_monotonic = self._wall(), self._monotonic()

    def _expected(self) -> datetime:
        return self._start + timedelta(seconds=self._monotonic() - self._start_monotonic)
