"""Count interactions and people: sums of counters, and people counted in past rows."""

import json
from collections.abc import Sequence
from typing import Any

from analytics.sqlite.queries import Queries
from analytics.store_types import (
    DayOfEvent,
    DayTotals,
    HistoryCounts,
    PeriodCounts,
    Setting,
    Totals,
)

DAY = 86_400

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
        (SELECT hour / 3600 % 24 FROM hourly_counts WHERE hour >= :since
            GROUP BY 1 ORDER BY sum(count) DESC, 1 LIMIT 1),
        (SELECT json_group_object(event, total) FROM (
            SELECT event, sum(count) AS total FROM daily_events
            WHERE day >= :since / 86400 GROUP BY event)),
        (SELECT coalesce(sum(count), 0) FROM hourly_counts
            WHERE hour >= :before AND hour < :middle),
        (SELECT coalesce(sum(count), 0) FROM hourly_counts WHERE hour = :middle),
        {PAST}
"""
EVENTS = "SELECT day, event, count, people FROM daily_events WHERE day >= ?"
# Steps of days, or of hours where the step is an hour.
HISTORY = f"""
    SELECT
        (SELECT json_group_array(json_array(begins, name, total)) FROM (
            SELECT hour / :step * :step AS begins, name, sum(count) AS total FROM hourly_counts
            JOIN interaction_types ON id = interaction_type WHERE hour >= :since GROUP BY 1, 2)),
        (SELECT json_group_array(json_array(day, interactions, users, json(breakdown)))
            FROM daily_trends WHERE day * 86400 >= :since),
        (SELECT json_group_array(json_array(hour, total)) FROM (
            SELECT hour, sum(count) AS total FROM hourly_counts
            WHERE hour >= :hours_since AND hour < :hours_until GROUP BY hour)),
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
# From the day after the newest that is kept already, or from the oldest that there is.
DAYS_TO_KEEP = """
    WITH RECURSIVE days (day) AS (
        SELECT max(?1, coalesce(
            (SELECT max(day) + 1 FROM daily_trends), (SELECT min(hour) / 86400 FROM hourly_counts)))
        UNION ALL SELECT day + 1 FROM days WHERE day < ?2
    )
    SELECT day FROM days WHERE day <= ?2
"""
KEEP_DAY = """
    INSERT INTO daily_trends (day, interactions, users, breakdown)
    SELECT
        ?1, coalesce(sum(count), 0), ?2,
        CASE WHEN ?2 >= ?3 THEN coalesce(json_group_object(name, count), '{}') END
    FROM (
        SELECT name, sum(count) AS count FROM hourly_counts
        JOIN interaction_types ON id = interaction_type
        WHERE hour >= ?1 * 86400 AND hour < (?1 + 1) * 86400 GROUP BY name)
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

    async def period_counts(self, since: int, before: int, middle: int) -> PeriodCounts:
        bounds = {"since": since, "before": before, "middle": middle}
        [row] = await self._database.read(PERIOD, bounds)
        active, new, types, busiest_hour, events, *others = row
        return PeriodCounts(
            active, new, json.loads(types), busiest_hour, json.loads(events), *others
        )

    async def history_counts(
        self, since: int, step: int, hours_since: int, hours_until: int
    ) -> HistoryCounts:
        bounds = {
            "since": since,
            "step": step,
            "hours_since": hours_since,
            "hours_until": hours_until,
        }
        [row] = await self._database.read(HISTORY, bounds)
        steps, days, hours, *past = row
        return HistoryCounts(
            json.loads(steps),
            [DayTotals(*day) for day in json.loads(days)],
            json.loads(hours),
            *past,
        )

    async def event_days(self, since: int) -> list[DayOfEvent]:
        return [DayOfEvent(*row) for row in await self._database.read(EVENTS, (since,))]

    async def people_of_windows(self, windows: Sequence[tuple[int, int]]) -> list[int]:
        return [people for (people,) in await self._database.read(PEOPLE, (json.dumps(windows),))]

    async def keep_days(self, first: int, last: int, min_users: int) -> None:
        for (day,) in await self._database.read(DAYS_TO_KEEP, (first, last)):
            # Counted on the reading connection, which does not hold up recording.
            [people] = await self.people_of_windows([(day * DAY, (day + 1) * DAY)])
            await self._database.write(KEEP_DAY, (day, people, min_users))

    async def oldest_day_kept(self) -> int | None:
        [(day,)] = await self._database.read(OLDEST_DAY_KEPT)
        return None if day is None else int(day)

    async def forget_days(self) -> None:
        await self._database.write(FORGET_DAYS)
