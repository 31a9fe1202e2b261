"""Tell days and hours of the day in the operator's time zone; what is stored is in UTC."""

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta, timezone
from functools import lru_cache
from zoneinfo import ZoneInfo

HOUR = 3_600
STANDARD_DAY = 86_400
EPOCH = date(1970, 1, 1)
# The hours that are remembered, with their days: more than a year.
REMEMBERED = 10_000
# A year that all zones have rules for, but no changes of these that are known today.
USUAL_YEAR = 2037


class Calendar:
    """The days of one or more time zones, each in effect since a moment.

    Days are days since 1970 and follow each other without a gap. Each hour, UTC, belongs to the day
    that it begins in: in a zone that is not at whole hours, days begin up to 45 minutes late.
    A day that has begun before the zone changes goes on until the next one begins in the new zone;
    what was counted by day before stays as it was counted.
    """

    def __init__(self, zones: Sequence[tuple[int, str]] = ((0, "UTC"),)) -> None:
        """Take the zones by their IANA names, in the order of the moments that they hold since.

        These are whole hours in Unix seconds, and the first one is 0.
        Raises ZoneInfoNotFoundError for a zone that this computer does not know.
        """
        self.change(zones)

    def change(self, zones: Sequence[tuple[int, str]]) -> None:
        """Take other zones; what was counted by day stays as it is.

        Raises ZoneInfoNotFoundError, having changed nothing, as at the beginning.
        """
        known = [ZoneInfo(name) for _since, name in zones]
        self.zones = [(since, name) for since, name in zones]
        """The moments and names of the zones."""
        self._since = [since for since, _name in zones]
        self._zones = known
        self._day_of_hour = lru_cache(REMEMBERED)(self._find_day)
        self._place_in_week = lru_cache(REMEMBERED)(self._find_place)
        # The last day that began in each zone but the newest.
        self._last_days: list[int] = []
        for since in self._since[1:]:
            self._last_days.append(self._find_day(since // HOUR - 1))

    @property
    def zone(self) -> ZoneInfo:
        """The newest zone."""
        return self._zones[-1]

    @property
    def is_rounded(self) -> bool:
        """True if the newest zone is not at whole hours, so that its days begin late."""
        usual = [datetime(USUAL_YEAR, month, 1, tzinfo=self.zone) for month in (1, 7)]
        return any((each.utcoffset() or timedelta(0)) % timedelta(hours=1) for each in usual)

    def day(self, timestamp: int) -> int:
        """Return the day of a moment in Unix seconds, by the zone of that moment."""
        return self._day_of_hour(timestamp // HOUR)

    def begin(self, day: int) -> int:
        """Return the beginning of a day in Unix seconds: a whole hour.

        Days are of 23 or 25 hours where summer time begins or ends. A day that a change of the zone
        skips begins, and ends, with the next one.
        """
        at = bisect_left(self._last_days, day)
        midnight = datetime.combine(self.date(day), time(), self._zones[at])
        begin = -(-int(midnight.timestamp()) // HOUR) * HOUR
        return max(begin, self._since[at]) if at else begin

    def window(self, day: int) -> tuple[int, int]:
        """Return the beginning of a day, and that of the next one, in Unix seconds."""
        return self.begin(day), self.begin(day + 1)

    def floor(self, timestamp: int, step: int) -> int:
        """Return a moment in Unix seconds, rounded down to a step of so many seconds.

        Steps of whole days are counted from 1970 on. Those of more than an hour that divide a day
        are counted from its beginning; where it is longer or shorter, so is the last one. All
        others are counted from 1970 on, UTC.
        """
        if step <= HOUR or (STANDARD_DAY % step and step % STANDARD_DAY):
            return timestamp // step * step
        day = self.day(timestamp)
        if step >= STANDARD_DAY:
            days = step // STANDARD_DAY
            return self.begin(day // days * days)
        begin = self.begin(day)
        return begin + min((timestamp - begin) // step, STANDARD_DAY // step - 1) * step

    def local(self, moment: datetime) -> datetime:
        """Return an aware time as in the zone of that moment, with its offset."""
        local = moment.astimezone(self._zones[self._at(moment.timestamp())])
        return local.replace(tzinfo=_fixed(local))

    def hour_of_week(self, timestamp: int) -> tuple[int, int]:
        """Return the weekday, 0 for Monday, and the hour of a moment, in the newest zone."""
        return self._place_in_week(timestamp // HOUR)

    def hour_of_day(self, timestamp: int) -> int:
        """Return the hour of the day of a moment in Unix seconds, 0 to 23, in the newest zone."""
        _weekday, hour = self.hour_of_week(timestamp)
        return hour

    @staticmethod
    def offset_name(moment: datetime) -> str:
        """Return the offset of an aware time: UTC, UTC+2 or UTC-3:30."""
        minutes = (moment.utcoffset() or timedelta(0)) // timedelta(minutes=1)
        if not minutes:
            return "UTC"
        hours, rest = divmod(abs(minutes), 60)
        return f"UTC{'+' if minutes > 0 else '-'}{hours}" + (f":{rest:02}" if rest else "")

    @staticmethod
    def date(day: int) -> date:
        """Return the date of a day."""
        return EPOCH + timedelta(days=day)

    @staticmethod
    def week(day: int) -> int:
        """Return the week of a day, in weeks since 1970 that begin on Mondays."""
        return (day + 3) // 7

    @staticmethod
    def monday(week: int) -> int:
        """Return the first day of a week."""
        return 7 * week - 3

    @staticmethod
    def weekday(day: int) -> int:
        """Return the weekday of a day: 0 for Monday to 6."""
        return (day + 3) % 7

    def _at(self, timestamp: float) -> int:
        """Return the place of the zone that is in effect at a moment."""
        return max(0, bisect_right(self._since, timestamp) - 1)

    def _find_day(self, hour: int) -> int:
        """Return the day of an hour, in hours since 1970."""
        at = self._at(hour * HOUR)
        day = (datetime.fromtimestamp(hour * HOUR, self._zones[at]).date() - EPOCH).days
        return max(day, self._last_days[at - 1]) if at else day

    def _find_place(self, hour: int) -> tuple[int, int]:
        """Return the weekday and the hour of an hour, in hours since 1970."""
        local = datetime.fromtimestamp(hour * HOUR, self.zone)
        return local.weekday(), local.hour


def _fixed(local: datetime) -> timezone:
    """Return the offset of a time as a zone of its own.

    Times that share a zone with summer time are subtracted by what their clocks show.
    """
    offset = local.utcoffset()
    return timezone(offset) if offset else UTC
