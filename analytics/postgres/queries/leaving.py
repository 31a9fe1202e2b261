"""Delete interactions, and take them and their people out of the counts, in one statement."""

from analytics.postgres.database import FOLDED
from analytics.postgres.queries.counters import (
    COHORTS,
    FIRST_SEEN_HOURS,
    HOURLY_COUNTS,
    LAST_SEEN_COUNTS,
    LAST_SEEN_HOURS,
)


def deleted(where: str) -> str:
    """Return a statement that deletes interactions and returns their timestamps and counts.

    A person leaves `users` with their last row. Of who stays, `first_seen` is forgotten with the
    oldest row, and `last_seen` stays: delete the oldest rows first, or all of a person. Run it
    alone, in a transaction with the lock "deleting": it does not see what others record meanwhile.
    """
    return f"""
        WITH gone AS (
            DELETE FROM bot_analytics.interactions WHERE {where}
            RETURNING timestamp, user_id, interaction_type, count
        ), people AS MATERIALIZED (
            SELECT was.*, fewer, was.rows <= fewer AS leaves,
                was.rows <= fewer OR was.first_seen = oldest AS forgets
            FROM (SELECT user_id, count(*) AS fewer, min(timestamp) AS oldest
                FROM gone GROUP BY user_id) AS theirs
            JOIN bot_analytics.users AS was ON was.id = user_id
        ), left_by AS (
            DELETE FROM bot_analytics.users AS was USING people
            WHERE was.id = people.id AND leaves
        ), stayed AS (
            UPDATE bot_analytics.users AS was SET
                rows = was.rows - fewer,
                first_seen = CASE WHEN forgets THEN NULL ELSE was.first_seen END,
                first_week = CASE WHEN forgets THEN NULL ELSE was.first_week END,
                weeks = CASE WHEN forgets THEN 0 ELSE was.weeks END
            FROM people WHERE was.id = people.id AND NOT leaves
        ), hours AS (
            {HOURLY_COUNTS.insert}
            SELECT timestamp / 3600 * 3600, interaction_type, {FOLDED}, -sum(count)
            FROM gone GROUP BY 1, 2 {HOURLY_COUNTS.conflict}
        ), weeks AS (
            {COHORTS.insert}
            SELECT first_week, first_week + bit, {FOLDED}, -count(*)
            FROM people CROSS JOIN generate_series(0, 61) AS bit
            WHERE forgets AND weeks >> bit & 1 = 1 GROUP BY 1, 2 {COHORTS.conflict}
        ), firsts AS (
            {FIRST_SEEN_HOURS.insert}
            SELECT first_seen / 3600 * 3600, {FOLDED}, -count(*)
            FROM people WHERE forgets AND first_seen IS NOT NULL
            GROUP BY 1 {FIRST_SEEN_HOURS.conflict}
        ), lasts AS (
            {LAST_SEEN_HOURS.insert}
            SELECT last_seen / 3600 * 3600, {FOLDED}, -count(*)
            FROM people WHERE leaves GROUP BY 1 {LAST_SEEN_HOURS.conflict}
        ), moments AS (
            {LAST_SEEN_COUNTS.insert}
            SELECT last_seen, {FOLDED}, -count(*)
            FROM people WHERE leaves AND last_seen %% 3600 > 0
            GROUP BY 1 {LAST_SEEN_COUNTS.conflict}
        )
        SELECT timestamp, count FROM gone
    """
