"""Aggregates: nothing here names, numbers or singles out a person."""

import json
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from analytics.database import Database

# One statement, so that all numbers are of the same moment. None of it scans the interactions.
REPORT = """
    SELECT
        (SELECT coalesce(sum(users), 0) FROM last_seen_counts WHERE last_seen >= :day),
        (SELECT coalesce(sum(users), 0) FROM last_seen_counts WHERE last_seen >= :week),
        (SELECT coalesce(sum(users), 0) FROM last_seen_counts WHERE last_seen >= :month),
        (SELECT json_group_object(name, total) FROM (
            SELECT name, sum(count) AS total FROM daily_counts
            JOIN interaction_types ON id = interaction_type GROUP BY name)),
        (SELECT min(timestamp) FROM interactions),
        (SELECT json_group_object(name, value) FROM file_settings
            WHERE name IN ('last_cleanup', 'last_cleanup_deleted', 'compaction_due', 'dropped'))
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class AdminReport:
    """What admins get. Counts are of interactions, active users are distinct people."""

    total_interactions: int
    daily_active_users: int
    weekly_active_users: int
    monthly_active_users: int
    interaction_types_breakdown: dict[str, int]
    """Type to interactions, the largest first; types without any are left out."""
    oldest_interaction: datetime | None
    retention_days: int
    last_cleanup: datetime | None
    last_cleanup_deleted: int
    compaction_pending: bool
    """Deleted interactions still leave traces in the file, until the next compaction."""
    backlog: int
    """Interactions in memory, to be recorded as soon as the database works."""
    dropped: int
    """Interactions never recorded, since the backlog was full."""


async def report(
    database: Database, now: datetime, retention_days: int, backlog: int, dropped: int
) -> AdminReport:
    """The report as of `now`; `dropped` comes on top of what the file has counted."""
    windows = {
        name: int((now - timedelta(days=days)).timestamp())
        for name, days in (("day", 1), ("week", 7), ("month", 30))
    }
    [(daily, weekly, monthly, breakdown, oldest, settings)] = await database.read(REPORT, windows)
    counts: dict[str, int] = json.loads(breakdown)
    settings = json.loads(settings)
    return AdminReport(
        total_interactions=sum(counts.values()),
        daily_active_users=daily,
        weekly_active_users=weekly,
        monthly_active_users=monthly,
        interaction_types_breakdown=dict(sorted(counts.items(), key=lambda c: (-c[1], c[0]))),
        oldest_interaction=_moment(oldest),
        retention_days=retention_days,
        last_cleanup=_moment(settings.get("last_cleanup")),
        last_cleanup_deleted=settings.get("last_cleanup_deleted", 0),
        compaction_pending="compaction_due" in settings,
        backlog=backlog,
        dropped=dropped + settings.get("dropped", 0),
    )


def _moment(seconds: int | None) -> datetime | None:
    return None if seconds is None else datetime.fromtimestamp(seconds, UTC)
