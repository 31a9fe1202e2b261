"""Aggregates: nothing here names, numbers or singles out a person."""

import asyncio
import json
from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from analytics import file_settings
from analytics.database import Database
from analytics.files import CannotOpen
from analytics.interactions import InteractionType

# Whole hours, and what is left of the hour that the window begins in.
ACTIVE = """
    (SELECT coalesce(sum(users), 0) FROM last_seen_hours WHERE hour >= (:{0} + 3599) / 3600 * 3600)
    + (SELECT coalesce(sum(users), 0) FROM last_seen_counts
        WHERE last_seen >= :{0} AND last_seen < (:{0} + 3599) / 3600 * 3600)
"""
# One statement, so that all numbers are of the same moment. None of it scans the interactions.
REPORT = f"""
    SELECT
        {ACTIVE.format("day")},
        {ACTIVE.format("week")},
        {ACTIVE.format("month")},
        (SELECT json_group_object(name, total) FROM (
            SELECT name, sum(count) AS total FROM daily_counts
            JOIN interaction_types ON id = interaction_type GROUP BY name)),
        (SELECT min(timestamp) FROM interactions),
        (SELECT json_group_object(name, value) FROM file_settings
            WHERE name IN ('last_cleanup', 'last_cleanup_deleted', 'compaction_due', 'dropped'))
"""
# Stops as soon as there are enough: only a type of few people is looked for in all rows.
PEOPLE_OF_TYPES = """
    SELECT count(*) FROM (
        SELECT DISTINCT user_id FROM interactions
        WHERE interaction_type IN (
            SELECT id FROM interaction_types WHERE name IN (SELECT value FROM json_each(?)))
        LIMIT ?)
"""
SNAPSHOT = "report_snapshot"


@dataclass(frozen=True, slots=True, kw_only=True)
class AdminReport:
    """What admins get. Counts are of interactions, active users are distinct people."""

    as_of: datetime
    """Now, or the end of the newest complete interval."""
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


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportRules:
    """What reports say, and how finely."""

    retention_days: int
    interval: timedelta = timedelta(0)
    """Above 0, every report is of complete intervals since 1970, UTC: the same however often it
    is asked for, so that no two of them differ by what one person did in between."""
    breakdown_min_users: int = 1
    """A type used by fewer people is counted under `other`."""


class Reports:
    """The report of a file, live or as of the end of an interval."""

    def __init__(
        self,
        database: Database,
        rules: ReportRules,
        clock: Callable[[], datetime],
        in_memory: Callable[[], tuple[int, int]],
    ) -> None:
        """`in_memory` tells the backlog, and what was dropped that the file has not counted."""
        self._database = database
        self._rules = rules
        self._clock = clock
        self._in_memory = in_memory
        self._keeping = asyncio.Lock()

    @property
    def of_intervals(self) -> bool:
        """Whether reports are of complete intervals only."""
        return bool(self._rules.interval)

    async def current(self) -> AdminReport:
        """Raises CannotOpen while there is no complete interval yet."""
        if not self.of_intervals:
            return await self._report(self._clock())
        snapshot = await file_settings.get(self._database, SNAPSHOT)
        if snapshot is None:
            raise CannotOpen(
                "there is no report yet: with REPORT_INTERVAL the running bot makes it, "
                "so start the bot once"
            )
        return _from_json(str(snapshot))

    async def keep_snapshot(self) -> None:
        """Keep the report of the complete intervals, unless the file has it already.

        Called before anything of a new interval is recorded or deleted.
        """
        if not self.of_intervals:
            return
        now = self._clock()
        end = now - (now - datetime.fromtimestamp(0, UTC)) % self._rules.interval
        async with self._keeping:
            # Not remembered here: a command may have kept it, and the file may be another one.
            kept = await file_settings.get(self._database, SNAPSHOT)
            if kept is None or _from_json(str(kept)).as_of < end:
                await file_settings.put(self._database, SNAPSHOT, _to_json(await self._report(end)))

    async def _report(self, now: datetime) -> AdminReport:
        windows = {
            name: int((now - timedelta(days=days)).timestamp())
            for name, days in (("day", 1), ("week", 7), ("month", 30))
        }
        [row] = await self._database.read(REPORT, windows)
        daily, weekly, monthly, breakdown, oldest, settings = row
        counts: dict[str, int] = json.loads(breakdown)
        settings = json.loads(settings)
        backlog, dropped = self._in_memory()
        if self._rules.breakdown_min_users > 1:
            counts = await self._without_small_groups(counts)
        return AdminReport(
            as_of=now,
            total_interactions=sum(counts.values()),
            daily_active_users=daily,
            weekly_active_users=weekly,
            monthly_active_users=monthly,
            interaction_types_breakdown=dict(sorted(counts.items(), key=lambda c: (-c[1], c[0]))),
            oldest_interaction=_moment(oldest),
            retention_days=self._rules.retention_days,
            last_cleanup=_moment(settings.get("last_cleanup")),
            last_cleanup_deleted=settings.get("last_cleanup_deleted", 0),
            compaction_pending="compaction_due" in settings,
            backlog=backlog,
            dropped=dropped + settings.get("dropped", 0),
        )

    async def _without_small_groups(self, counts: dict[str, int]) -> dict[str, int]:
        """The same total, with the types of few people under `other`.

        Types are added to `other`, the smallest first, until it holds enough people, and so at
        least two types: else it would only be another name for the one that it hides.
        """
        few = {name for name in counts if await self._few(name)}
        if not few:
            return counts
        folded = few | {InteractionType.OTHER.value} & counts.keys()
        for name in sorted(counts.keys() - folded, key=lambda name: counts[name]):
            if not await self._few(*folded):
                break
            folded.add(name)
        kept = {name: count for name, count in counts.items() if name not in folded}
        return kept | {InteractionType.OTHER.value: sum(counts[name] for name in folded)}

    async def _few(self, *types: str) -> bool:
        enough = self._rules.breakdown_min_users
        [(people,)] = await self._database.read(PEOPLE_OF_TYPES, (json.dumps(types), enough))
        return bool(people < enough)


def _to_json(report: AdminReport) -> str:
    return json.dumps(asdict(report), default=datetime.isoformat)


def _from_json(text: str) -> AdminReport:
    fields: dict[str, Any] = json.loads(text)
    for name in ("as_of", "oldest_interaction", "last_cleanup"):
        if fields[name] is not None:
            fields[name] = datetime.fromisoformat(fields[name])
    return AdminReport(**fields)


def _moment(seconds: int | None) -> datetime | None:
    return None if seconds is None else datetime.fromtimestamp(seconds, UTC)
