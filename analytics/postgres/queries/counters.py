"""Add to counters, under the number of a writer, and fold those of all writers into one."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from analytics.postgres.database import FOLDED, Transaction


class Counter(NamedTuple):
    """A table of counters: its key without the writer, and what it counts."""

    table: str
    key: Mapping[str, str]
    """Columns to their types."""
    counted: str

    @property
    def conflict(self) -> str:
        """Return the end of an INSERT into it: where there is a row, what comes is added."""
        return (
            f"ON CONFLICT ({', '.join(self.key)}, writer) "
            f"DO UPDATE SET {self.counted} = was.{self.counted} + excluded.{self.counted}"
        )

    @property
    def insert(self) -> str:
        """Return the beginning of an INSERT into it."""
        columns = ", ".join([*self.key, "writer", self.counted])
        return f"INSERT INTO bot_analytics.{self.table} AS was ({columns})"


HOURLY_COUNTS = Counter(
    "hourly_counts", {"hour": "bigint", "interaction_type": "smallint"}, "count"
)
DAILY_USERS = Counter("daily_users", {"day": "integer"}, "users")
COHORTS = Counter("cohorts", {"first_week": "integer", "week": "integer"}, "users")
LAST_SEEN_HOURS = Counter("last_seen_hours", {"hour": "bigint"}, "users")
FIRST_SEEN_HOURS = Counter("first_seen_hours", {"hour": "bigint"}, "users")
LAST_SEEN_COUNTS = Counter("last_seen_counts", {"last_seen": "bigint"}, "users")
COUNTERS = (
    HOURLY_COUNTS,
    DAILY_USERS,
    COHORTS,
    LAST_SEEN_HOURS,
    FIRST_SEEN_HOURS,
    LAST_SEEN_COUNTS,
)
FOLD_EVENTS = f"""
    WITH gone AS (
        DELETE FROM bot_analytics.daily_events WHERE writer <> {FOLDED}
        RETURNING day, kind, event, count, people)
    INSERT INTO bot_analytics.daily_events AS was (day, kind, event, writer, count, people)
    SELECT day, kind, event, {FOLDED}, sum(count), max(people) FROM gone GROUP BY 1, 2, 3
    ON CONFLICT (day, kind, event, writer) DO UPDATE SET
        count = was.count + excluded.count, people = greatest(was.people, excluded.people)
"""


async def add(
    transaction: Transaction, counter: Counter, writer: int, more: Mapping[Any, int]
) -> None:
    """Add to a counter: `more` has its keys, a tuple where there are two columns."""
    # In the order of the keys: so no two processes wait for each other.
    rows = sorted((key, count) for key, count in more.items() if count)
    if not rows:
        return
    keys: Sequence[Sequence[Any]]
    keys = list(zip(*(key if isinstance(key, tuple) else (key,) for key, _ in rows), strict=True))
    arrays = ", ".join(f"%s::{kind}[]" for kind in counter.key.values())
    names = ", ".join(counter.key)
    await transaction.run(
        f"{counter.insert} SELECT {names}, {writer}, more "
        f"FROM unnest({arrays}, %s::bigint[]) AS row ({names}, more) {counter.conflict}",
        [*map(list, keys), [count for _, count in rows]],
    )


async def fold(transaction: Transaction) -> None:
    """Make the rows of all writers those of one, and leave out what is 0."""
    await transaction.run(FOLD_EVENTS)
    for counter in COUNTERS:
        table, names = f"bot_analytics.{counter.table}", ", ".join(counter.key)
        await transaction.run(
            f"WITH gone AS (DELETE FROM {table} WHERE writer <> {FOLDED} "
            f"RETURNING {names}, {counter.counted} AS more) "
            f"{counter.insert} SELECT {names}, {FOLDED}, sum(more) FROM gone "
            f"GROUP BY {names} {counter.conflict}"
        )
        await transaction.run(
            f"DELETE FROM {table} WHERE writer = {FOLDED} AND {counter.counted} = 0"
        )
