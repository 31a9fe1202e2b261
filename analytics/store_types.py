"""The values that pass between the analytics and a store. All of them are immutable.

Times are Unix seconds and days are days since 1970, as a `Calendar` tells them, where nothing else
is said.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import Enum, StrEnum, auto
from types import MappingProxyType
from typing import Any, NamedTuple

from analytics.events import Event

# Seconds by which the clocks of processes may differ: each is at most five minutes from Telegram's.
CLOCK_TOLERANCE = 600


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
    """The mark of the newest spool, up to where it is committed: its token, a colon, a position."""
    DELETED_UNTIL = "deleted_until"
    """The moment up to which cleanup has deleted."""
    LAST_BACKUP = "last_backup"
    LAST_CLEANUP = "last_cleanup"
    LAST_CLEANUP_DELETED = "last_cleanup_deleted"
    TELEGRAM_TIME = "telegram_time"
    """The newest time by Telegram's dates."""
    TIME_ZONES = "time_zones"
    """The time zones that days are counted in, as a JSON array of pairs of a moment and a name."""
    SNAPSHOT = "report_snapshot"
    ERASURES = "erasures"
    """A number that changes with each erasure: what is remembered of before is out of date."""


class Received(NamedTuple):
    """An update to be recorded; without an `interaction_type` only its id and events are kept."""

    update_id: int | None
    reference: int
    opt_out: int
    """The person's pseudonym among opt-outs."""
    interaction_type: str | None
    timestamp: int
    events: Sequence[Event]
    opting_out: bool | None
    """True if the person opts out with it, False if in; effective from the next update on."""
    times: int = 1
    """The number of times that each of the events is counted."""


def received(row: Sequence[Any]) -> Received:
    """Return the update that a spool has as a list."""
    update_id, reference, opt_out, interaction_type, timestamp, events, *more = row
    if not isinstance(events, list):  # written by a version that kept one word
        return Received(update_id, reference, opt_out, interaction_type, timestamp, (), *more)
    made = [Event(*event) for event in events]
    return Received(update_id, reference, opt_out, interaction_type, timestamp, made, *more)


CountPeople = Callable[[int, str, str, int], int]
"""Returns how many people, at least, an event has had on a day, with one more.

The arguments are the day, kind and word of the event, and the person's reference."""


class Batch(NamedTuple):
    """Updates that are recorded in one transaction, and what is noted in it."""

    updates: Sequence[Received]
    people: CountPeople
    day_of: Callable[[int], int]
    """Returns the day of a moment. Both may be called on any thread."""
    received: int
    """The day they came, its beginning."""
    dropped: int = 0
    """The number of interactions dropped since the batch before."""
    committed: str | None = None
    """The mark up to where a spool is committed with it."""
    written_with: str | None = None
    """The fingerprint of the key that the references are made with."""
    waited: Mapping[int, int] = MappingProxyType({})
    """The references of people whose updates have waited, by their pseudonyms among erasures.

    If another process has erased them meanwhile, their interactions up to that day are left out.
    """


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
    hours: Sequence[tuple[int, int]]
    """The beginning of an hour, count; hours without interactions are left out."""
    events: Mapping[str, Mapping[str, int]]
    """Kind to word to count."""
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
    """The beginning of a window, type, count."""
    days: Sequence[DayTotals]
    users: Sequence[tuple[int, int]]
    """A day, and how many people were active on it: too many where cleanup has deleted a part."""
    hours: Sequence[tuple[int, int]]
    """The beginning of an hour, count."""
    began: int | None
    """The beginning of recording, or the oldest timestamp, if that is older."""
    deleted_until: int | None


class CohortCounts(NamedTuple):
    """The people by the weeks in which they first came, and by day, at one moment."""

    weeks: Sequence[tuple[int, int, int]]
    """The week in which people first came, a week, and how many of them were active in it."""
    days: Sequence[tuple[int, int]]
    """A day, and how many people were active on it: too many where cleanup has deleted a part."""
    active: int
    """The people who were active since the moment that was asked for."""
    began: int | None
    """The beginning of recording, or the oldest timestamp, if that is older."""
    deleted_until: int | None


@dataclass(frozen=True, slots=True)
class DayOfEvent:
    """The count of an event on a day, in days since 1970; `people` is how many it was at least."""

    day: int
    kind: str
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


class Listed(NamedTuple):
    """The erasures and opt-outs that a restore must not undo; all are pseudonyms."""

    erasures: Mapping[int, int]
    """Reference of an erasure to its day, UTC."""
    opt_outs: Collection[int]


class NoteRow(NamedTuple):
    """A note of an admin, about a whole hour."""

    id: int
    moment: int
    text: str


class Token(NamedTuple):
    """A token of a `kind`: that of an admin, or of nobody who has to be known."""

    kind: str
    admin_reference: int | None
    until: int
    """The moment at which it expires."""
