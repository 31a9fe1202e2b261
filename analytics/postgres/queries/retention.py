"""Delete by age: interactions, events, the audit log, listed erasures, notes."""

import math

from analytics.postgres.compaction import Compaction
from analytics.postgres.database import Transaction
from analytics.postgres.queries.leaving import deleted

COUNT = """
    SELECT coalesce(sum(count), 0)::bigint FROM bot_analytics.interactions WHERE timestamp < %s
"""
# The first row that stays in this step.
FIRST_LEFT = """
    SELECT timestamp, user_id, interaction_type FROM bot_analytics.interactions
    WHERE timestamp < %s ORDER BY timestamp, user_id, interaction_type OFFSET %s LIMIT 1
"""
DELETE = deleted("timestamp < %s")
DELETE_SOME = deleted(
    "timestamp < %s AND timestamp <= %s AND (timestamp, user_id, interaction_type) < (%s, %s, %s)"
)
FORGET_EVENTS = "DELETE FROM bot_analytics.daily_events WHERE day < %s"
FORGET_USERS = "DELETE FROM bot_analytics.daily_users WHERE day < %s"
HAS_LISTED = """
    SELECT EXISTS (SELECT 1 FROM bot_analytics.audit_trail WHERE timestamp < %s)
        OR EXISTS (SELECT 1 FROM bot_analytics.erasures WHERE day < %s)
        OR EXISTS (SELECT 1 FROM bot_analytics.notes WHERE moment < %s)
"""
FORGET_AUDIT = "DELETE FROM bot_analytics.audit_trail WHERE timestamp < %s"
FORGET_ERASURES = "DELETE FROM bot_analytics.erasures WHERE day < %s"
FORGET_NOTES = "DELETE FROM bot_analytics.notes WHERE moment < %s"


class RetentionQueries(Compaction):
    """The deletion of what is past retention."""

    async def count_before(self, before: float) -> int:
        [(count,)] = await self._database.read(COUNT, (math.ceil(before),))
        return int(count)

    async def delete_before(self, before: float, at_most: int) -> int:
        end = math.ceil(before)

        async def work(transaction: Transaction) -> int:
            first_left = await transaction.rows(FIRST_LEFT, (end, at_most))
            if first_left:
                [key] = first_left
                rows = await transaction.rows(DELETE_SOME, (end, key[0], *key))
            else:
                rows = await transaction.rows(DELETE, (end,))
            if rows:
                await self._note_deletion(transaction)
            return sum(count for _, count in rows)

        return await self._database.transact(work, "deleting")

    async def forget_events(self, before: int) -> None:
        await self._database.write((FORGET_EVENTS, (before,)))

    async def forget_active_people(self, before: int) -> None:
        await self._database.write((FORGET_USERS, (before,)))

    async def has_listed(self, audit_before: int, erased_before: int, notes_before: int) -> bool:
        before = audit_before, erased_before, notes_before
        [(found,)] = await self._database.read(HAS_LISTED, before)
        return bool(found)

    async def forget_listed(self, audit_before: int, erased_before: int, notes_before: int) -> None:
        await self._delete(
            (FORGET_AUDIT, (audit_before,)),
            (FORGET_ERASURES, (erased_before,)),
            (FORGET_NOTES, (notes_before,)),
        )
