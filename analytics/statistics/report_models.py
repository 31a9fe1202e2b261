"""The reports that admins get: sums and numbers of people, compared with the previous period."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from analytics.statistics.daily_events.event_models import PeriodEvents


class Period(StrEnum):
    """24 whole hours, or some whole days; the last one is the running hour or day."""

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
    """The beginning of the period, included: of an hour for 24 h, else of a day."""
    interactions: int | None
    active_users: int | None
    new_users: int | None
    """Users of whom nothing older was kept when they came."""
    returning_users: int | None
    """Active users who are not new: new and returning users sum to the active ones."""
    interactions_before: int | None
    """Interactions in the same part of the previous period, so that steady use shows no change: of
    the hour that corresponds to the running one, the share that has passed. It begins on the same
    weekday, whole weeks earlier: 1, 5 or 13. None if `before_missing` says why, or if hidden."""
    active_users_before: int | None
    before_missing: Missing | None
    """The reason why the previous period is not wholly known."""
    deleted_until: datetime | None
    """Set if a part of the period itself has been deleted: everything older than this."""
    busiest_hour: int | None
    """The hour of the day with the most interactions, 0 to 23; None without any, or hidden."""
    interaction_types_breakdown: dict[str, int]
    """Type to interactions, the largest first; types without any are left out."""
    commands: dict[str, int]
    """The bot's own commands, without the slash, to how often they were used, the largest first.
    With `other`, the commands that the bot does not register, they sum to the type `command`.
    Names are counted by the day: in 24 h all commands are `other`."""
    blocked: int | None
    """The number of times the bot was blocked; None in 24 h, since it is counted by the day."""
    unblocked: int | None
    events: PeriodEvents | None = None
    """Events, which are counted by the day; None in 24 h."""
    min_users: int = 1
    """BREAKDOWN_MIN_USERS: no number tells of fewer people."""
    interactions_year_ago: int | None = None
    """Interactions of the days 52 weeks earlier, all of them whole days; None in 24 h, and if one
    of them is not known or hidden."""
    timezone: str = "UTC"
    """The zone of days and hours. Days are of 23 or 25 hours where clocks change."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Overview:
    """The report, and that of a period, as of one moment."""

    whole: AdminReport
    period: PeriodReport


@dataclass(frozen=True, slots=True, kw_only=True)
class Bucket:
    """An hour or a day of a history.

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


@dataclass(frozen=True, slots=True)
class Note:
    """A mark on charts and in exports, in the words of an admin."""

    id: int
    moment: datetime
    """The hour it was made in, or the day it was given: its beginning."""
    text: str
    """One line of 1 to 60 characters."""


@dataclass(frozen=True, slots=True, kw_only=True)
class History:
    """The data of the charts: a bucket for each hour or day."""

    as_of: datetime
    since: datetime
    """The beginning of the history: a whole hour, or the beginning of a day."""
    step: timedelta
    """The length of each bucket: an hour or a day, of 23 or 25 hours where clocks change."""
    buckets: tuple[Bucket, ...]
    """The oldest first. A bucket without interactions has zeros; those that are unknown, from
    before the first recording or deleted, are left out."""
    hours_of_week: tuple[tuple[int | None, ...], ...] | None
    """Interactions by weekday, Monday first, and hour of the day: 7 times 24, summed over
    `weeks`. Hours that are unknown, from before the first recording or deleted, are None. None
    instead of a table for up to a day, and with BREAKDOWN_MIN_USERS: they would be of few people.
    """
    length: timedelta
    """The length that was asked for."""
    weeks: int = 0
    """The number of weeks in `hours_of_week`: whole ones, until the beginning of the day of
    `as_of`. Hours are unknown in a single week only. 0 without `hours_of_week`."""
    weeks_since: datetime | None = None
    """The beginning of these weeks."""
    timezone: str = "UTC"
    """The zone of days and hours."""
    notes: tuple[Note, ...] = ()
    """Those from `since` until `as_of`, the oldest first. They are shown at once, also in a report
    of complete intervals."""

    @property
    def total(self) -> int | None:
        """The interactions of all buckets; None if one of them is not known or hidden."""
        counts = [each.interactions for each in self.buckets if each.interactions is not None]
        return sum(counts) if len(counts) >= self.length // self.step else None

    def last(self, length: timedelta, since: datetime) -> "History":
        """Return the last `length` of this history, since then; `hours_of_week` stays as it is."""
        buckets = tuple(bucket for bucket in self.buckets if bucket.since >= since)
        notes = tuple(note for note in self.notes if note.moment >= since)
        return replace(self, since=since, buckets=buckets, length=length, notes=notes)
