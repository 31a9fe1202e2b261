"""Make the reports of a file: aggregates, which never name, number or single out a person."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import cache
from math import ceil
from sys import maxsize
from typing import TypeVar

from pydantic import TypeAdapter, ValidationError

from analytics.backlog import Request
from analytics.clock import from_unix
from analytics.errors import NoReportYet
from analytics.open_database import OpenDatabase
from analytics.statistics.cohorts import CohortReports, Cohorts
from analytics.statistics.daily_events.event_days import EventDays, event_days
from analytics.statistics.export import Aggregates
from analytics.statistics.failure_shares import Failures, of_last_hour
from analytics.statistics.masks import mask_report
from analytics.statistics.notes import Notes
from analytics.statistics.period_reports import PeriodReports, breakdown
from analytics.statistics.report_models import (
    LENGTHS,
    MAX_HISTORY,
    AdminReport,
    History,
    Overview,
    Period,
    PeriodReport,
)
from analytics.statistics.spans import windows
from analytics.statistics.suppression import Plan, SmallGroups
from analytics.store_types import Setting

# With fewer people on a day, only its total stays once its interactions are deleted.
DEFAULT_TRENDS_MIN_USERS = 5
# Raise it when a field of a report gets another meaning: snapshots of another version are not read.
SNAPSHOT_VERSION = 3

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportRules:
    """The settings of reports: what they show, and in how much detail."""

    retention_days: int
    interval: timedelta = timedelta(0)
    """The length of complete intervals, of up to an hour since 1970, UTC, or else since the
    beginning of the day; 0 for live reports. With intervals, a report is the same however often it
    is asked for: no two differ by what one person did."""
    breakdown_min_users: int = 1
    """The fewest people that a number, or the difference of two, may tell of."""
    trends_min_users: int | None = None
    """The totals of deleted days are kept, with the split by type from this many people on. None
    keeps nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """Everything that is shown as of the end of an interval."""

    report: AdminReport
    periods: dict[Period, PeriodReport]
    histories: list[History]
    """The shortest first."""
    years_ago: list[History]
    """The days 52 weeks before those of each history of days."""
    cohorts: Cohorts
    event_days: EventDays
    version: int = SNAPSHOT_VERSION


@cache
def as_snapshot() -> TypeAdapter[Snapshot]:
    """Return the adapter between a Snapshot and the JSON that is kept in the file."""
    return TypeAdapter(Snapshot)


