"""The audit log: who looked at or deleted what, with nothing about the people concerned."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from types import MappingProxyType

from analytics.acts import NoteAccess
from analytics.marking import N_
from analytics.open_database import OpenDatabase

# At least an hour: joined with interactions by the second, an entry would tell an admin's row.
MIN_PRECISION = 3600

# The `telegram_id` of an entry by someone who is not among the admins that are to be named.
FORMER_ADMIN = 0


class Action(StrEnum):
    """An action of an admin, or of the operator, that the audit log notes."""

    STATS = "stats"
    STATS_EXPORT = "stats-export"
    WEB = "web"
    CLEANUP = "cleanup"
    EXPORT = "export"
    ERASE = "erase"
    AUDIT = "audit"
    ROTATE_KEY = "rotate-key"
    TIMEZONE = "timezone"
    MAKE_LINK = "make-link"
    RETIRE_LINK = "retire-link"
    NOTE = "note"
    NOTE_REMOVAL = "note-removal"


# The name of each action, wherever people read the audit log; one of a newer version has none.
ACTION_NAMES: Mapping[str, str] = MappingProxyType(
    {
        Action.STATS: N_("statistics"),
        Action.STATS_EXPORT: N_("statistics file"),
        Action.WEB: N_("admin page"),
        Action.CLEANUP: N_("cleanup"),
        Action.EXPORT: N_("person's data"),
        Action.ERASE: N_("erasure"),
        Action.AUDIT: N_("audit log"),
        Action.ROTATE_KEY: N_("key replaced"),
        Action.TIMEZONE: N_("time zone changed"),
        Action.MAKE_LINK: N_("link made"),
        Action.RETIRE_LINK: N_("link retired"),
        Action.NOTE: N_("note added"),
        Action.NOTE_REMOVAL: N_("note removed"),
    }
)


@dataclass(frozen=True, slots=True)
class AuditEntry:
    """An entry of the audit log: when, in the operator's time zone, by whom, and what.

    `telegram_id` is that of an admin, FORMER_ADMIN, or None for the command line. `action` is the
    word as it is stored where a newer version at the same database has noted it.
    """

    timestamp: datetime
    telegram_id: int | None
    action: Action | str


class AuditLog:
    """The audit log, kept as long as interactions. Admins are stored as pseudonyms."""

    def __init__(self, database: OpenDatabase, precision: int) -> None:
        """Round times down to `precision`, in seconds, but at least to the hour."""
        self._database = database
        self._precision = max(precision, MIN_PRECISION)

    async def note(self, action: Action, telegram_id: int | None = None) -> None:
        """Note an action, as soon as the database can be written.

        `telegram_id` is that of an admin, None for the command line.
        Raises PseudonymKeyMissing if it is given without a key, WrongPseudonymKey with another.
        """
        admin_reference = None
        if telegram_id is not None:
            admin_reference = (await self._database.references()).admin(telegram_id)
        timestamp = self._database.calendar.floor(self._database.now(), self._precision)
        await self._database.keep(NoteAccess(timestamp, admin_reference, action.value))

    async def entries(self, telegram_ids: Collection[int] = ()) -> list[AuditEntry]:
        """Return who looked at or deleted what, the newest first.

        Only pseudonyms of admins are stored: `telegram_ids` are those of admins to be named.
        Raises PseudonymKeyMissing if some are given and there is no key, WrongPseudonymKey if it
        is another, and AnalyticsError if the database cannot be read.
        """
        named: dict[int | None, int | None] = {None: None}
        for each in telegram_ids:
            named[(await self._database.references()).admin(each)] = each
        return [
            AuditEntry(
                self._database.calendar.local(timestamp),
                named.get(admin_reference, FORMER_ADMIN),
                Action(action) if action in ACTION_NAMES else action,
            )
            for timestamp, admin_reference, action in await self._database.store.audit_entries()
        ]
