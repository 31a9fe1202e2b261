"""Query the periods and histories of a file: sums of counters, and people counted in past rows.

Both cover whole hours or days, UTC, so that the hourly counters give them exactly, whatever
TIMESTAMP_PRECISION is; a history as long as a period covers the same hours or days.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from analytics.clock import from_unix
from analytics.models import InteractionType
from analytics.statistics.commands import by_name
from analytics.statistics.distinct import DistinctPeople, Window
from analytics.statistics.masks import mask_bucket, mask_period, mask_trend
from analytics.statistics.report_models import Bucket, History, Missing, Period, PeriodReport
from analytics.statistics.spans import DAY, HOUR, WEEK, Span, span, step_of
from analytics.statistics.suppression import END, Plan
from analytics.store import Store
from analytics.store_types import DayTotals

# Events that happen to the bot, and are no commands.
BLOCKED = "blocked"
UNBLOCKED = "unblocked"


@dataclass(frozen=True, slots=True)
class Past:
    """The bounds of what a file knows: when recording began, up to when cleanup has deleted.

    Both are in Unix seconds, None for never.
    """

    began: int | None
    deleted_until: int | None

    def missing(self, since: int) -> Missing | None:
        """Return why the time from `since` on, in Unix seconds, is not known; None if it is."""
        if self.deleted_until is not None and since < self.deleted_until:
            return Missing.DELETED
        # Where something was deleted, recording had begun before.
        has_begun = self.deleted_until is not None or self._began_by(since)
        return None if has_begun else Missing.NOT_YET

    def knows(self, begin: int, end: int) -> bool:
        """Return whether the hour or day from `begin` until `end`, in Unix seconds, is known.

        That is so if nothing of it was deleted and recording began before its end: the first day
        counts, though recording began in the middle of it.
        """
        if self.deleted_until is not None:
            return begin >= self.deleted_until
        return self._began_by(end - HOUR)

    def known_since(self, otherwise: int) -> int:
        """Return the first hour of which nothing was deleted, and in which recording had begun.

        In Unix seconds; `otherwise` if nothing was recorded or deleted.
        """
        if self.deleted_until is not None:
            return -(-self.deleted_until // HOUR) * HOUR
        return otherwise if self.began is None else self.began // HOUR * HOUR

    def is_gone(self, end: int) -> bool:
        """Return whether everything before `end`, in Unix seconds, was deleted."""
        return self.deleted_until is not None and end <= self.deleted_until

    def _began_by(self, hour: int) -> bool:
        return self.began is not None and self.began // HOUR * HOUR <= hour


class PeriodReports:
    """The figures of a file; with a plan, only those that may be shown."""

    def __init__(self, store: Store) -> None:
        self.people = DistinctPeople(store)
        self._store = store

    async def report(
        self, period: Period, as_of: datetime, last: datetime, plan: Plan | None
    ) -> PeriodReport:
        """Return the report of the period that `last` is in, as of `as_of`.

        Without a plan nothing is hidden. Raises AnalyticsError if the database cannot be read.
        """
        of = span(period, as_of, last)
        found = await self._store.period_counts(of.since, of.before, of.middle)
        counts, complete, in_hour = found.types, found.before, found.in_hour
        missing = Past(found.began, found.deleted_until).missing(of.before)
        deleted_until = found.deleted_until
        named = dict(found.events)
        blocked, unblocked = named.pop(BLOCKED, 0), named.pop(UNBLOCKED, 0)
        # A period that begins within a day has no counts by name.
        has_names = not of.since % DAY and period is not Period.DAY
        commands = {name.removeprefix("/"): count for name, count in named.items() if has_names}
        report = PeriodReport(
            period=period,
            as_of=as_of,
            since=from_unix(of.since),
            interactions=sum(counts.values()),
            active_users=found.active,
            new_users=found.new,
            returning_users=found.active - found.new,
            interactions_before=None if missing else of.interpolate(complete, complete + in_hour),
            active_users_before=None if missing else await self._before(of, complete, in_hour),
            before_missing=missing,
            deleted_until=from_unix(deleted_until)
            if deleted_until is not None and of.since < deleted_until
            else None,
            busiest_hour=found.busiest_hour,
            interaction_types_breakdown=breakdown(counts),
            commands=by_name(commands, counts.get(InteractionType.COMMAND, 0)),
            blocked=blocked if has_names else None,
            unblocked=unblocked if has_names else None,
        )
        if plan is None:
            return report
        begins = [span(each, as_of, last).since for each in Period if each is not Period.DAY]
        events = await self._store.event_days(min(begins) // DAY)
        return mask_period(report, of, plan, events, begins)

    async def _before(self, of: Span, complete: int, in_hour: int) -> int:
        """Return how many people were active in the compared part of the previous period."""
        hour_more = Window(of.before, of.middle + HOUR, complete + in_hour)
        people = await self.people.of([Window(of.before, of.middle, complete), hour_more])
        return of.interpolate(*people)

    async def history(
        self, length: timedelta, as_of: datetime, last: datetime, plan: Plan | None
    ) -> History:
        """Return the history of the `length` that ends with the hour or day that `last` is in.

        Buckets are hours up to a day, else days. Without a plan nothing is hidden.
        Raises AnalyticsError if the database cannot be read.
        """
        step = step_of(length)
        newest = int(last.timestamp()) // step * step
        since = newest - (int(length.total_seconds()) // step - 1) * step
        today = int(as_of.timestamp()) // DAY * DAY
        weeks = max(1, length.days // 7) if step == DAY and plan is None else 0
        found = await self._store.history_counts(since, step, today - weeks * WEEK, today)
        past = Past(found.began, found.deleted_until)
        counts: dict[int, dict[str, int]] = {}
        for begins, name, count in found.steps:
            counts.setdefault(begins, {})[name] = count
        kept: dict[int, DayTotals] = {each.day * DAY: each for each in found.days}
        steps = range(since, newest + step, step)
        people = await self.people.of(
            [
                Window(begins, begins + step, sum(counts.get(begins, {}).values()))
                for begins in steps
            ]
        )
        buckets = []
        for begins, active in zip(steps, people, strict=True):
            if step == DAY and begins in kept:
                _day, total, users, types = kept[begins]
                bucket = Bucket(
                    since=from_unix(begins),
                    interactions=total,
                    active_users=users,
                    breakdown=None if types is None and total else breakdown(types or {}),
                )
                is_gone = past.is_gone(begins + DAY)
                buckets.append(mask_trend(bucket, plan, is_gone=is_gone) if plan else bucket)
            elif past.knows(begins, begins + step):
                here = counts.get(begins, {})
                bucket = Bucket(
                    since=from_unix(begins),
                    interactions=sum(here.values()),
                    active_users=active,
                    breakdown=breakdown(here),
                )
                end = END if begins == newest else begins + step
                buckets.append(mask_bucket(bucket, end, plan) if plan else bucket)
        known_since = past.known_since(today)
        weeks = min(weeks, max(1, (today - known_since) // WEEK))
        return History(
            as_of=as_of,
            since=from_unix(since),
            step=timedelta(seconds=step),
            buckets=tuple(buckets),
            hours_of_week=_by_weekday(found.hours, today - weeks * WEEK, today, known_since)
            if weeks
            else None,
            length=length,
            weeks=weeks,
        )


def breakdown(counts: Mapping[str, int]) -> dict[str, int]:
    """Return `counts` sorted, the largest first."""
    return dict(sorted(counts.items(), key=lambda item: (-item[1], item[0])))


def _by_weekday(
    hourly: Sequence[tuple[int, int]], since: int, until: int, known_since: int
) -> tuple[tuple[int | None, ...], ...]:
    """Return the sums of whole weeks, 7 times 24; None for hours before `known_since`.

    `hourly` holds the beginnings of hours and their counts. All times are in Unix seconds.
    """
    counts = dict(hourly)
    table: list[list[int | None]] = [[None] * 24 for _ in range(7)]
    for hour in range(max(since, known_since), until, HOUR):
        # 1970 began on a Thursday.
        weekday, hour_of_day = (hour // DAY + 3) % 7, hour // HOUR % 24
        table[weekday][hour_of_day] = (table[weekday][hour_of_day] or 0) + counts.get(hour, 0)
    return tuple(map(tuple, table))