class Reports:
    """The reports of a file, live or as of the end of an interval."""

    def __init__(
        self,
        database: OpenDatabase,
        rules: ReportRules,
        notes: Notes,
    ) -> None:
        self._database = database
        self._store = database.store
        self._clock = database.clock
        self._rules = rules
        self._notes = notes
        self._calendar = database.calendar
        self._period_reports = PeriodReports(database.store, database.calendar)
        self._cohort_reports = CohortReports(database.store, database.calendar)
        self._small_groups = SmallGroups(
            database.store, rules.breakdown_min_users, database.calendar
        )
        self._keeping = asyncio.Lock()
        self._erasures: int | None = None

    async def failures(self) -> Failures:
        """Return the failures of the bot's handlers in the last full hour, beside the week before.

        The hour is as this process has seen it; people who opted out are not counted.
        Raises AnalyticsError if the database cannot be read, and RuntimeError unless opened with
        `Access.OWN`.
        """
        # What reports of longer intervals may not tell is shown of nobody.
        is_shown = self._rules.interval <= timedelta(hours=1)
        min_users = self._rules.breakdown_min_users if is_shown else maxsize
        return await of_last_hour(self._database, min_users)

    @property
    def of_intervals(self) -> bool:
        """True if reports cover complete intervals only."""
        return bool(self._rules.interval)

    async def current(self) -> AdminReport:
        """Return the report, as of now or of the end of the newest complete interval.

        Raises NoReportYet before the first complete interval, and AnalyticsError if the database
        cannot be read.
        """
        return await self._newest(self._report, lambda snapshot: snapshot.report)

    async def period(self, period: Period) -> PeriodReport:
        """Return the report of a period, as of now or of the end of the newest complete interval.

        Raises NoReportYet before the first complete interval, and AnalyticsError if the database
        cannot be read.
        """
        return await self._newest(
            lambda now, plan: self._period_reports.report(period, now, now, plan),
            lambda snapshot: snapshot.periods[period],
        )

    async def overview(self, period: Period, *, at_once: bool = False) -> Overview:
        """Return the report and that of a period, as of the same moment.

        In a large file, it may take a second or two to count `active_users_before`. `at_once`
        leaves that out until it has been counted in the background.
        Raises NoReportYet before the first complete interval, and AnalyticsError if the database
        cannot be read.
        """

        async def live(now: datetime, plan: Plan | None) -> Overview:
            return Overview(
                whole=await self._report(now, plan),
                period=await self._period_reports.report(period, now, now, plan, at_once=at_once),
            )

        def kept(snapshot: Snapshot) -> Overview:
            return Overview(whole=snapshot.report, period=snapshot.periods[period])

        return await self._newest(live, kept)

    async def history(self, length: timedelta) -> History:
        """Return the history of a length: by the hour up to a day, else by the day.

        Raises ValueError for a length outside an hour to 366 days, NoReportYet before the first
        complete interval, and AnalyticsError if the database cannot be read.
        """
        if not timedelta(hours=1) <= length <= MAX_HISTORY:
            raise ValueError("give a length from an hour to 366 days")

        def kept(snapshot: Snapshot) -> History:
            longer = next(each for each in snapshot.histories if each.length >= length)
            last = longer.as_of - timedelta(seconds=1)
            return longer.last(length, from_unix(windows(length, last, self._calendar)[0][0]))

        history = await self._newest(
            lambda now, plan: self._period_reports.history(length, now, now, plan), kept
        )
        return replace(history, notes=await self._notes.between(history.since, history.as_of))

    async def year_ago(self, period: Period) -> History:
        """Return the days 52 weeks before those of a period; users are not counted.

        All of them are whole days, also the one before the running day.
        Raises ValueError for 24 h, NoReportYet before the first complete interval, and
        AnalyticsError if the database cannot be read.
        """
        if period is Period.DAY:
            raise ValueError("hours of a year ago are not kept")
        return await self._newest(
            lambda now, plan: self._period_reports.year_ago(period.length, now, plan),
            lambda snapshot: next(
                each for each in snapshot.years_ago if each.length == period.length
            ),
        )

    async def cohorts(self) -> Cohorts:
        """Return who comes back, as of now or of the end of the newest complete interval.

        Raises NoReportYet before the first complete interval, and AnalyticsError if the database
        cannot be read.
        """
        return await self._newest(
            lambda now, plan: self._cohort_reports.report(now, now, plan),
            lambda snapshot: snapshot.cohorts,
        )

    async def event_days(self) -> EventDays:
        """Return events by day, as of now or of the end of the newest complete interval.

        Raises NoReportYet before the first complete interval, and AnalyticsError if the database
        cannot be read.
        """
        return await self._newest(
            lambda now, plan: self._event_days(now, now), lambda snapshot: snapshot.event_days
        )

    async def has_trends(self) -> bool:
        """Return whether a history reaches further back than the interactions that are kept.

        Raises AnalyticsError if the database cannot be read.
        """
        day = await self._store.oldest_day_kept()
        kept_since = self._clock() - timedelta(days=self._rules.retention_days)
        return day is not None and from_unix(self._calendar.begin(day + 1)) <= kept_since

    async def aggregates(self, period: Period) -> Aggregates:
        """Return all that is exported to a file: of a period and its length, and who comes back.

        Raises NoReportYet before the first complete interval, and AnalyticsError if the database
        cannot be read.
        """
        return Aggregates(
            report=await self.period(period),
            history=await self.history(period.length),
            cohorts=await self.cohorts(),
        )

    async def _newest(
        self,
        live: Callable[[datetime, Plan | None], Awaitable[T]],
        kept: Callable[[Snapshot], T],
    ) -> T:
        """Return what is live now, or if reports cover intervals, what the newest snapshot has.

        `live` gets the moment, and what may be shown of it.
        """
        await self._refresh()
        if self.of_intervals:
            return kept(await self._snapshot())
        await self._forget_erased()
        now = self._clock()
        return await live(now, await self._plan(now, now))

    async def _refresh(self) -> None:
        """Make the report of the newest complete interval, if reports cover intervals."""
        if self._database.is_recording and self.of_intervals:
            await self._database.in_turn(Request(self.keep_snapshot))

    async def keep_trends(self, before: datetime) -> None:
        """Keep the daily totals of what is older than `before`, and is going to be deleted.

        Also note `before` as the time up to which interactions are deleted. If nothing is older,
        do nothing.
        """
        if not await self._store.count_before(before.timestamp()):
            return
        moment = ceil(before.timestamp())
        if self._rules.trends_min_users is not None:
            # The day that `before` is in is one of them: whole, as it was before a part of it goes.
            # What was so long ago that no chart shows it does not have to be kept.
            last = self._calendar.day(moment - 1)
            days = range(last - MAX_HISTORY.days, last + 1)
            kept = [(day, *self._calendar.window(day)) for day in days]
            await self._store.keep_days(kept, self._rules.trends_min_users)
        while True:
            was = await self._store.get_setting(Setting.DELETED_UNTIL)
            if int(was or 0) >= moment:
                return
            # Unless another process, which cleans up at the same time, has just put another one.
            if await self._store.replace_setting(Setting.DELETED_UNTIL, was, moment):
                return

    async def _forget_erased(self) -> None:
        """Forget the remembered counts if somebody was erased, by whichever process."""
        erasures = await self._store.erasures()
        if erasures != self._erasures:
            self.forget()
            self._erasures = erasures

    def forget(self) -> None:
        """Forget the remembered counts. Call after an erasure: the person is counted in them."""
        self._period_reports.people.forget()
        self._small_groups.forget()

    async def close(self) -> None:
        """Stop counting in the background."""
        await self._period_reports.people.close()

    async def _plan(self, as_of: datetime, last: datetime) -> Plan | None:
        """Return what may be shown; None if there is no limit."""
        if self._rules.breakdown_min_users <= 1:
            return None
        return await self._small_groups.plan(as_of, last)

    async def _snapshot(self) -> Snapshot:
        snapshot = await self._kept()
        if snapshot is None:
            raise NoReportYet(
                "there is no report yet",
                "with REPORT_INTERVAL, only the running bot makes reports: start it once",
            )
        return snapshot

    async def _kept(self) -> Snapshot | None:
        """Return the snapshot in the file; None also if it is of another version of the reports."""
        return _read(await self._store.get_setting(Setting.SNAPSHOT))

    async def keep_snapshot(self) -> None:
        """Keep the report of the complete intervals, unless the file has it already.

        Call this before anything of a new interval is recorded or deleted. If reports are live, do
        nothing.
        """
        if not self.of_intervals:
            return
        now = self._clock()
        interval = int(self._rules.interval.total_seconds())
        end = from_unix(self._calendar.floor(int(now.timestamp()), interval))
        async with self._keeping:
            while True:
                # Not remembered here: a command may have kept it, and the file may be another one.
                was = await self._store.get_setting(Setting.SNAPSHOT)
                kept = _read(was)
                if kept is not None and kept.report.as_of >= end:
                    return
                made = as_snapshot().dump_json(await self._make_snapshot(end)).decode()
                # Another process that was earlier may have recorded meanwhile: its report stays.
                await self._store.replace_setting(Setting.SNAPSHOT, was, made)

    async def _make_snapshot(self, end: datetime) -> Snapshot:
        last = end - timedelta(seconds=1)
        await self._forget_erased()
        plan = await self._plan(end, last)
        return Snapshot(
            report=await self._report(end, plan),
            periods={
                period: await self._period_reports.report(period, end, last, plan)
                for period in Period
            },
            histories=[
                await self._period_reports.history(length, end, last, plan)
                for length in (*LENGTHS.values(), MAX_HISTORY)
            ],
            years_ago=[
                await self._period_reports.year_ago(length, last, plan)
                for length in LENGTHS.values()
                if length > timedelta(days=1)
            ],
            cohorts=await self._cohort_reports.report(end, last, plan),
            event_days=await self._event_days(end, last),
        )

    async def _event_days(self, as_of: datetime, last: datetime) -> EventDays:
        is_hidden = self._rules.breakdown_min_users > 1
        return await event_days(self._store, self._calendar, as_of, last, is_hidden=is_hidden)

    async def _report(self, now: datetime, plan: Plan | None) -> AdminReport:
        since = [int((now - timedelta(days=days)).timestamp()) for days in (1, 7, 30)]
        totals = await self._store.totals(*since)
        recorder = self._database.recorder
        backlog, dropped = (recorder.backlog, recorder.dropped) if recorder else (0, 0)
        local = self._calendar.local
        report = AdminReport(
            as_of=local(now),
            total_interactions=sum(totals.types.values()),
            daily_active_users=totals.daily,
            weekly_active_users=totals.weekly,
            monthly_active_users=totals.monthly,
            interaction_types_breakdown=breakdown(totals.types),
            oldest_interaction=None if totals.oldest is None else local(from_unix(totals.oldest)),
            retention_days=self._rules.retention_days,
            last_cleanup=None
            if totals.last_cleanup is None
            else local(from_unix(totals.last_cleanup)),
            last_cleanup_deleted=totals.last_cleanup_deleted,
            compaction_pending=totals.is_compaction_due,
            backlog=backlog,
            dropped=dropped + totals.dropped,
        )
        return mask_report(report, plan, self._calendar) if plan else report


def _read(kept: str | int | None) -> Snapshot | None:
    """Return a snapshot as it is kept; None for none, and for one of another version."""
    if kept is None:
        return None
    try:
        snapshot = as_snapshot().validate_json(str(kept))
    except ValidationError:
        return None
    return snapshot if snapshot.version == SNAPSHOT_VERSION else None
