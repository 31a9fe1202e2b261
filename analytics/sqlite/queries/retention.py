"""Delete by age: interactions, events, the audit log, listed erasures, notes."""

from analytics.sqlite.queries import Queries

COUNT = "SELECT coalesce(sum(count), 0) FROM interactions WHERE timestamp < ?"
# Oldest first: the triggers rely on it.
DELETE = """
    DELETE FROM interactions WHERE (timestamp, user_id, interaction_type) IN (
        SELECT timestamp, user_id, interaction_type FROM interactions WHERE timestamp < ?
        ORDER BY timestamp, user_id, interaction_type LIMIT ?)
    RETURNING count
"""
FORGET_EVENTS = "DELETE FROM daily_events WHERE day < ?"
FORGET_USERS = "DELETE FROM daily_users WHERE day < ?"
HAS_LISTED = """
    SELECT EXISTS (SELECT 1 FROM audit_trail WHERE timestamp < ?)
        OR EXISTS (SELECT 1 FROM erasures WHERE day < ?)
        OR EXISTS (SELECT 1 FROM notes WHERE moment < ?)
"""
FORGET_AUDIT = "DELETE FROM audit_trail WHERE timestamp < ?"
FORGET_ERASURES = "DELETE FROM erasures WHERE day < ?"
FORGET_NOTES = "DELETE FROM notes WHERE moment < ?"


class RetentionQueries(Queries):
    """The deletion of what is past retention."""

    async def count_before(self, before: float) -> int:
        [(count,)] = await self._database.read(COUNT, (before,))
        return int(count)

    async def delete_before(self, before: float, at_most: int) -> int:
        return sum(count for (count,) in await self._database.write(DELETE, (before, at_most)))

    async def forget_events(self, before: int) -> None:
        await self._write((FORGET_EVENTS, (before,)))

    async def forget_active_people(self, before: int) -> None:
        await self._write((FORGET_USERS, (before,)))

    async def has_listed(self, audit_before: int, erased_before: int, notes_before: int) -> bool:
        before = audit_before, erased_before, notes_before
        [(found,)] = await self._database.read(HAS_LISTED, before)
        return bool(found)

    async def forget_listed(self, audit_before: int, erased_before: int, notes_before: int) -> None:
        await self._write(
            (FORGET_AUDIT, (audit_before,)),
            (FORGET_ERASURES, (erased_before,)),
            (FORGET_NOTES, (notes_before,)),
        )
