"""Count interactions and people: sums of counters, and people counted in past rows."""

import json
from collections.abc import Collection, Sequence
from typing import Any

from analytics.sqlite.queries import Queries
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
    (SELECT coalesce(sum(users), 0) FROM last_seen_hours WHERE hour >= (:{0} + 3599) / 3600 * 3600)
    + (SELECT coalesce(sum(users), 0) FROM last_seen_counts
        WHERE last_seen >= :{0} AND last_seen < (:{0} + 3599) / 3600 * 3600)
"""
# One statement, so that all numbers are of the same moment. None of it scans the interactions.
TOTALS = f"""
    SELECT
        {ACTIVE.format("day")},
        {ACTIVE.format("week")},
        {ACTIVE.format("month")},
        (SELECT json_group_object(name, total) FROM (
            SELECT name, sum(count) AS total FROM hourly_counts
            JOIN interaction_types ON id = interaction_type GROUP BY name)),
        (SELECT min(timestamp) FROM interactions),
        (SELECT json_group_object(name, value) FROM file_settings
            WHERE name IN ('last_cleanup', 'last_cleanup_deleted', 'compaction_due', 'dropped'))
"""
# The file's own past. A row that is older than the file was brought along.
PAST = f"""
    (SELECT min(moment) FROM (
        SELECT value AS moment FROM file_settings WHERE name = '{Setting.BEGAN}'
        UNION ALL SELECT min(timestamp) FROM interactions)),
    (SELECT value FROM file_settings WHERE name = '{Setting.DELETED_UNTIL}')
"""
PERIOD = f"""
    SELECT
        (SELECT coalesce(sum(users), 0) FROM last_seen_hours WHERE hour >= :since),
        (SELECT coalesce(sum(users), 0) FROM first_seen_hours WHERE hour >= :since),
        (SELECT json_group_object(name, total) FROM (
            SELECT name, sum(count) AS total FROM hourly_counts
            JOIN interaction_types ON id = interaction_type WHERE hour >= :since GROUP BY name)),
        (SELECT json_group_array(json_array(hour, total)) FROM (
            SELECT hour, sum(count) AS total FROM hourly_counts WHERE hour >= :since
            GROUP BY hour)),
        (SELECT json_group_object(kind, json(words)) FROM (
            SELECT kind, json_group_object(event, total) AS words FROM (
                SELECT kind, event, sum(count) AS total FROM daily_events
                WHERE day >= :day GROUP BY kind, event)
            GROUP BY kind)),
        (SELECT coalesce(sum(count), 0) FROM hourly_counts
            WHERE hour >= :before AND hour < :middle),
        (SELECT coalesce(sum(count), 0) FROM hourly_counts WHERE hour = :middle),
        {PAST}
"""
EVENTS = """
    SELECT day, kind, event, count, people FROM daily_events
    WHERE day >= ?1 AND (?2 IS NULL OR kind IN (SELECT value FROM json_each(?2)))
"""
# Windows are hours, or days of 23 to 25 hours. CROSS: each window is one range of the counts.
HISTORY = f"""
    WITH windows (begins, ends) AS MATERIALIZED (
        SELECT json_extract(value, '$[0]'), json_extract(value, '$[1]') FROM json_each(:windows))
    SELECT
        (SELECT json_group_array(json_array(begins, name, total)) FROM (
            SELECT begins, name, sum(count) AS total
            FROM windows CROSS JOIN hourly_counts ON hour >= begins AND hour < ends
            JOIN interaction_types ON id = interaction_type GROUP BY 1, 2)),
        (SELECT json_group_array(json_array(day, interactions, users, json(breakdown)))
            FROM daily_trends WHERE day >= :day),
        (SELECT json_group_array(json_array(day, users)) FROM daily_users WHERE day >= :day),
        (SELECT json_group_array(json_array(hour, total)) FROM (
            SELECT hour, sum(count) AS total FROM hourly_counts
            WHERE hour >= :hours_since AND hour < :hours_until GROUP BY hour)),
        {PAST}
"""
COHORTS = f"""
    SELECT
        (SELECT json_group_array(json_array(first_week, week, users))
            FROM cohorts WHERE first_week >= :week),
        (SELECT json_group_array(json_array(day, users)) FROM daily_users WHERE day >= :day),
        (SELECT coalesce(sum(users), 0) FROM last_seen_hours WHERE hour >= :moment),
        {PAST}
