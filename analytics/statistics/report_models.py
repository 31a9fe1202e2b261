"""The reports that admins get: sums and numbers of people, compared with the previous period."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum


class Period(StrEnum):
    """24 whole hours, or some whole days, UTC; the last one is the running hour or day."""

    DAY = "24h"
    WEEK = "7d"
    MONTH = "30d"
    QUARTER = "90d"

    @property
    def length(self) -> timedelta:
        """The length of the period."""
        return LENGTHS[self]


LENGTHS = {
    Period.DAY: timedelta(days=1),
    Period.WEEK: timedelta(days=7),
    Period.MONTH: timedelta(days=30),
    Period.QUARTER: timedelta(days=90),
}


class Missing(StrEnum):
    """The reason why there is nothing to compare a period with; no users at all is a 0 instead."""

    NOT_YET = "no earlier data"
    DELETED = "deleted by retention"


@dataclass(frozen=True, slots=True, kw_only=True)
class AdminReport:
    """The aggregates of a bot. Counts are of interactions, active users are distinct people.

    None is a number that is hidden, since it could tell of fewer people than the minimum.
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
    """True while deleted interactions leave traces in the file, until the next compaction."""
    backlog: int
    """Interactions that wait to be committed, since the database fails."""
    dropped: int
    """Interactions never recorded, since the backlog was full."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PeriodReport:
    """The aggregates of a period. Counts are of interactions, users are distinct people.

    None is a number that is hidden, since it could tell of fewer than `min_users` people.
    """

    period: Period
    as_of: datetime
    since: datetime
    """The beginning of the period, included: of an hour for 24 h, else of a day, UTC."""
    interactions: int | None
    active_users: int | None
    new_users: int | None
    """Users of whom nothing older was kept when they came."""
    returning_users: int | None
    """Active users who are not new: new and returning users sum to the active ones."""
    interactions_before: int | None
    """Interactions in the same part of the previous period, so that steady use shows no change: of
    the hour that corresponds to the running one, the share that has passed. None if
    `before_missing` says why, or if hidden."""
    active_users_before: int | None
    before_missing: Missing | None
    deleted_until: datetime | None
    """Set if a part of the period itself has been deleted: everything older than this."""
    busiest_hour: int | None
    """The hour of the day with the most interactions, 0 to 23, UTC; None without any, or hidden."""
    interaction_types_breakdown: dict[str, int]
    """Type to interactions, the largest first; types without any are left out."""
    commands: dict[str, int]
    """The bot's own commands, without the slash, to how often they were used, the largest first.
    With `other`, the commands that the bot does not register, they sum to the type `command`.
    Names are counted by the day: in 24 h all commands are `other`."""
    blocked: int | None
    """The number of times the bot was blocked; None in 24 h, since it is counted by the day."""
    unblocked: int | None
    min_users: int = 1
    """BREAKDOWN_MIN_USERS: no number tells of fewer people."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Overview:
    """The report, and that of a period, as of one moment."""

    whole: AdminReport
    period: PeriodReport


@dataclass(frozen=True, slots=True, kw_only=True)
class Bucket:
    """An hour or a day of a history, UTC.

    None is a number that is hidden, since it could tell of fewer than BREAKDOWN_MIN_USERS people.
    """

    since: datetime
    interactions: int | None
    active_users: int | None
    breakdown: dict[str, int] | None
    """Type to interactions. None if only the total was kept, since it was of too few people, or if
    hidden."""


# A leap year: the longest that charts show.
MAX_HISTORY = timedelta(days=366)


@dataclass(frozen=True, slots=True, kw_only=True)
class History:
    """The data of the charts: a bucket for each hour or day."""

    as_of: datetime
    since: datetime
    """The beginning of the history: a whole hour, or the beginning of a day, UTC."""
    step: timedelta
    """The length of each bucket: an hour or a day."""
    buckets: tuple[Bucket, ...]
    """The oldest first. A bucket without interactions has zeros; those that are unknown, from
    before the first recording or deleted, are left out."""
    hours_of_week: tuple[tuple[int | None, ...], ...] | None
    """Interactions by weekday, Monday first, and hour of the day, UTC: 7 times 24, summed over
    `weeks`. Hours that are unknown, from before the first recording or deleted, are None. None
    instead of a table for up to a day, and with BREAKDOWN_MIN_USERS: they would be of few people.
    """
    length: timedelta
    """The length that was asked for."""
    weeks: int = 0
    """The number of weeks in `hours_of_week`: whole ones, until the beginning of the day of
    `as_of`, UTC. Hours are unknown in a single week only. 0 without `hours_of_week`."""

    def last(self, length: timedelta) -> "History":
        """Return the last `length` of this history; `hours_of_week` stays as it is."""
        since = max(self.since, self.since + self.length - length)
        buckets = tuple(bucket for bucket in self.buckets if bucket.since >= since)
        return replace(self, since=since, buckets=buckets, length=length)
