"""Query the periods and histories of a file: sums of counters, and people counted in past rows.

Both cover whole hours, or days of whole hours, so that the hourly counters give them exactly,
whatever TIMESTAMP_PRECISION is; a history as long as a period covers the same hours or days.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import pairwise

from analytics.calendar import HOUR, Calendar
from analytics.clock import from_unix
from analytics.models import InteractionType
from analytics.statistics.daily_events.event_masks import Ring, everything, shown_events
from analytics.statistics.daily_events.event_reports import with_events
from analytics.statistics.daily_events.totals import by_name
from analytics.statistics.distinct import DistinctPeople, Window
from analytics.statistics.masks import mask_bucket, mask_period, mask_trend, shows_trend
from analytics.statistics.past import Past
from analytics.statistics.report_models import Bucket, History, Period, PeriodReport
from analytics.statistics.spans import DAYS_OF_WEEK, Span, span, windows
from analytics.statistics.suppression import END, Plan
from analytics.statistics.year_ago import history_year_ago
from analytics.store import Store


class PeriodReports:
    """The figures of a file; with a plan, only those that may be shown."""

    def __init__(self, store: Store, calendar: Calendar) -> None:
        self.people = DistinctPeople(store)
        self._store = store
        self._calendar = calendar

    async def report(
        self,
        period: Period,
        as_of: datetime,
        last: datetime,
        plan: Plan | None,
        *,
        at_once: bool = False,
    ) -> PeriodReport:
        """Return the report of the period that `last` is in, as of `as_of`.

        Without a plan nothing is hidden. `at_once` leaves out `active_users_before` until it has
        been counted, which begins in the background.
        Raises AnalyticsError if the database cannot be read.
        """
        calendar = self._calendar
        of = span(period, as_of, last, calendar)
        # A period that begins within a day has no counts by name.
        first = calendar.day(of.since)
        found = await self._store.period_counts(of.since, first, of.before, of.middle)
        counts, complete, in_hour = found.types, found.before, found.in_hour
        missing = Past(found.began, found.deleted_until).missing(of.before)
        deleted_until = found.deleted_until
        report = PeriodReport(
            period=period,
            as_of=calendar.local(as_of),
            since=calendar.local(from_unix(of.since)),
            interactions=sum(counts.values()),
            active_users=found.active,
            new_users=found.new,
            returning_users=found.active - found.new,
            interactions_before=None if missing else of.interpolate(complete, complete + in_hour),
            active_users_before=None
            if missing
            else await self._before(of, complete, in_hour, at_once=at_once),
            before_missing=missing,
            deleted_until=calendar.local(from_unix(deleted_until))
            if deleted_until is not None and of.since < deleted_until
            else None,
            busiest_hour=self._busiest_hour(found.hours),
            interaction_types_breakdown=breakdown(counts),
            commands={},
            blocked=None,
            unblocked=None,
            timezone=calendar.zone.key,
        )
        if plan is not None:
            report = mask_period(report, of, plan)
        if period is Period.DAY:
            total = report.interaction_types_breakdown.get(InteractionType.COMMAND, 0)
            return replace(report, commands=by_name({}, total))
        today = calendar.day(int(last.timestamp()))
        before = await history_year_ago(self._store, calendar, first, today, plan)
        shown = (
            everything(found.events)
            if plan is None
            else shown_events(await self._rings(as_of, last, plan), plan, calendar)
        )
        links = await self._store.start_links()
        return with_events(
            replace(report, interactions_year_ago=before.total), found.events, shown, links
        )

    async def year_ago(self, length: timedelta, last: datetime, plan: Plan | None) -> History:
        """Return the days 52 weeks before the `length` that ends with the day that `last` is in.

        Raises AnalyticsError if the database cannot be read.
        """
        today = self._calendar.day(int(last.timestamp()))
        first = today - length.days + 1
        return await history_year_ago(self._store, self._calendar, first, today, plan)

    async def _rings(self, as_of: datetime, last: datetime, plan: Plan) -> list[Ring]:
        """Return the days by which the periods of whole days differ, the oldest first."""
        calendar = self._calendar
        begins = sorted(
            span(each, as_of, last, calendar).since for each in Period if each is not Period.DAY
        )
        rows = await self._store.event_days(calendar.day(begins[0]))
        today = calendar.day(int(last.timestamp()))
        rings = []
        for begin, end in pairwise([*begins, END]):
            first, after = calendar.day(begin), END if end == END else calendar.day(end)
            rings.append(
                Ring(
                    begin=begin,
                    end=end,
                    days=range(first, min(after, today + 1)),
                    new_users=plan.counted_new[begin] - plan.counted_new.get(end, 0),
                    rows=[each for each in rows if first <= each.day < after],
                )
            )
        return rings

    async def _before(self, of: Span, complete: int, in_hour: int, *, at_once: bool) -> int | None:
        """Return how many people were active in the compared part of the previous period.

        None if they have not been counted yet, and are wanted `at_once`.
        """
        windows = [
            Window(of.before, of.middle, complete),
            Window(of.before, of.middle + HOUR, complete + in_hour),
        ]
        people = self.people.known(windows) if at_once else await self.people.of(windows)
        return None if people is None else of.interpolate(*people)

    def _busiest_hour(self, hours: Sequence[tuple[int, int]]) -> int | None:
        """Return the hour of the day with the most interactions; None without any.

        `hours` holds the beginnings of hours and their counts.
        """
        counts = Counter[int]()
        for hour, count in hours:
            counts[self._calendar.hour_of_day(hour)] += count
        return min(counts, key=lambda hour: (-counts[hour], hour), default=None)

    async def history(
        self, length: timedelta, as_of: datetime, last: datetime, plan: Plan | None
    ) -> History:
        """Return the history of the `length` that ends with the hour or day that `last` is in.

        Buckets are hours up to a day, else days. Without a plan nothing is hidden.
        Raises AnalyticsError if the database cannot be read.
        """
        calendar, is_by_day = self._calendar, length > timedelta(days=1)
        shown = windows(length, last, calendar)
        since, today = shown[0][0], calendar.day(int(as_of.timestamp()))
        weeks = max(1, length.days // DAYS_OF_WEEK) if is_by_day and plan is None else 0
        midnight = calendar.begin(today)
        hours_since = calendar.begin(today - weeks * DAYS_OF_WEEK)
        found = await self._store.history_counts(shown, calendar.day(since), hours_since, midnight)
        past = Past(found.began, found.deleted_until)
        counts: dict[int, dict[str, int]] = {}
        for begin, name, count in found.steps:
            counts.setdefault(begin, {})[name] = count
        kept = {each.day: each for each in found.days if is_by_day}
        if is_by_day:
            of_days = dict(found.users)
            people = [of_days.get(calendar.day(begin), 0) for begin, _ in shown]
        else:
            people = await self.people.of(
                [Window(begin, end, sum(counts.get(begin, {}).values())) for begin, end in shown]
            )
        buckets = []
        for (begin, end), active in zip(shown, people, strict=True):
            if day := kept.get(calendar.day(begin)):
                bucket = Bucket(
                    since=calendar.local(from_unix(begin)),
                    interactions=day.interactions,
                    active_users=day.users,
                    breakdown=None
                    if day.types is None and day.interactions
                    else breakdown(day.types or {}),
                )
                if plan:
                    is_shown = shows_trend(day, plan, is_gone=past.is_gone(end))
                    bucket = mask_trend(bucket, is_shown=is_shown)
                buckets.append(bucket)
            elif past.knows(begin, end):
                here = counts.get(begin, {})
                bucket = Bucket(
                    since=calendar.local(from_unix(begin)),
                    interactions=sum(here.values()),
                    active_users=active,
                    breakdown=breakdown(here),
                )
                until = END if begin == shown[-1][0] else end
                buckets.append(mask_bucket(bucket, until, plan) if plan else bucket)
        known_since = past.known_since(midnight)
        first_whole_day = calendar.day(known_since - HOUR) + 1
        weeks = min(weeks, max(1, (today - first_whole_day) // DAYS_OF_WEEK))
        weeks_since = calendar.begin(today - weeks * DAYS_OF_WEEK)
        hours = range(max(weeks_since, known_since), midnight, HOUR)
        return History(
            as_of=calendar.local(as_of),
            since=calendar.local(from_unix(since)),
            step=timedelta(days=1) if is_by_day else timedelta(hours=1),
            buckets=tuple(buckets),
            hours_of_week=self._by_weekday(hours, dict(found.hours)) if weeks else None,
            length=length,
            weeks=weeks,
            weeks_since=calendar.local(from_unix(weeks_since)) if weeks else None,
            timezone=calendar.zone.key,
        )

    def _by_weekday(
        self, hours: Iterable[int], counts: Mapping[int, int]
    ) -> tuple[tuple[int | None, ...], ...]:
        """Return the sums of hours, 7 times 24; None where there are none of them.

        `counts` are by the beginnings of hours, in Unix seconds, as are `hours`.
        """
        table: list[list[int | None]] = [[None] * 24 for _ in range(7)]
        for hour in hours:
            weekday, hour_of_day = self._calendar.hour_of_week(hour)
            table[weekday][hour_of_day] = (table[weekday][hour_of_day] or 0) + counts.get(hour, 0)
        return tuple(map(tuple, table))


def breakdown(counts: Mapping[str, int]) -> dict[str, int]:
    """Return `counts` sorted, the largest first."""
    return dict(sorted(counts.items(), key=lambda item: (-item[1], item[0])))
