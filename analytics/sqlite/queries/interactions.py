"""Read the interactions as they are stored."""

import math
from datetime import datetime

from analytics.clock import from_unix
from analytics.models import InteractionType, UserInteraction, type_of_word
from analytics.sqlite.queries import Queries
from analytics.store_types import Setting

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
KNOWN_TIMES = f"""
    SELECT
        (SELECT value FROM file_settings WHERE name = '{Setting.TELEGRAM_TIME}'),
        (SELECT max(timestamp) FROM interactions)
"""


class InteractionQueries(Queries):
    """The interactions, the newest first."""

    async def interactions(
        self, limit: int, interaction_type: InteractionType | None, since: datetime | None
    ) -> list[UserInteraction]:
        oldest = -math.inf if since is None else since.timestamp()
        if interaction_type is None:
            rows = await self._database.read(NEWEST, (oldest, limit))
        else:
            rows = await self._database.read(
                NEWEST_OF_TYPE, (oldest, interaction_type.value, limit)
            )
        return [
            UserInteraction(user_id, type_of_word(name), from_unix(timestamp), count)
            for user_id, name, timestamp, count in rows
        ]

    async def known_times(self) -> tuple[int | None, int | None]:
        [(told, newest)] = await self._database.read(KNOWN_TIMES)
        return told, newest
