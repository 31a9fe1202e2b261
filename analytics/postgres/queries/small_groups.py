"""Find the people of each hour and type, so that small groups of them can be suppressed."""

from collections.abc import Sequence

from analytics.postgres.queries import Queries
from analytics.store_types import Slice

SLICES = """
    SELECT
        CASE WHEN hour < %(since)s THEN -(1::bigint << 62) ELSE hour END AS begins,
        CASE WHEN hour < %(since)s THEN %(since)s::bigint ELSE hour + 3600 END AS ends,
        name, sum(count)::bigint
    FROM bot_analytics.hourly_counts JOIN bot_analytics.interaction_types ON id = interaction_type
    GROUP BY 1, 2, 3 HAVING sum(count) <> 0 ORDER BY 1
"""
# Stops as soon as there are enough: only where there are few, all rows are looked at.
# The user_id 0 marks what was recorded under a key that has been replaced.
PEOPLE_OF = """
    SELECT ARRAY(
        SELECT DISTINCT user_id FROM bot_analytics.interactions
        WHERE timestamp >= begins AND timestamp < ends
            AND interaction_type = interaction_types.id AND user_id <> 0
        LIMIT %s)
    FROM unnest(%s::bigint[], %s::bigint[], %s::text[]) WITH ORDINALITY
        AS slice (begins, ends, name, place)
    LEFT JOIN bot_analytics.interaction_types USING (name)
    ORDER BY place
"""
SEEN = """
    SELECT
        (SELECT coalesce(sum(users), 0) FROM bot_analytics.last_seen_hours
            WHERE hour >= (value + 3599) / 3600 * 3600)::bigint
        + (SELECT coalesce(sum(users), 0) FROM bot_analytics.last_seen_counts
            WHERE last_seen >= value AND last_seen < (value + 3599) / 3600 * 3600)::bigint,
        (SELECT coalesce(sum(users), 0) FROM bot_analytics.first_seen_hours
            WHERE hour >= value)::bigint
    FROM unnest(%s::bigint[]) WITH ORDINALITY AS moment (value, place) ORDER BY place
"""


class SmallGroupQueries(Queries):
    """Queries for how many people, and which, the interactions of an hour and type are of."""

    async def slices(self, since: int) -> list[tuple[Slice, int]]:
        return [
            (Slice(begin, end, name), count)
            for begin, end, name, count in await self._database.read(SLICES, {"since": since})
        ]

    async def people_of(self, slices: Sequence[Slice], at_most: int) -> list[list[int]]:
        columns = [list(column) for column in zip(*slices, strict=True)] or [[], [], []]
        rows = await self._database.read(PEOPLE_OF, (at_most, *columns))
        return [people for (people,) in rows]

    async def seen_since(self, moments: Sequence[int]) -> list[tuple[int, int]]:
        return [tuple(row) for row in await self._database.read(SEEN, (list(moments),))]
