"""Find the people of each hour and type, so that small groups of them can be suppressed."""

import json
from collections.abc import Sequence

from analytics.sqlite.queries import Queries
from analytics.store_types import Slice

SLICES = """
    SELECT
        CASE WHEN hour < ?1 THEN -(1 << 62) ELSE hour END AS begins,
        CASE WHEN hour < ?1 THEN ?1 ELSE hour + 3600 END,
        name, sum(count)
    FROM hourly_counts JOIN interaction_types ON id = interaction_type
    GROUP BY begins, interaction_type ORDER BY begins
"""
# Stops as soon as there are enough: only where there are few, all rows are looked at.
# The user_id 0 marks what was recorded under a key that has been replaced.
PEOPLE_OF = """
    SELECT (
        SELECT json_group_array(user_id) FROM (
            SELECT DISTINCT user_id FROM interactions
            WHERE timestamp >= json_extract(value, '$[0]')
                AND timestamp < json_extract(value, '$[1]')
                AND interaction_type = interaction_types.id
                AND user_id <> 0
            LIMIT ?2))
    FROM json_each(?1) CROSS JOIN interaction_types ON name = json_extract(value, '$[2]')
"""
SEEN = """
    SELECT
        (SELECT coalesce(sum(users), 0) FROM last_seen_hours
            WHERE hour >= (value + 3599) / 3600 * 3600)
        + (SELECT coalesce(sum(users), 0) FROM last_seen_counts
            WHERE last_seen >= value AND last_seen < (value + 3599) / 3600 * 3600),
        (SELECT coalesce(sum(users), 0) FROM first_seen_hours WHERE hour >= value)
    FROM json_each(?)
"""


class SmallGroupQueries(Queries):
    """Queries for how many people, and which, the interactions of an hour and type are of."""

    async def slices(self, since: int) -> list[tuple[Slice, int]]:
        return [
            (Slice(begin, end, name), count)
            for begin, end, name, count in await self._database.read(SLICES, (since,))
        ]

    async def people_of(self, slices: Sequence[Slice], at_most: int) -> list[list[int]]:
        rows = await self._database.read(PEOPLE_OF, (json.dumps(slices), at_most))
        return [json.loads(people) for (people,) in rows]

    async def seen_since(self, moments: Sequence[int]) -> list[tuple[int, int]]:
        return [tuple(row) for row in await self._database.read(SEEN, (json.dumps(moments),))]
