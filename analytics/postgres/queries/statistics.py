"""Count interactions and people: sums of counters, and people counted in past rows."""

from collections.abc import Collection, Sequence
from typing import Any

from analytics.postgres.queries import Queries
from analytics.store_types import (
    CohortCounts,
    DayOfEvent,
    DayTotals,
    HistoryCounts,
    PeriodCounts,
    Setting,
    Totals,
)

# Users of whole hours, and those of the rest of the hour that the window begins in.
ACTIVE = """
    (SELECT coalesce(sum(users), 0) FROM bot_analytics.last_seen_hours
        WHERE hour >= (%({0})s + 3599) / 3600 * 3600)::bigint
    + (SELECT coalesce(sum(users), 0) FROM bot_analytics.last_seen_counts
        WHERE last_seen >= %({0})s AND last_seen < (%({0})s + 3599) / 3600 * 3600)::bigint
"""
ACTIVE_SINCE = """
    (SELECT coalesce(sum(users), 0) FROM bot_analytics.last_seen_hours
        WHERE hour >= %({0})s)::bigint
"""
COUNTED = """
    (SELECT coalesce(sum(count), 0) FROM bot_analytics.hourly_counts WHERE {0})::bigint
"""
TYPES = """
    (SELECT coalesce(jsonb_object_agg(name, total), '{{}}') FROM (
        SELECT name, sum(count)::bigint AS total FROM bot_analytics.hourly_counts
        JOIN bot_analytics.interaction_types ON id = interaction_type
        WHERE {0} GROUP BY name HAVING sum(count) <> 0) AS types)
"""
HOURS = """
    (SELECT coalesce(jsonb_agg(jsonb_build_array(hour, total)), '[]') FROM (
        SELECT hour, sum(count)::bigint AS total FROM bot_analytics.hourly_counts
        WHERE {0} GROUP BY hour HAVING sum(count) <> 0) AS hours)
"""
DAYS = """
    (SELECT coalesce(jsonb_agg(jsonb_build_array(day, total)), '[]') FROM (
        SELECT day, sum(users)::bigint AS total FROM bot_analytics.daily_users
        WHERE day >= %(day)s GROUP BY day HAVING sum(users) <> 0) AS days)
"""
# One statement, so that all numbers are of the same moment. None of it scans the interactions.
TOTALS = f"""
    SELECT
        {ACTIVE.format("day")},
        {ACTIVE.format("week")},
        {ACTIVE.format("month")},
        {TYPES.format("TRUE")},
        (SELECT min(timestamp) FROM bot_analytics.interactions),
        (SELECT coalesce(jsonb_object_agg(name, value), '{{}}') FROM bot_analytics.settings
            WHERE name IN ('last_cleanup', 'last_cleanup_deleted', 'compaction_due', 'dropped'))
"""
# The database's own past. A row that is older than it was brought along.
PAST = f"""
    least(
        (SELECT value::bigint FROM bot_analytics.settings WHERE name = '{Setting.BEGAN}'),
        (SELECT min(timestamp) FROM bot_analytics.interactions)),
    (SELECT value::bigint FROM bot_analytics.settings WHERE name = '{Setting.DELETED_UNTIL}')
"""
PERIOD = f"""
    SELECT
        {ACTIVE_SINCE.format("since")},
        (SELECT coalesce(sum(users), 0) FROM bot_analytics.first_seen_hours
            WHERE hour >= %(since)s)::bigint,
        {TYPES.format("hour >= %(since)s")},
        {HOURS.format("hour >= %(since)s")},
        (SELECT coalesce(jsonb_object_agg(kind, words), '{{}}') FROM (
            SELECT kind, jsonb_object_agg(event, total) AS words FROM (
                SELECT kind, event, sum(count)::bigint AS total FROM bot_analytics.daily_events
                WHERE day >= %(day)s GROUP BY kind, event) AS counts
            GROUP BY kind) AS kinds),
        {COUNTED.format("hour >= %(before)s AND hour < %(middle)s")},
        {COUNTED.format("hour = %(middle)s")},
        {PAST}
"""
EVENTS = """
    SELECT day, kind, event, sum(count)::bigint, max(people) FROM bot_analytics.daily_events
    WHERE day >= %(since)s AND (%(kinds)s::text[] IS NULL OR kind = ANY(%(kinds)s))
    GROUP BY day, kind, event
    ORDER BY day, kind COLLATE "C", event COLLATE "C"
"""
# Windows are hours, or days of 23 to 25 hours: each is one range of the counts.
HISTORY = f"""
    SELECT
        (SELECT coalesce(jsonb_agg(jsonb_build_array(begins, name, total)), '[]') FROM (
            SELECT begins, name, sum(count)::bigint AS total
            FROM unnest(%(begins)s::bigint[], %(ends)s::bigint[]) AS windows (begins, ends)
            JOIN bot_analytics.hourly_counts ON hour >= begins AND hour < ends
            JOIN bot_analytics.interaction_types ON id = interaction_type
            GROUP BY begins, name HAVING sum(count) <> 0) AS steps),
        (SELECT coalesce(
            jsonb_agg(jsonb_build_array(day, interactions, users, breakdown) ORDER BY day), '[]')
            FROM bot_analytics.daily_trends WHERE day >= %(day)s),
        {DAYS},
        {HOURS.format("hour >= %(hours_since)s AND hour < %(hours_until)s")},
        {PAST}
"""
COHORTS = f"""
    SELECT
        (SELECT coalesce(jsonb_agg(jsonb_build_array(first_week, week, total)), '[]') FROM (
            SELECT first_week, week, sum(users)::bigint AS total FROM bot_analytics.cohorts
            WHERE first_week >= %(week)s
            GROUP BY first_week, week HAVING sum(users) <> 0 ORDER BY 1, 2) AS weeks),
        {DAYS},
        {ACTIVE_SINCE.format("moment")},
        {PAST}
"""
# The user_id 0 marks what was recorded under a key that has been replaced.
PEOPLE = """
    SELECT (
        SELECT count(DISTINCT user_id) FROM bot_analytics.interactions
        WHERE timestamp >= begins AND timestamp < ends AND user_id <> 0)
    FROM unnest(%s::bigint[], %s::bigint[]) WITH ORDINALITY AS each (begins, ends, place)
    ORDER BY place
"""
# The newest day that is kept already, and the oldest hour that there is.
KEPT = """
    SELECT (SELECT max(day) FROM bot_analytics.daily_trends),
        (SELECT min(timestamp) / 3600 * 3600 FROM bot_analytics.interactions)
"""
KEEP_DAY = """
    INSERT INTO bot_analytics.daily_trends (day, interactions, users, breakdown)
    SELECT %(day)s, coalesce(sum(total), 0), active,
        CASE WHEN active >= %(min_users)s THEN
            coalesce(jsonb_object_agg(name, total) FILTER (WHERE name IS NOT NULL), '{}') END
    FROM (SELECT coalesce(sum(users), 0)::bigint AS active
        FROM bot_analytics.daily_users WHERE day = %(day)s) AS people
    LEFT JOIN (
        SELECT name, sum(count)::bigint AS total FROM bot_analytics.hourly_counts
        JOIN bot_analytics.interaction_types ON id = interaction_type
        WHERE hour >= %(begin)s AND hour < %(end)s
        GROUP BY name HAVING sum(count) <> 0) AS types ON TRUE
    GROUP BY active
    ON CONFLICT DO NOTHING
"""
OLDEST_DAY_KEPT = "SELECT min(day) FROM bot_analytics.daily_trends"
FORGET_DAYS = "DELETE FROM bot_analytics.daily_trends"


