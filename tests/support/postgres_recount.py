"""What a PostgreSQL database holds, and whether its counters are what a recount gives."""

# Where a counter and what it counts differ: none may be returned.
DIFFERENCES = """
    WITH counted AS (
        SELECT 'rows' AS counter, id::bigint AS key, rows::bigint AS count FROM bot_analytics.users
        UNION ALL SELECT 'hours', hour * 100 + interaction_type, sum(count)
            FROM bot_analytics.hourly_counts GROUP BY 2
        UNION ALL SELECT 'last', hour, sum(users) FROM bot_analytics.last_seen_hours GROUP BY 2
        UNION ALL SELECT 'first', hour, sum(users) FROM bot_analytics.first_seen_hours GROUP BY 2
        UNION ALL SELECT 'moment', last_seen, sum(users)
            FROM bot_analytics.last_seen_counts GROUP BY 2
        UNION ALL SELECT 'week', first_week * 100000 + week, sum(users)
            FROM bot_analytics.cohorts GROUP BY 2
    ), recounted AS (
        SELECT 'rows' AS counter, user_id::bigint AS key, count(*) AS count
            FROM bot_analytics.interactions GROUP BY 2
        UNION ALL SELECT 'hours', timestamp / 3600 * 360000 + interaction_type, sum(count)
            FROM bot_analytics.interactions GROUP BY 2
        UNION ALL SELECT 'last', last_seen / 3600 * 3600, count(*)
            FROM bot_analytics.users GROUP BY 2
        UNION ALL SELECT 'first', first_seen / 3600 * 3600, count(*)
            FROM bot_analytics.users WHERE first_seen IS NOT NULL GROUP BY 2
        UNION ALL SELECT 'moment', last_seen, count(*)
            FROM bot_analytics.users WHERE last_seen % 3600 > 0 GROUP BY 2
        UNION ALL SELECT 'week', first_week * 100000 + first_week + bit, count(*)
            FROM bot_analytics.users, generate_series(0, 61) AS bit
            WHERE weeks >> bit & 1 = 1 GROUP BY 2
    )
    SELECT counter, key, counted.count, recounted.count
    FROM counted FULL JOIN recounted USING (counter, key)
    WHERE coalesce(counted.count, 0) <> coalesce(recounted.count, 0)
"""
