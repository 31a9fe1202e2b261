"""Report by day what is counted by name: commands, buttons and starts by links."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime

from analytics.calendar import Calendar
from analytics.events import EventKind
from analytics.statistics.daily_events.event_masks import TYPES
from analytics.statistics.daily_events.totals import by_name
from analytics.statistics.report_models import MAX_HISTORY
from analytics.store import Store

KINDS = (EventKind.COMMAND, EventKind.BUTTON, EventKind.START_LINK)


@dataclass(frozen=True, slots=True, kw_only=True)
class EventDays:
    """The use of each command, button and start link on each day."""

    as_of: datetime
    since: date | None
    """The first day of which this is known; None if nothing was recorded yet."""
    counts: dict[EventKind, dict[str, dict[date, int]]] | None
    """Kind to word to day to count; days without any are left out. None with BREAKDOWN_MIN_USERS:
    it would be of few people."""

    def of(self, kind: EventKind, word: str, day: date) -> int | None:
        """Return the count of a word on a day; None if it is not known or hidden."""
        if self.counts is None or self.since is None or day < self.since:
            return None
        return self.counts.get(kind, {}).get(word, {}).get(day, 0)

    def sums(
        self, first: date, last: date, types: Mapping[str, int]
    ) -> dict[EventKind, dict[str, int]] | None:
        """Return kind to word to count from one day to another; None if not known or hidden.

        `types` has the interactions of these days by type: with `other`, commands and buttons sum
        to those of theirs.
        """
        if self.counts is None or self.since is None or first < self.since:
            return None
        found = {
            kind: {
                word: sum(count for day, count in days.items() if first <= day <= last)
                for word, days in words.items()
            }
            for kind, words in self.counts.items()
        }
        for kind in (EventKind.COMMAND, EventKind.BUTTON):
            found[kind] = by_name(found[kind], types.get(str(TYPES[kind]), 0))
        return {kind: by_name(words, sum(words.values())) for kind, words in found.items()}


async def event_days(
    store: Store, calendar: Calendar, as_of: datetime, last: datetime, *, is_hidden: bool
) -> EventDays:
    """Return the counts of up to 366 days until that of `last`, unless they are hidden.

    Raises AnalyticsError if the database cannot be read.
    """
    today = calendar.day(int(last.timestamp()))
    oldest = today - MAX_HISTORY.days + 1
    past = await store.history_counts([], today, 0, 0)
    # A day whose beginning alone was deleted still has its events.
    begun = past.began if past.deleted_until is None else past.deleted_until
    since = None if begun is None else max(oldest, calendar.day(begun))
    local = calendar.local(as_of)
    if is_hidden:
        return EventDays(as_of=local, since=None, counts=None)
    rows = await store.event_days(oldest if since is None else since, KINDS)
    dates = {day: calendar.date(day) for day in {row.day for row in rows} if day <= today}
    counts: dict[EventKind, dict[str, dict[date, int]]] = {kind: {} for kind in KINDS}
    for row in rows:
        if row.day in dates:
            counts[EventKind(row.kind)].setdefault(row.event, {})[dates[row.day]] = row.count
    return EventDays(
        as_of=local, since=None if since is None else calendar.date(since), counts=counts
    )
