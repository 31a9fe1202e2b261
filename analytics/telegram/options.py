"""Settings that handlers, alerts and texts read."""

from collections.abc import Set
from dataclasses import dataclass
from datetime import time
from typing import Literal


@dataclass(frozen=True, slots=True)
class Options:
    """Options of a bot's analytics; `admin_ids` and `owner_ids` are Telegram IDs.

    Give those that are also arguments of `AnalyticsService.open` the same values in both places.
    """

    admin_ids: Set[int] = frozenset()
    owner_ids: Set[int] = frozenset()
    """Admins who may also delete, and see the audit log."""
    operator_contact: str = ""
    """A name and an address for `/privacy`."""
    erase_when_blocked: bool = False
    digest: Literal["weekly", "daily", "off"] = "weekly"
    digest_at: time = time(8)
    """Time of day of the digest, UTC."""
    silence_alert_hours: int = 48
    """Hours without updates before an alert; 0 for no such alert."""
    retention_days: int = 90
    timestamp_precision: int = 3_600
    """Seconds that stored times are rounded down to."""
    report_interval: int = 0
    """Length of the complete intervals of reports in minutes; 0 for live reports."""
    breakdown_min_users: int = 1
    keep_trends: bool = True
    daily_backups: int | None = None
    """The number of daily backups that are kept; None if no backup is made each day."""
    pseudonymise_user_ids: bool = True
