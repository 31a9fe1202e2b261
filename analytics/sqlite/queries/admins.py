"""Read the audit log and the muted alerts."""

import json
from collections.abc import Awaitable, Callable

from analytics.clock import from_unix
from analytics.pseudonyms import References
from analytics.sqlite.database import Database
from analytics.sqlite.queries import Queries
from analytics.store_types import AuditRow

LOG = """
    SELECT timestamp, admin_id, action FROM audit_trail WHERE ?1 IS NULL OR admin_id = ?1
    ORDER BY timestamp DESC, rowid DESC
"""
MUTES = "SELECT admin_id, notice FROM turned_off"
FORGET_MUTES = "DELETE FROM turned_off WHERE admin_id = ?"
# Telegram IDs in a file that was written before there were pseudonyms of admins.
CLEAR_IDS = """
    SELECT admin_id FROM audit_trail WHERE admin_id > 0
    UNION SELECT admin_id FROM turned_off WHERE admin_id > 0
"""
RENAME = [
    f"UPDATE OR REPLACE {table} SET admin_id = renamed.value "
    "FROM json_each(?) AS renamed WHERE admin_id = CAST(renamed.key AS INTEGER)"
    for table in ("audit_trail", "turned_off")
]
OVERDUE = """
    INSERT INTO file_settings (name, value) VALUES ('compaction_due', 0) ON CONFLICT DO NOTHING
"""


class AdminQueries(Queries):
    """The queries about admins: audit log and muted alerts."""

    async def audit_entries(self, admin_reference: int | None = None) -> list[AuditRow]:
        return [
            AuditRow(from_unix(timestamp), by, action)
            for timestamp, by, action in await self._database.read(LOG, (admin_reference,))
        ]

    async def mutes(self) -> set[tuple[int, str]]:
        return {(by, kind) for by, kind in await self._database.read(MUTES)}

    async def forget_mutes(self, admin_reference: int) -> None:
        await self._database.write(FORGET_MUTES, (admin_reference,))


async def name_by_pseudonym(
    database: Database, references: Callable[[], Awaitable[References]]
) -> None:
    """Replace plain Telegram IDs of admins with pseudonyms.

    The IDs leave the disk with the next compaction. Raises PseudonymKeyMissing if there are some
    and no key, and WrongPseudonymKey if it is another.
    """
    if clear := [telegram_id for (telegram_id,) in await database.read(CLEAR_IDS)]:
        pseudonym = (await references()).admin
        renamed = {each: pseudonym(each) for each in clear if pseudonym(each) != each}
        if renamed:
            await database.write_all(
                (OVERDUE, ()), *((rename, (json.dumps(renamed),)) for rename in RENAME)
            )
