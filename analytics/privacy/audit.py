"""The audit log: who looked at or deleted what, with nothing about the people concerned."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from analytics.acts import NoteAccess
from analytics.store import Store

# At least an hour: joined with interactions by the second, an entry would tell an admin's row.
MIN_PRECISION = 3600

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


def entry(now: datetime, precision: int, admin: int | None, action: Action) -> NoteAccess:
    """Return the act that notes an action; `admin` is a pseudonym, None for the command line.

    The time is rounded down to `precision`, in seconds, but at least to the hour.
    """
    precision = max(precision, MIN_PRECISION)
    return NoteAccess(int(now.timestamp()) // precision * precision, admin, action.value)


async def audit_log(store: Store, named: Mapping[int, int]) -> list[AuditEntry]:
    """Return all entries, the newest first; `named` maps pseudonyms of admins to Telegram IDs.

    Raises AnalyticsError if the database cannot be read.
    """
    return [
        AuditEntry(
            timestamp, None if admin is None else named.get(admin, FORMER_ADMIN), Action(action)
        )
        for timestamp, admin, action in await store.audit_entries()
    ]
