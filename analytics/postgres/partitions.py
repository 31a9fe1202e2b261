"""Make and drop the partitions of interactions, one for each day, UTC."""

from collections.abc import Collection

from analytics.postgres.database import Database, Transaction

DAY = 86_400
ALL = """
    SELECT substring(relname FROM '\\d+$')::int FROM pg_inherits
    JOIN pg_class ON pg_class.oid = inhrelid
    WHERE inhparent = 'bot_analytics.interactions'::regclass
"""
# CREATE TABLE ... PARTITION OF would hold up whoever reads; ATTACH does not.
MAKE = (
    "CREATE TABLE bot_analytics.interactions_{day} (LIKE bot_analytics.interactions INCLUDING ALL)",
    "ALTER TABLE bot_analytics.interactions "
    "ATTACH PARTITION bot_analytics.interactions_{day} FOR VALUES FROM ({begin}) TO ({end})",
)
IS_EMPTY = "SELECT NOT EXISTS (SELECT 1 FROM bot_analytics.interactions_{day})"
DROP = "DROP TABLE bot_analytics.interactions_{day}"


def made(day: int) -> list[str]:
    """Return the statements that make the partition of a day, in days since 1970."""
    values = {"day": day, "begin": day * DAY, "end": (day + 1) * DAY}
    return [statement.format(**values) for statement in MAKE]


async def have_days(database: Database, timestamps: Collection[int]) -> None:
    """Make the partitions that interactions at these moments need, if they are not there.

    Raises an AnalyticsError if that fails.
    """
    missing = {timestamp // DAY for timestamp in timestamps} - database.days
    if not missing:
        return

    async def work(transaction: Transaction) -> None:
        there = {day for (day,) in await transaction.rows(ALL)}
        for day in sorted(missing - there):
            for statement in made(day):
                await transaction.run(statement)

    await database.transact(work, "days")
    database.days |= missing


async def drop_empty(database: Database, before: int) -> None:
    """Drop the partitions of whole days before a moment that have no interactions left.

    Raises an AnalyticsError if that fails.
    """

    async def work(transaction: Transaction) -> None:
        for (day,) in await transaction.rows(ALL):
            if (day + 1) * DAY <= before:
                [(is_empty,)] = await transaction.rows(IS_EMPTY.format(day=day))
                if is_empty:
                    await transaction.run(DROP.format(day=day))

    await database.transact(work, "deleting")
    database.days.clear()
