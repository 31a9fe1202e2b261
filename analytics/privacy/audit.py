"""Who looked at or deleted what: an audit trail that holds nothing about the people concerned."""

from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum

from analytics.sqlite.database import Database

NOTE = "INSERT INTO audit_trail (timestamp, admin_id, action) VALUES (?, ?, ?)"
TRAIL = "SELECT timestamp, admin_id, action FROM audit_trail ORDER BY timestamp DESC, rowid DESC"

IS_OLDER = "SELECT EXISTS (SELECT 1 FROM audit_trail WHERE timestamp < ?)"


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
    """`admin_id` is a Telegram ID; None stands for the command line."""

    timestamp: datetime
    admin_id: int | None
    action: Action


async def trail(database: Database) -> list[AuditEntry]:
    """All that is kept, the newest first."""
    return [
        AuditEntry(datetime.fromtimestamp(timestamp, UTC), admin_id, Action(action))
        for timestamp, admin_id, action in await database.read(TRAIL)
    ]


async def is_older(database: Database, before: datetime) -> bool:
    [(found,)] = await database.read(IS_OLDER, (int(before.timestamp()),))
    return bool(found)


async def forget_older(database: Database, before: datetime) -> None:
    await database.write("DELETE FROM audit_trail WHERE timestamp < ?", (int(before.timestamp()),))
