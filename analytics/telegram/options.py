"""Options that handlers, alerts and texts read."""

from collections.abc import Awaitable, Callable, Collection, Sequence, Set
from dataclasses import dataclass, field
from datetime import time
from typing import Any, Literal

from analytics import AnalyticsService, Calendar


async def nothing_else(telegram_id: int) -> None:
    """Do nothing."""


@dataclass(frozen=True, slots=True)
class Options:
    """Options of a bot's analytics; `admin_ids` and `owner_ids` are Telegram IDs.

    `options_of` makes them, so that those of an open service are its own.
    """

    admin_ids: Set[int] = frozenset()
    owner_ids: Set[int] = frozenset()
    """Admins who may also delete, and see the audit log."""
    operator_contact: str = ""
    """A name and an address for `/privacy`."""
    also_stored: Sequence[str] | None = None
    """Words for `/privacy` about what the bot stores itself; None if that is not known."""
    count_languages: bool = False
    """True if new people are counted by language."""
    erase_when_blocked: bool = False
    on_erase: Callable[[int], Awaitable[None]] = nothing_else
    """Erases what else the bot stores about a Telegram ID."""
    digest: Literal["weekly", "daily", "off"] = "weekly"
    digest_at: time = time(8)
    """Time of day of the digest, in the operator's time zone unless it has one of its own."""
    silence_alert_hours: int = 48
    """Hours without updates before an alert; 0 for no such alert."""
    retention_days: int = 90
    timestamp_precision: int = 3_600
    """Seconds that stored times are rounded down to."""
    breakdown_min_users: int = 1
    keep_trends: bool = True
    daily_backups: int | None = None
    """The number of daily backups that are kept; None if no backup is made each day."""
    on_server: bool = False
    """True if the database is on a server, of which others may make backups."""
    pseudonymise_user_ids: bool = True
    calendar: Calendar = field(default_factory=Calendar)
    """The days and times of the operator."""


def telegram_ids(option: str, ids: Collection[int]) -> frozenset[int]:
    """Return the value of an option as a set.

    Raises TypeError for text, such as a list from the environment: it would equal no Telegram ID.
    """
    if not isinstance(ids, Collection) or not all(isinstance(each, int) for each in ids):
        raise TypeError(f"{option} has to be a list or set of whole numbers")
    return frozenset(ids)


def check_choice(option: str, value: str, choices: Collection[str]) -> None:
    """Raise ValueError if the value of an option is none of its choices."""
    if value not in choices:
        raise ValueError(f"{option} has to be one of: {', '.join(choices)}")


def check_times(**options: time) -> None:
    """Raise TypeError if an option is not a time of day."""
    for option, value in options.items():
        if not isinstance(value, time):
            raise TypeError(f"{option} has to be a datetime.time, such as time(8, 30)")


def options_of(
    analytics: AnalyticsService,
    admin_ids: Collection[int] = (),
    owner_ids: Collection[int] | None = None,
    also_stored: str | Sequence[str] | None = None,
    **options: Any,
) -> Options:
    """Return the options of a bot whose service is `analytics`; all admins own it by default.

    Raises ValueError if an owner is no admin, TypeError for IDs that are not numbers.
    """
    admins = telegram_ids("admin_ids", admin_ids)
    owners = admins if owner_ids is None else telegram_ids("owner_ids", owner_ids)
    if owners - admins:
        raise ValueError("owner_ids has people who are not in admin_ids")
    return Options(
        admin_ids=admins,
        owner_ids=owners,
        also_stored=[also_stored] if isinstance(also_stored, str) else also_stored,
        retention_days=analytics.retention_days,
        timestamp_precision=analytics.timestamp_precision,
        breakdown_min_users=analytics.rules.breakdown_min_users,
        keep_trends=analytics.rules.trends_min_users is not None,
        on_server=analytics.is_on_server,
        pseudonymise_user_ids=analytics.pseudonymises,
        calendar=analytics.calendar,
        **options,
    )
