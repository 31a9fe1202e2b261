"""What a file holds, counted again through a connection of its own."""

from contextlib import closing
from pathlib import Path

from tests.support.second_connection import second_connection

# What is kept in step by triggers, and the same recounted: equal if nothing comes out.
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
        [(answer,)] = database.execute("PRAGMA quick_check(1)").fetchall()
        wrong = [] if answer == "ok" else [str(answer)]
        for kept, recounted in RECOUNTS:
            a, b = (sorted(database.execute(sql).fetchall()) for sql in (kept, recounted))
            if a != b:
                wrong.append(f"{kept}: {a} instead of {b}")
    return wrong
