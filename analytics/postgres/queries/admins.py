"""Read the audit log and the muted alerts."""

from analytics.clock import from_unix
from analytics.postgres.compaction import Compaction
from analytics.store_types import AuditRow

LOG = """
    SELECT timestamp, admin_id, action FROM bot_analytics.audit_trail
    WHERE %(by)s::bigint IS NULL OR admin_id = %(by)s ORDER BY timestamp DESC, id DESC
"""
MUTES = "SELECT admin_id, notice FROM bot_analytics.turned_off"
FORGET_MUTES = "DELETE FROM bot_analytics.turned_off WHERE admin_id = %s"


class AdminQueries(Compaction):
    """The queries about admins: audit log and muted alerts."""

    async def audit_entries(self, admin_reference: int | None = None) -> list[AuditRow]:
        return [
            AuditRow(from_unix(timestamp), by, action)
            for timestamp, by, action in await self._database.read(LOG, {"by": admin_reference})
        ]

    async def mutes(self) -> set[tuple[int, str]]:
        return {(by, kind) for by, kind in await self._database.read(MUTES)}

    async def forget_mutes(self, admin_reference: int) -> None:
        await self._delete((FORGET_MUTES, (admin_reference,)))
