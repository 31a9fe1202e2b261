"""Read the interactions as they are stored."""

import math
from datetime import datetime

from analytics.clock import from_unix
from analytics.models import InteractionType, UserInteraction
from analytics.sqlite.database import Database

LARGEST_LIMIT = 100_000  # held in memory, all of them; for more there is the view

# The columns of the view user_interactions, which has times as text and so in no order that SQLite
# could follow. Read backwards by the key, only as many rows are read as are asked for.
NEWEST = """
    SELECT
        user_id,
        (SELECT name FROM interaction_types WHERE id = interaction_type),
        timestamp,
        count
    FROM interactions
    WHERE timestamp >= ?
    ORDER BY timestamp DESC, user_id DESC, interaction_type DESC
    LIMIT ?
"""
# For a rare type every row since `since` may be read.
NEWEST_OF_TYPE = NEWEST.replace(
    "ORDER BY",
    "AND interaction_type = (SELECT id FROM interaction_types WHERE name = ?) ORDER BY",
)


async def records(
    database: Database,
    limit: int,
    interaction_type: InteractionType | None,
    since: datetime | None,
) -> list[UserInteraction]:
    """Return the newest rows, at most `limit`, the newest first; `since` is aware and included.

    None stands for all types, and for all times.
    Raises ValueError for a `limit` outside 1 to 100,000, and AnalyticsError if the database cannot
    be read.
    """
    if not 1 <= limit <= LARGEST_LIMIT:
        raise ValueError(f"{limit} records: give a whole number from 1 to {LARGEST_LIMIT}")
    oldest = -math.inf if since is None else since.timestamp()
    if interaction_type is None:
        rows = await database.read(NEWEST, (oldest, limit))
    else:
        rows = await database.read(NEWEST_OF_TYPE, (oldest, interaction_type.value, limit))
    return [
        UserInteraction(user_id, InteractionType(name), from_unix(timestamp), count)
        for user_id, name, timestamp, count in rows
    ]