class StatisticsQueries(Queries):
    """The counts that reports are made of."""

    async def totals(self, day: int, week: int, month: int) -> Totals:
        windows = {"day": day, "week": week, "month": month}
        [row] = await self._database.read(TOTALS, windows)
        daily, weekly, monthly, types, oldest, kept = row
        settings: dict[str, Any] = kept
        return Totals(
            daily,
            weekly,
            monthly,
            types=types,
            oldest=oldest,
            last_cleanup=settings.get("last_cleanup"),
            last_cleanup_deleted=settings.get("last_cleanup_deleted", 0),
            is_compaction_due="compaction_due" in settings,
            dropped=settings.get("dropped", 0),
        )

    async def period_counts(self, since: int, day: int, before: int, middle: int) -> PeriodCounts:
        bounds = {"since": since, "day": day, "before": before, "middle": middle}
        [row] = await self._database.read(PERIOD, bounds)
        return PeriodCounts(*row)

    async def history_counts(
        self, windows: Sequence[tuple[int, int]], day: int, hours_since: int, hours_until: int
    ) -> HistoryCounts:
        bounds = {
            "begins": [begin for begin, _ in windows],
            "ends": [end for _, end in windows],
            "day": day,
            "hours_since": hours_since,
            "hours_until": hours_until,
        }
        [row] = await self._database.read(HISTORY, bounds)
        steps, days, *others = row
        return HistoryCounts(steps, [DayTotals(*day) for day in days], *others)

    async def event_days(
        self, since: int, kinds: Collection[str] | None = None
    ) -> list[DayOfEvent]:
        bounds = {"since": since, "kinds": None if kinds is None else [*kinds]}
        return [DayOfEvent(*row) for row in await self._database.read(EVENTS, bounds)]

    async def cohort_counts(self, week: int, day: int, moment: int) -> CohortCounts:
        bounds = {"week": week, "day": day, "moment": moment}
        [row] = await self._database.read(COHORTS, bounds)
        return CohortCounts(*row)

    async def people_of_windows(self, windows: Sequence[tuple[int, int]]) -> list[int]:
        columns = [begin for begin, _ in windows], [end for _, end in windows]
        return [people for (people,) in await self._database.scan(PEOPLE, columns)]

    async def keep_days(self, days: Sequence[tuple[int, int, int]], min_users: int) -> None:
        [(newest, oldest_hour)] = await self._database.read(KEPT)
        if newest is None and oldest_hour is None:
            return
        for day, begin, end in days:
            if day > newest if newest is not None else end > oldest_hour:
                bounds = {"day": day, "begin": begin, "end": end, "min_users": min_users}
                await self._database.write((KEEP_DAY, bounds))

    async def oldest_day_kept(self) -> int | None:
        [(day,)] = await self._database.read(OLDEST_DAY_KEPT)
        return None if day is None else int(day)

    async def forget_days(self) -> None:
        await self._database.write((FORGET_DAYS, ()))
