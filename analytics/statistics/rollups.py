"""Keep anonymous totals of a day when its interactions are deleted: sums, and how many people."""

from analytics.sqlite.database import Database
from analytics.statistics.people import PEOPLE
from analytics.statistics.periods import LONGEST_HISTORY

DEFAULT_TRENDS_MIN_USERS = 5
DAY = 86_400

# From the day after the newest that is kept already, or from the oldest that there is. A day that
# was so long ago that no chart shows it does not have to be kept.
DAYS_TO_KEEP = f"""
    WITH RECURSIVE days (day) AS (
        SELECT max(?1 - {LONGEST_HISTORY.days}, coalesce(
            (SELECT max(day) + 1 FROM daily_trends), (SELECT min(hour) / 86400 FROM hourly_counts)))
        UNION ALL SELECT day + 1 FROM days WHERE day < ?1
    )
    SELECT day FROM days WHERE day <= ?1
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


async def keep_trends(database: Database, before: int, min_users: int) -> None:
    """Keep the totals of the days that a cleanup up to `before`, in Unix seconds, touches.

    Days are whole, the one that `before` is in included. A day is kept once, as it was before
    anything of it was deleted. With fewer than `min_users` people it is kept without its split by
    type.
    """
    for (day,) in await database.read(DAYS_TO_KEEP, ((before - 1) // DAY,)):
        # Counted on the reading connection, which does not hold up recording.
        [(people,)] = await database.read(PEOPLE, (day * DAY, (day + 1) * DAY))
        await database.write(KEEP_DAY, (day, people, min_users))


async def forget_trends(database: Database) -> None:
    await database.write("DELETE FROM daily_trends")
