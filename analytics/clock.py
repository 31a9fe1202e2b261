"""Tell the time: by the wall clock, or by Telegram's dates where that one is wrong."""

import logging
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

logger = logging.getLogger(__name__)

# More than the clocks of phones and of Telegram stray, or an answer takes: beyond it, the clock of
# this computer is wrong.
TOLERANCE = timedelta(minutes=5)
# A clock that is corrected by hand moves less; Telegram keeps an update no longer.
MAX_STEP = timedelta(days=1)


def utc_now() -> datetime:
    """Return the current time, aware, in UTC."""
    return datetime.now(UTC)


def from_unix(seconds: float) -> datetime:
    """Return Unix seconds as an aware datetime, in UTC."""
    return datetime.fromtimestamp(seconds, UTC)


def http_date(text: str | None) -> datetime | None:
    """Return the time of a `Date` header, None without a readable one."""
    try:
        return parsedate_to_datetime(text).astimezone(UTC) if text else None
    except ValueError:
        return None


class GuardedClock:
    """The wall clock while Telegram's dates agree with it, otherwise the time by these dates.

    A computer without a clock of its own starts in the past, and one that is suddenly years ahead
    would make everything look past retention. Between Telegram's dates, and until the first one,
    time advances by the monotonic clock. Nothing is to be deleted before `is_confirmed`. A call
    returns an aware datetime.
    """

    def __init__(
        self,
        wall: Callable[[], datetime] = utc_now,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._wall = wall
        self._monotonic = monotonic
        self._has_date = False  # of Telegram's
        self._is_wrong = False  # the wall clock, at Telegram's last date
        self._believe(wall())

    def __call__(self) -> datetime:
        return self._expected() if self._is_wrong or self.is_skewed else self._wall()

    @property
    def is_skewed(self) -> bool:
        """True if the wall clock is more than a day from the time that is believed."""
        return abs(self._wall() - self._expected()) > MAX_STEP

    @property
    def is_confirmed(self) -> bool:
        """True if Telegram's dates agree with the wall clock within a day."""
        return self._has_date and not self.is_skewed

    @property
    def knows_telegram_time(self) -> bool:
        """True from Telegram's first date on: the time is by its dates, or agrees with them."""
        return self._has_date

    def observe(self, now: datetime) -> None:
        """Take `now`, aware, as the current time at Telegram's servers."""
        wall = self._wall()
        ahead = wall - now
        was_right = self._has_date and not self._is_wrong
        if was_right and ahead > TOLERANCE and abs(wall - self._expected()) <= TOLERANCE:
            return  # an answer that took long
        self._has_date = True
        # A smaller tolerance on the way back, so that it does not change back and forth.
        is_wrong = abs(ahead) > (TOLERANCE / 2 if self._is_wrong else TOLERANCE)
        if is_wrong != self._is_wrong:
            self._is_wrong = is_wrong
            self._log(ahead)
        self._believe(now if is_wrong else self._wall())

    def observe_updates(self, dates: Sequence[datetime]) -> None:
        """Take the dates, aware, of updates that Telegram sent just now.

        The newest is at most a day old, as Telegram keeps an update no longer.
        """
        if not dates:
            return
        wall, newest = self._wall(), max(dates)
        if newest - self() > TOLERANCE:
            # No update is from the future. After sleep it is the monotonic clock that is late.
            self.observe(wall if -TOLERANCE <= wall - newest <= MAX_STEP else newest)
        elif not self._has_date and wall - newest <= MAX_STEP:
            self.observe(wall)
        elif not self._has_date and len(dates) > 1:
            # One old date may be odd; several, and no new one, show that the clock is ahead.
            self.observe(newest)

    def _believe(self, now: datetime) -> None:
        self._start, self._start_monotonic = now, self._monotonic()

    def _expected(self) -> datetime:
        return self._start + timedelta(seconds=self._monotonic() - self._start_monotonic)

    def _log(self, ahead: timedelta) -> None:
        if not self._is_wrong:
            logger.warning("the clock of this computer agrees with Telegram's again")
            return
        logger.warning(
            "the clock of this computer is %s %s Telegram's: sync it, e.g. with NTP. "
            "Until then, Telegram's time is used%s",
            timedelta(seconds=round(abs(ahead).total_seconds())),
            "ahead of" if ahead > timedelta(0) else "behind",
            ", and nothing is deleted by schedule" if abs(ahead) > MAX_STEP else "",
        )
