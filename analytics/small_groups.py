"""What too few people used is not shown by itself, where BREAKDOWN_MIN_USERS asks for that."""

import json
from collections.abc import Collection, Mapping

from analytics.database import Database
from analytics.interactions import InteractionType

# Stops as soon as there are enough: only a type of few people is looked for in all rows.
PEOPLE_OF_TYPES = """
    SELECT count(*) FROM (
        SELECT DISTINCT user_id FROM interactions
        WHERE timestamp >= ?1 AND interaction_type IN (
            SELECT id FROM interaction_types WHERE name IN (SELECT value FROM json_each(?2)))
        LIMIT ?3)
"""
OTHER = InteractionType.OTHER.value


async def small_groups(
    database: Database, counts: Mapping[str, int], enough: int, since: int = 0
) -> frozenset[str]:
    """The types of `counts` to be shown as `other`, since fewer than `enough` people used them.

    Types are added to `other`, the smallest first, until it holds enough people, and so at least
    two types: else it would only be another name for the one that it hides. `since` is in Unix
    seconds.
    """

    async def are_few(*types: str) -> bool:
        asked = (since, json.dumps(types), enough)
        [(people,)] = await database.read(PEOPLE_OF_TYPES, asked)
        return bool(people < enough)

    if enough <= 1:
        return frozenset()
    few = {name for name in counts if await are_few(name)}
    if not few:
        return frozenset()
    folded = few | {OTHER} & counts.keys()
    for name in sorted(counts.keys() - folded, key=lambda name: counts[name]):
        if not await are_few(*folded):
            break
        folded.add(name)
    return frozenset(folded)


def breakdown(counts: Mapping[str, int], folded: Collection[str] = ()) -> dict[str, int]:
    """The same total, the largest first, with what is folded under `other`."""
    shown = {name: count for name, count in counts.items() if name not in folded}
    if len(shown) < len(counts):
        shown[OTHER] = sum(count for name, count in counts.items() if name in folded)
    return dict(sorted(shown.items(), key=lambda item: (-item[1], item[0])))
