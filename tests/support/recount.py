"""What a file holds, counted again through a connection of its own."""

from contextlib import closing
from pathlib import Path

from analytics.time_zones import calendar_of, parsed
from tests.support.second_connection import second_connection

DELETED = "coalesce((SELECT day_of(value - 1) FROM file_settings WHERE name = 'deleted_until'), -1)"
# What is kept in step while recording, and the same recounted: equal if nothing comes out.
RECOUNTS = [
    (
        "SELECT hour, interaction_type, count FROM hourly_counts",
        "SELECT timestamp / 3600 * 3600, interaction_type, sum(count) "
        "FROM interactions GROUP BY 1, 2",
    ),
    (
        "SELECT hour, users FROM first_seen_hours",
        "SELECT first_seen / 3600 * 3600, count(*) FROM users "
        "WHERE first_seen IS NOT NULL GROUP BY 1",
    ),
    (
        # NULL where the oldest was deleted.
        "SELECT id, first_seen FROM users WHERE first_seen IS NOT NULL",
        "SELECT id, min(timestamp) FROM interactions JOIN users ON id = user_id "
        "WHERE first_seen IS NOT NULL GROUP BY 1",
    ),
    (
        "SELECT id, last_seen, rows FROM users",
        # 0 is nobody: what was recorded under a key that has been replaced.
        "SELECT user_id, max(timestamp), count(*) FROM interactions WHERE user_id <> 0 GROUP BY 1",
    ),
    (
        "SELECT hour, users FROM last_seen_hours",
        "SELECT last_seen / 3600 * 3600, count(*) FROM users GROUP BY 1",
    ),
    (
        "SELECT first_week, week, users FROM cohorts",
        "SELECT first_week, week, count(*) FROM user_weeks GROUP BY 1, 2",
    ),
    (
        "SELECT id, first_week IS NULL, weeks = 0 FROM users",
        "SELECT id, first_seen IS NULL, first_seen IS NULL FROM users",
    ),
    (
        # Only whole days are known: of one that is deleted in part, the number stays until it is
        # deleted whole.
        f"SELECT day, users FROM daily_users WHERE day > {DELETED}",
        "SELECT day_of(timestamp), count(DISTINCT user_id) FROM interactions "
        f"WHERE user_id <> 0 AND day_of(timestamp) > {DELETED} GROUP BY 1",
    ),
    (
        "SELECT id, first_week, weeks FROM users WHERE first_week IS NOT NULL",
        "SELECT user_id, first_week, sum(DISTINCT 1 << (day_of(timestamp) + 3) / 7 - first_week) "
        "FROM interactions JOIN users ON id = user_id "
        "WHERE (day_of(timestamp) + 3) / 7 <= first_week + 61 GROUP BY 1",
    ),
    (
        "SELECT last_seen, users FROM last_seen_counts",
        "SELECT last_seen, count(*) FROM users WHERE last_seen % 3600 > 0 GROUP BY 1",
    ),
]


def counts(path: Path) -> dict[int, int]:
    """How often each interaction is there, by its time."""
    with closing(second_connection(path)) as database:
        rows = database.execute("SELECT timestamp, sum(count) FROM interactions GROUP BY 1")
        return {int(at): int(count) for at, count in rows}


def inconsistencies(path: Path) -> list[str]:
    """What quick_check finds, and where a recount differs: all of one moment."""
    with closing(second_connection(path)) as database:
        # The bot may write meanwhile: outside a transaction each statement would see another state.
        database.execute("BEGIN")
        zones = database.execute("SELECT value FROM file_settings WHERE name = 'time_zones'")
        calendar = calendar_of(parsed(next((value for (value,) in zones.fetchall()), None)))
        database.create_function("day_of", 1, calendar.day)
        [(answer,)] = database.execute("PRAGMA quick_check(1)").fetchall()
        wrong = [] if answer == "ok" else [str(answer)]
        for kept, recounted in RECOUNTS:
            a, b = (sorted(database.execute(sql).fetchall()) for sql in (kept, recounted))
            if a != b:
                wrong.append(f"{kept}: {a} instead of {b}")
    return wrong
