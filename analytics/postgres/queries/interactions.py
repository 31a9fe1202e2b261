"""Read the interactions as they are stored."""

import math
from datetime import datetime

from analytics.clock import from_unix
from analytics.models import InteractionType, UserInteraction, type_of_word
from analytics.postgres.queries import Queries
from analytics.store_types import Setting

# Read backwards by the key, only as many rows are read as are asked for.
NEWEST = """
    SELECT
        user_id,
        (SELECT name FROM bot_analytics.interaction_types WHERE id = interaction_type),
        timestamp,
        count
    FROM bot_analytics.interactions
    WHERE timestamp >= %(since)s
    ORDER BY timestamp DESC, user_id DESC, interaction_type DESC
    LIMIT %(limit)s
"""
# For a rare type every row since `since` may be read.
NEWEST_OF_TYPE = NEWEST.replace(
    "ORDER BY",
    "AND interaction_type = (SELECT id FROM bot_analytics.interaction_types WHERE name = %(name)s)"
    " ORDER BY",
)
KNOWN_TIMES = f"""
    SELECT
        (SELECT value FROM bot_analytics.settings WHERE name = '{Setting.TELEGRAM_TIME}'),
        (SELECT max(timestamp) FROM bot_analytics.interactions)
"""


class InteractionQueries(Queries):
    """The interactions, the newest first."""

    async def interactions(
        self, limit: int, interaction_type: InteractionType | None, since: datetime | None
    ) -> list[UserInteraction]:
        asked = {
            "since": -(2**63) if since is None else math.ceil(since.timestamp()),
            "limit": limit,
            "name": interaction_type,
        }
        rows = await self._database.read(
            NEWEST if interaction_type is None else NEWEST_OF_TYPE, asked
        )
        return [
            UserInteraction(user_id, type_of_word(name), from_unix(timestamp), count)
            for user_id, name, timestamp, count in rows
        ]

    async def known_times(self) -> tuple[int | None, int | None]:
        [(told, newest)] = await self._database.read(KNOWN_TIMES)
        return told, newest
