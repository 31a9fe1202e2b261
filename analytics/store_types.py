"""The values that pass between the analytics and a store. All of them are immutable.

Times are Unix seconds and days are days since 1970, UTC, where nothing else is said.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import Enum, StrEnum, auto
from typing import NamedTuple


class Access(Enum):
    """The access that a process has to a database."""

    OWN = auto()
    """The bot: the only one of its kind, creates and migrates, checkpoints and compacts."""
    SHARE = auto()
    """A command that writes: beside a running bot, or as the owner while there is none."""
    READ = auto()
    """A command that reads: takes no lock, creates nothing."""


class Setting(StrEnum):
    """The names of what a database keeps about itself; moments are in Unix seconds."""

    REFERENCES = "references"
    """The fingerprint of the pseudonym key that it was written with."""
    BEGAN = "recording_began"
    COMMITTED = "spool"
    """The position up to which a spool is committed."""
    DELETED_UNTIL = "deleted_until"
    """The moment up to which cleanup has deleted."""
    LAST_BACKUP = "last_backup"
    LAST_CLEANUP = "last_cleanup"
    LAST_CLEANUP_DELETED = "last_cleanup_deleted"
    TELEGRAM_TIME = "telegram_time"
    """The newest time by Telegram's dates."""
    SNAPSHOT = "report_snapshot"


class Received(NamedTuple):
    """An update to be recorded, or only to be remembered, if it has no `interaction_type`."""

    update_id: int | None
    reference: int
    opt_out: int
    """The person's pseudonym among opt-outs."""
    interaction_type: str | None
    timestamp: int
    event: str | None
    opting_out: bool | None
    """True if the person opts out with it, False if in; effective from the next update on."""


class Totals(NamedTuple):
    """The figures of a database at one moment."""

    daily: int
    weekly: int
    monthly: int
    types: Mapping[str, int]
    """Type to interactions."""
    oldest: int | None
    """The oldest timestamp, None without interactions."""
    last_cleanup: int | None
    last_cleanup_deleted: int
    is_compaction_due: bool
    dropped: int


class PeriodCounts(NamedTuple):
    """The figures of a period at one moment; counts are of interactions."""

    active: int
    new: int
    types: Mapping[str, int]
    """Type to interactions."""
    busiest_hour: int | None
    """The hour of the day, 0 to 23; None without interactions."""
    events: Mapping[str, int]
    before: int
    in_hour: int
    began: int | None
    """The beginning of recording, or the oldest timestamp, if that is older."""
    deleted_until: int | None


class DayTotals(NamedTuple):
    """The totals of a day that are kept when its interactions are deleted."""

    day: int
    interactions: int
    users: int
    types: Mapping[str, int] | None
    """Type to interactions, None if it was of too few people."""


class HistoryCounts(NamedTuple):
    """The figures of a history at one moment; counts are of interactions."""

    steps: Sequence[tuple[int, str, int]]
    """The beginning of an hour or a day, type, count."""
    days: Sequence[DayTotals]
    hours: Sequence[tuple[int, int]]
    """The beginning of an hour, count."""
    began: int | None
    """The beginning of recording, or the oldest timestamp, if that is older."""
    deleted_until: int | None


@dataclass(frozen=True, slots=True)
class DayOfEvent:
    """The count of an event on a day, in days since 1970; `people` is how many it was at least."""

    day: int
    event: str
    count: int
    people: int


class Slice(NamedTuple):
    """The interactions of a type from `begin` until before `end`."""

    begin: int
    end: int
    interaction_type: str


class AuditRow(NamedTuple):
    """An entry of the audit log; `admin_reference` is a pseudonym, None for the command line."""

    timestamp: datetime
    admin_reference: int | None
    action: str
