"""Tell whether the bot fails more often than usual: the last full hour beside the week before."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

from analytics.events import EventKind
from analytics.open_database import OpenDatabase
from analytics.rows import HOUR
from analytics.store_types import Received

DAYS_BEFORE = 7
# Updates that handlers took, in the hour and in the week: fewer say nothing.
MIN_TAKEN = 20
MIN_FAILED = 5
MIN_SHARE = 0.05
# How many times the usual share.
FACTOR = 4


@dataclass(frozen=True, slots=True)
class Failures:
    """The failures of an hour beside those of the week before; counts are of updates."""

    hour: int
    """Its beginning, in Unix seconds."""
    taken: int
    """The number of updates that a handler took."""
    failed: int
    usual: float | None
    """The share that failed in the 7 days before, None if handlers took fewer than 20 updates."""
    is_of_enough: bool
    """True if those that failed, and those that did not, are of enough people to be shown."""
    subject: str | None
    """The subject that failed most often, None if that is of too few people."""
    error: str | None
    """The class and place of the most frequent error, None if that is of too few people."""

    @property
    def share(self) -> float:
        """The share of the updates that failed, 0 to 1."""
        return self.failed / self.taken if self.taken else 0.0

    @property
    def is_known(self) -> bool:
        """True if handlers took enough updates to tell whether that is usual."""
        return self.usual is not None and self.taken >= MIN_TAKEN

    @property
    def is_jump(self) -> bool:
        """True if far more failed than usual."""
        return (
            self.usual is not None
            and self.taken >= MIN_TAKEN
            and self.failed >= MIN_FAILED
            and self.share > MIN_SHARE
            and self.share >= FACTOR * self.usual
        )


async def of_last_hour(database: OpenDatabase, min_users: int) -> Failures:
    """Return the failures of the last full hour, as far as this process has seen it.

    `min_users` is how many people a figure has to be of. Raises AnalyticsError if the database
    cannot be read, and RuntimeError unless this process records.
    """
    hour = database.now() // HOUR * HOUR - HOUR
    seen = database.recording().collected.of_hour(hour)
    opted_out = await database.store.opted_out([row.opt_out for row in seen])
    day = database.calendar.day(hour)
    before = Counter[str]()
    for each in await database.store.event_days(day - DAYS_BEFORE):
        if each.day < day:
            before[each.kind] += each.count
    rows = {row: count for row, count in seen.items() if row.opt_out not in opted_out}
    return compare(hour, rows, before, min_users)


def compare(
    hour: int, rows: Mapping[Received, int], before: Mapping[str, int], min_users: int
) -> Failures:
    """Return the failures among the rows of an hour, each of which counts so often.

    `before` has the counts of the 7 days before by kind of event.
    """
    counts: dict[str, Counter[str]] = {kind: Counter() for kind in EventKind}
    people: dict[tuple[str, str], set[int]] = {}
    people_of_kind: dict[str, set[int]] = {kind: set() for kind in EventKind}
    for row, count in rows.items():
        for event in row.events:
            counts[event.kind][event.word] += count
            if row.reference:
                people.setdefault((event.kind, event.word), set()).add(row.reference)
                people_of_kind[event.kind].add(row.reference)

    def most(kind: EventKind) -> str | None:
        enough = [
            word
            for word in counts[kind]
            if min_users <= 1 or len(people.get((kind, word), ())) >= min_users
        ]
        return max(enough, key=lambda word: (counts[kind][word], word), default=None)

    def is_of_enough(kind: EventKind) -> bool:
        return min_users <= 1 or not counts[kind] or len(people_of_kind[kind]) >= min_users

    failed = counts[EventKind.FAILED].total()
    taken_before = before.get(EventKind.HANDLED, 0) + before.get(EventKind.FAILED, 0)
    return Failures(
        hour=hour,
        taken=counts[EventKind.HANDLED].total() + failed,
        failed=failed,
        usual=before.get(EventKind.FAILED, 0) / taken_before if taken_before >= MIN_TAKEN else None,
        is_of_enough=is_of_enough(EventKind.FAILED) and is_of_enough(EventKind.HANDLED),
        subject=most(EventKind.FAILED),
        error=most(EventKind.ERROR),
    )
