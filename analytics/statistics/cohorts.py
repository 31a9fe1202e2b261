"""Report who comes back: how many of those who first came in a week were active in later weeks.

The counters are kept while recording, so that a report takes the same time at ten million rows as
at ten thousand.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from analytics.calendar import Calendar
from analytics.statistics.past import Past
from analytics.statistics.spans import weeks, whole_days
from analytics.statistics.suppression import Plan
from analytics.store import Store
from analytics.store_types import CohortCounts

# No cell tells of fewer people, whatever BREAKDOWN_MIN_USERS is.
MIN_USERS = 5

# The people of a cohort by week: first all of them, then how many came in each week after it.
Row = list[int | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Cohort:
    """The people who first came in a week. None is a number that is hidden: of too few people."""

    since: date
    """The Monday of that week."""
    size: int | None
    """The number of these people."""
    returned: tuple[int | None, ...]
    """The number of them who were active in each week after it, the next one first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cohorts:
    """The people by the week in which they first came, and how many of them come back."""

    as_of: datetime
    cohorts: tuple[Cohort, ...]
    """The oldest first, up to 13: of the weeks that recording had begun before, and of which
    nothing has been deleted."""
    running: date | None
    """The Monday of the week that is not over: of it, each cohort's last number still grows. None
    if the newest week is over, as it may be in a report of complete intervals."""
    stickiness: float | None
    """The daily active users, averaged over the last 30 whole days, as a share of the people who
    were active in these days or since, 0 to 1. None if nobody was, if these days are not known, or
    hidden."""
    min_users: int = MIN_USERS
    """No number tells of fewer people, and neither do a cohort and one of its weeks: of those who
    did not come back there are none, or as many."""


class CohortReports:
    """The cohorts of a file; with a plan, only what may be shown beside all other reports."""

    def __init__(self, store: Store, calendar: Calendar) -> None:
        self._store = store
        self._calendar = calendar

    async def report(self, as_of: datetime, last: datetime, plan: Plan | None) -> Cohorts:
        """Return the cohorts as of `as_of`, with those of the week that `last` is in.

        Raises AnalyticsError if the database cannot be read.
        """
        calendar, shown = self._calendar, weeks(last, self._calendar)
        days = whole_days(as_of, calendar)
        found = await self._store.cohort_counts(shown[0], days[0], calendar.begin(days[0]))
        past = Past(found.began, found.deleted_until)
        people = {(first, week): count for first, week, count in found.weeks}
        min_users = max(MIN_USERS, plan.enough if plan else 0)
        rows = {
            first: _without_few(
                [people.get((first, week), 0) for week in range(first, shown[-1] + 1)], min_users
            )
            for first in shown
            if past.missing(self._begin(first)) is None
        }
        if plan:
            self._hide_differences(rows, plan)
        is_over = self._begin(shown[-1] + 1) <= as_of.timestamp()
        return Cohorts(
            as_of=calendar.local(as_of),
            cohorts=tuple(
                Cohort(since=self._monday(first), size=row[0], returned=tuple(row[1:]))
                for first, row in rows.items()
            ),
            running=None if is_over else self._monday(shown[-1]),
            stickiness=self._stickiness(found, past, days, plan),
            min_users=min_users,
        )

    def _hide_differences(self, rows: dict[int, Row], plan: Plan) -> None:
        """Hide what could be told from the new and active users of other reports.

        A cohort is the difference of the new users since two Mondays. Of those who were active
        since a moment, the cohorts and cells that lie after it must leave enough people, or none.
        """
        for first, row in rows.items():
            ends = [self._begin(first), self._begin(first + 1)]
            # Since the end of the running week nobody is new.
            if None in [plan.new_by_week.get(end, 0) for end in ends]:
                rows[first] = [None] * len(row)
        for since, active in plan.active.items():
            after = [week for week in rows if self._begin(week) >= since]
            if active is None or not after:
                continue
            new = max(plan.new.get(since) or 0, sum(rows[week][0] or 0 for week in after))
            cells = {week: after[0] - week for week in rows if week < after[0]}
            _leave_enough(rows, cells, active - new, plan.enough)

    def _stickiness(
        self, found: CohortCounts, past: Past, days: range, plan: Plan | None
    ) -> float | None:
        windows = [each for each in map(self._calendar.window, days) if each[0] < each[1]]
        since = self._calendar.begin(days[0])
        if past.missing(since) or not found.active:
            return None
        if plan and (
            plan.active[since] is None or None in [plan.total(*window) for window in windows]
        ):
            return None
        users = sum(count for day, count in found.days if day in days)
        return users / len(windows) / found.active

    def _begin(self, week: int) -> int:
        return self._calendar.begin(self._calendar.monday(week))

    def _monday(self, week: int) -> date:
        return self._calendar.date(self._calendar.monday(week))


def _without_few(row: Sequence[int], min_users: int) -> Row:
    """Hide what tells of few people: the whole row, those who came back, or those who did not."""
    size = row[0]
    if size < min_users:
        return [None] * len(row)
    return [None if count < min_users or 0 < size - count < min_users else count for count in row]


def _leave_enough(
    rows: Mapping[int, Row], first_cells: Mapping[int, int], people: int, enough: int
) -> None:
    """Hide cells, the smallest first, until one of each row leaves enough of so many people.

    `first_cells` has each row that counts, and the place of the first cell of it that does.
    """
    while True:
        shown = {
            (week, at): count
            for week, first in first_cells.items()
            for at, count in enumerate(rows[week])
            if at >= first and count is not None
        }
        largest: dict[int, int] = {}
        for (week, _at), count in shown.items():
            largest[week] = max(count, largest.get(week, 0))
        if not shown or people - sum(largest.values()) >= enough:
            return
        week, at = min(shown, key=lambda cell: shown[cell])
        rows[week][at] = None