"""
# The user_id 0 marks what was recorded under a key that has been replaced.
PEOPLE = """
    SELECT (
        SELECT count(DISTINCT user_id) FROM interactions
        WHERE timestamp >= json_extract(value, '$[0]') AND timestamp < json_extract(value, '$[1]')
            AND user_id <> 0)
    FROM json_each(?) ORDER BY key
"""
# The newest day that is kept already, and the oldest hour that there is.
KEPT = "SELECT (SELECT max(day) FROM daily_trends), (SELECT min(hour) FROM hourly_counts)"
KEEP_DAY = """
    INSERT INTO daily_trends (day, interactions, users, breakdown)
    SELECT
        ?1, coalesce(sum(count), 0), active,
        CASE WHEN active >= ?4
            THEN json_group_object(name, count) FILTER (WHERE name IS NOT NULL) END
    FROM (SELECT coalesce(sum(users), 0) AS active FROM daily_users WHERE day = ?1) LEFT JOIN (
        SELECT name, sum(count) AS count FROM hourly_counts
        JOIN interaction_types ON id = interaction_type
        WHERE hour >= ?2 AND hour < ?3 GROUP BY name)
    WHERE TRUE ON CONFLICT DO NOTHING
"""
OLDEST_DAY_KEPT = "SELECT min(day) FROM daily_trends"
FORGET_DAYS = "DELETE FROM daily_trends"


class StatisticsQueries(Queries):
    """The counts that reports are made of."""

    async def totals(self, day: int, week: int, month: int) -> Totals:
        windows = {"day": day, "week": week, "month": month}
        [row] = await self._database.read(TOTALS, windows)
        daily, weekly, monthly, types, oldest, kept = row
        settings: dict[str, Any] = json.loads(kept)
        return Totals(
            daily,
            weekly,
            monthly,
            types=json.loads(types),
            oldest=oldest,
            last_cleanup=settings.get("last_cleanup"),
            last_cleanup_deleted=settings.get("last_cleanup_deleted", 0),
            is_compaction_due="compaction_due" in settings,
            dropped=settings.get("dropped", 0),
        )

    async def period_counts(self, since: int, day: int, before: int, middle: int) -> PeriodCounts:
        bounds = {"since": since, "day": day, "before": before, "middle": middle}
        [row] = await self._database.read(PERIOD, bounds)
        active, new, types, hours, events, *others = row
        return PeriodCounts(
            active, new, json.loads(types), json.loads(hours), json.loads(events), *others
        )

    async def history_counts(
        self, windows: Sequence[tuple[int, int]], day: int, hours_since: int, hours_until: int
    ) -> HistoryCounts:
        bounds = {
            "windows": json.dumps(windows),
            "day": day,
            "hours_since": hours_since,
            "hours_until": hours_until,
        }
        [row] = await self._database.read(HISTORY, bounds)
        steps, days, users, hours, *past = row
        return HistoryCounts(
            json.loads(steps),
            [DayTotals(*day) for day in json.loads(days)],
            json.loads(users),
            json.loads(hours),
            *past,
        )

    async def event_days(
        self, since: int, kinds: Collection[str] | None = None
    ) -> list[DayOfEvent]:
        wanted = None if kinds is None else json.dumps([*kinds])
        return [DayOfEvent(*row) for row in await self._database.read(EVENTS, (since, wanted))]

    async def cohort_counts(self, week: int, day: int, moment: int) -> CohortCounts:
        bounds = {"week": week, "day": day, "moment": moment}
        [row] = await self._database.read(COHORTS, bounds)
        weeks, days, *others = row
        return CohortCounts(json.loads(weeks), json.loads(days), *others)

    async def people_of_windows(self, windows: Sequence[tuple[int, int]]) -> list[int]:
        rows = await self._database.scan(PEOPLE, (json.dumps(windows),))
        return [people for (people,) in rows]

    async def keep_days(self, days: Sequence[tuple[int, int, int]], min_users: int) -> None:
        [(newest, oldest_hour)] = await self._database.read(KEPT)
        if newest is None and oldest_hour is None:
            return
        for day, begin, end in days:
            if day > newest if newest is not None else end > oldest_hour:
                await self._database.write(KEEP_DAY, (day, begin, end, min_users))

    async def oldest_day_kept(self) -> int | None:
        [(day,)] = await self._database.read(OLDEST_DAY_KEPT)
        return None if day is None else int(day)

    async def forget_days(self) -> None:
        await self._database.write(FORGET_DAYS)
