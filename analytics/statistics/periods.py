"""What admins are shown of a period: sums and numbers of people, beside the period before."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum


class Period(StrEnum):
    """24 whole hours, or whole days, UTC; the last one is the hour or day that runs."""

    DAY = "24h"
    WEEK = "7d"
    MONTH = "30d"
    QUARTER = "90d"

    @property
    def length(self) -> timedelta:
        return LENGTHS[self]


LENGTHS = {
    Period.DAY: timedelta(days=1),
    Period.WEEK: timedelta(days=7),
    Period.MONTH: timedelta(days=30),
    Period.QUARTER: timedelta(days=90),
}


class Missing(StrEnum):
    """Why there is nothing to compare a period with; that nobody came is a 0, and no reason."""

    NOT_YET = "no earlier data"
    DELETED = "deleted by retention"


@dataclass(frozen=True, slots=True, kw_only=True)
class AdminReport:
    """What admins get. Counts are of interactions, active users are distinct people.

    None is what is not shown, since it could tell of fewer people than the minimum.
    """

    as_of: datetime
    """Now, or the end of the newest complete interval."""
    total_interactions: int | None
    daily_active_users: int | None
    weekly_active_users: int | None
    monthly_active_users: int | None
    interaction_types_breakdown: dict[str, int]
    """Type to interactions, the largest first; types without any are left out."""
    oldest_interaction: datetime | None
    retention_days: int
    last_cleanup: datetime | None
    last_cleanup_deleted: int | None
    compaction_pending: bool
    """Deleted interactions still leave traces in the file, until the next compaction."""
    backlog: int
    """Interactions in memory, to be recorded as soon as the database works."""
    dropped: int
    """Interactions never recorded, since the backlog was full."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PeriodReport:
    """Counts are of interactions, users are distinct people.

    None is what is not shown, since it could tell of fewer than `min_users` people.
    """

    period: Period
    as_of: datetime
    since: datetime
    """The beginning of the period, included: of an hour for 24 h, else of a day, UTC."""
    interactions: int | None
    active_users: int | None
    new_users: int | None
    """Those of whom nothing older was kept when they came."""
    returning_users: int | None
    """The other ones: new and returning make the active."""
    interactions_before: int | None
    """In the same part of the period before, so that steady use shows no change: of the hour that
    corresponds to the running one, the share that has passed. None if `before_missing` says why."""
    active_users_before: int | None
    before_missing: Missing | None
    deleted_until: datetime | None
    """Set if a part of the period itself has been deleted: what is older than this."""
    busiest_hour: int | None
    """Of the day, 0 to 23, UTC: the hour with the most interactions; None without any."""
    interaction_types_breakdown: dict[str, int]
    """Type to interactions, the largest first; types without any are left out."""
    commands: dict[str, int]
    """The bot's own commands, without the slash, to how often; the largest first. With `other`,
    which the bot does not register, they sum to the type `command`. By name they are counted by
    the day: in 24 h all of them are `other`."""
    blocked: int | None
    """How often somebody blocked the bot; None in 24 h, for it is counted by the day, too."""
    unblocked: int | None
    min_users: int = 1
    """BREAKDOWN_MIN_USERS."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Bucket:
    """An hour or a day, UTC. None is what is not shown, as above."""

    since: datetime
    interactions: int | None
    active_users: int | None
    breakdown: dict[str, int] | None
    """Type to interactions. None if only the total was kept, since it was of too few people."""


# A leap year: the longest that charts show.
LONGEST_HISTORY = timedelta(days=366)


@dataclass(frozen=True, slots=True, kw_only=True)
class History:
    """What the charts are drawn from."""

    as_of: datetime
    since: datetime
    """A whole hour or the beginning of a day, UTC."""
    step: timedelta
    """How long each bucket is: an hour or a day."""
    buckets: tuple[Bucket, ...]
    """The oldest first. One without interactions is there, with zeros; left out is what nothing
    is known of: before the first recording, or deleted."""
    hours_of_week: tuple[tuple[int, ...], ...] | None
    """Interactions by weekday, Monday first, and hour of the day, UTC: 7 times 24. Of what has
    not been deleted. None with BREAKDOWN_MIN_USERS: they would be of few people."""
    length: timedelta
    """What was asked for."""

    def last(self, length: timedelta) -> "History":
        """The end of it; hours_of_week stays that of the whole."""
        since = max(self.since, self.since + self.length - length)
        buckets = tuple(bucket for bucket in self.buckets if bucket.since >= since)
        return replace(self, since=since, buckets=buckets, length=length)
