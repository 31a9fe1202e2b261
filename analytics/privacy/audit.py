"""The audit trail: who looked at or deleted what, with nothing about the people concerned."""

import json
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from analytics.clock import from_unix
from analytics.pseudonyms import References
from analytics.sqlite.database import Database

NOTE = "INSERT INTO audit_trail (timestamp, admin_id, action) VALUES (?, ?, ?)"
TRAIL = "SELECT timestamp, admin_id, action FROM audit_trail ORDER BY timestamp DESC, rowid DESC"
ENTRIES = "SELECT timestamp, action FROM audit_trail WHERE admin_id = ? ORDER BY timestamp, rowid"
IS_OLDER = "SELECT EXISTS (SELECT 1 FROM audit_trail WHERE timestamp < ?)"
# At least an hour: joined with interactions by the second, an entry would tell an admin's row.
LEAST_PRECISION = 3600
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

FORMER_ADMIN = 0


class Action(StrEnum):
    STATS = "stats"
    STATS_EXPORT = "stats-export"
    CLEANUP = "cleanup"
    EXPORT = "export"
    ERASE = "erase"
    AUDIT = "audit"
    ROTATE_KEY = "rotate-key"


@dataclass(frozen=True, slots=True)
class AuditEntry:
    """An entry of the audit trail: when, by whom, and what.

    `admin_id` is the Telegram ID of an admin, FORMER_ADMIN, or None for the command line.
    """

    timestamp: datetime
    admin_id: int | None
    action: Action


def note(
    now: datetime, precision: int, admin: int | None, action: Action
) -> tuple[int, int | None, str]:
    """Return the parameters of NOTE; `admin` is a pseudonym, None for the command line.

    The time is rounded down to `precision`, in seconds, but at least to the hour.
    """
    precision = max(precision, LEAST_PRECISION)
    return int(now.timestamp()) // precision * precision, admin, action.value


async def trail(database: Database, named: Mapping[int, int]) -> list[AuditEntry]:
    """Return all entries, the newest first; `named` maps pseudonyms of admins to Telegram IDs.

    Raises AnalyticsError if the database cannot be read.
    """
    return [
        AuditEntry(
            from_unix(timestamp),
            None if admin is None else named.get(admin, FORMER_ADMIN),
            Action(action),
        )
        for timestamp, admin, action in await database.read(TRAIL)
    ]


async def entries_of(database: Database, admin: int) -> list[tuple[datetime, str]]:
    """Return when an admin did what, the oldest first; `admin` is their pseudonym.

    Raises AnalyticsError if the database cannot be read.
    """
    return [
        (from_unix(timestamp), action)
        for timestamp, action in await database.read(ENTRIES, (admin,))
    ]


async def name_by_pseudonym(
    database: Database, references: Callable[[Database], Awaitable[References]]
) -> None:
    """Replace plain Telegram IDs of admins with pseudonyms.

    The IDs leave the disk with the next compaction. Raises PseudonymKeyMissing if there are some
    and no key, and WrongPseudonymKey if it is another.
    """
    if clear := [telegram_id for (telegram_id,) in await database.read(CLEAR_IDS)]:
        admin = (await references(database)).admin
        renamed = {each: admin(each) for each in clear if admin(each) != each}
        if renamed:
            await database.write_all(
                (OVERDUE, ()), *((rename, (json.dumps(renamed),)) for rename in RENAME)
            )


async def is_older(database: Database, before: datetime) -> bool:
    [(found,)] = await database.read(IS_OLDER, (int(before.timestamp()),))
    return bool(found)


async def forget_older(database: Database, before: datetime) -> None:
    await database.write("DELETE FROM audit_trail WHERE timestamp < ?", (int(before.timestamp()),))
