"""Sums that wait in memory for the next transaction; a kill loses those of the last minute.

Whether a person has opted out is known only where they are committed. So a sum is one person's
until then, and there is a bound to how many may wait while the database fails.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager

from analytics.events import Event
from analytics.rows import HOUR
from analytics.store_types import Received

# Sums that may wait, and of an hour; about 500 bytes each. What exceeds that is not counted.
MAX_SUMS = 10_000


class Collected:
    """Events that are counted with the next transaction, and those of this hour and the last."""

    def __init__(self) -> None:
        self._waiting = Counter[Received]()
        self._hours: dict[int, Counter[Received]] = {}
        self.is_due = False
        """True if what waits is to be committed although there is no batch to go with."""

    def __bool__(self) -> bool:
        """Return whether anything waits."""
        return bool(self._waiting)

    def add(self, events: Sequence[Event], pseudonyms: tuple[int, int], moment: int) -> None:
        """Add events of a person at a moment.

        `pseudonyms` are the person's reference and the one among opt-outs.
        """
        hour = moment // HOUR * HOUR
        row = Received(None, *pseudonyms, None, hour, tuple(events), None)
        for past in [each for each in self._hours if each < hour - HOUR]:
            del self._hours[past]
        for sums in (self._waiting, self._hours.setdefault(hour, Counter())):
            if row in sums or len(sums) < MAX_SUMS:
                sums[row] += 1

    def of_hour(self, hour: int) -> Mapping[Received, int]:
        """Return what was added in an hour, which is this one or the last; keys count once."""
        return self._hours.get(hour, {})

    @contextmanager
    def taken(self) -> Iterator[list[Received]]:
        """Take what waits, to commit it within the block; if that fails it goes on waiting."""
        taken, self._waiting = self._waiting, Counter()
        # What becomes due within the block is not among what is taken.
        was_due, self.is_due = self.is_due, False
        try:
            yield [row._replace(times=times) for row, times in taken.items()]
        except BaseException:
            self._waiting.update(taken)
            self.is_due |= was_due
            raise

    def forget_people(self) -> None:
        """Forget whose the sums are. Call after a change of key: they would count as two people."""
        waiting, self._waiting = self._waiting, Counter()
        for row, times in waiting.items():
            self._waiting[row._replace(reference=0)] += times
        self._hours.clear()
