"""The surroundings of the page: what it tells of the bot, besides the analytics."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from analytics.telegram import OwnersCleanup
from bot.web.findings import Doctor


async def unknown() -> None:
    """Return what is not known here."""


@dataclass(frozen=True, kw_only=True)
class Upkeep:
    """The state of the bot around the page. None is what is not known, or does not exist."""

    next_cleanup: Callable[[], datetime] | None = None
    """Returns when the next daily cleanup is planned, in the operator's time zone."""
    backup_dir: Path | None = None
    last_backup: Callable[[], Awaitable[datetime | None]] = unknown
    next_backup: Callable[[], datetime] | None = None
    doctor: Doctor | None = None
    owners_cleanup: OwnersCleanup | None = None
    """Deletes for owners; None where nothing can be written."""
