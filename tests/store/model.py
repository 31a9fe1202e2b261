"""A plain list of what was recorded, from which everything a store counts is counted anew."""

from collections import Counter, defaultdict
from collections.abc import Callable, Sequence

from analytics.store_types import DayOfEvent, Received, Slice
from tests.store.updates import HOUR, day_of, week_of


class Model:
    """The content that a store should have: each interaction by itself, and who opted out."""

    def __init__(self) -> None:
        self.rows: list[tuple[int, int, str]] = []
        """Timestamp, person, type."""
        self.opted_out: set[int] = set()
        self.remembered: set[int] = set()
        self.events: dict[tuple[int, str, str], tuple[int, int]] = {}
        """Day, kind and word to count and people."""
        self.first_seen: dict[int, int | None] = {}
        self.cut = 0
        """Interactions before this moment may have been deleted by age."""

    def record(self, updates: Sequence[Received], people: int) -> None:
        for each in updates:
            if each.update_id in self.remembered:
                continue
            if each.update_id is not None:
                self.remembered.add(each.update_id)
            if each.opt_out not in self.opted_out:
                self._count(each, people)
            if each.opting_out is not None:
                change = self.opted_out.add if each.opting_out else self.opted_out.discard
                change(each.opt_out)

    def _count(self, each: Received, at_least: int) -> None:
        is_new = each.interaction_type is not None and not self.is_known(each.reference)
        for kind, word, of_new in each.events:
            if of_new and not is_new:
                continue
            key = day_of(each.timestamp), str(kind), word
            count, people = self.events.get(key, (0, 0))
            self.events[key] = count + each.times, max(people, at_least)
        if each.interaction_type is not None:
            self.rows.append((each.timestamp, each.reference, each.interaction_type))
            first = self.first_seen.setdefault(each.reference, each.timestamp)
            # Once the oldest was deleted, nobody knows when a person was new.
            if first is not None:
                self.first_seen[each.reference] = min(first, each.timestamp)

    def delete(self, is_gone: Callable[[int, int], bool]) -> int:
        """Delete what is gone by its timestamp and person; return how many interactions."""
        gone = [row for row in self.rows if is_gone(*row[:2])]
        self.rows = [row for row in self.rows if not is_gone(*row[:2])]
        for timestamp, person, _kind in gone:
            if self.first_seen.get(person) == timestamp:
                self.first_seen[person] = None
        left = {person for _timestamp, person, _kind in self.rows}
        self.first_seen = {who: first for who, first in self.first_seen.items() if who in left}
        return len(gone)

    def people(self, begin: float, end: float = float("inf"), kind: str | None = None) -> set[int]:
        return {who for at, who, what in self.rows if begin <= at < end and kind in (None, what)}

    def types(self, begin: float, end: float = float("inf")) -> dict[str, int]:
        return dict(Counter(what for at, _who, what in self.rows if begin <= at < end))

    def new(self, since: int) -> int:
        whole_hours = (
            first // HOUR * HOUR for first in self.first_seen.values() if first is not None
        )
        return sum(first >= since for first in whole_hours)

    def steps(self, windows: Sequence[tuple[int, int]]) -> dict[tuple[int, str], int]:
        return Counter(
            (begin, what)
            for begin, end in windows
            for at, _who, what in self.rows
            if begin <= at < end
        )

    def slices(self, since: int) -> dict[Slice, int]:
        counts = Counter[Slice]()
        for at, _who, what in self.rows:
            hour = at // HOUR * HOUR
            begin, end = (-(2**62), since) if hour < since else (hour, hour + HOUR)
            counts[Slice(begin, end, what)] += 1
        return dict(counts)

    def hours(self, since: int, until: float = float("inf")) -> dict[int, int]:
        return Counter(at // HOUR * HOUR for at, _who, _what in self.rows if since <= at < until)

    def event_days(self, since: int) -> list[DayOfEvent]:
        days = sorted(self.events.items())
        return [DayOfEvent(*key, *counts) for key, counts in days if key[0] >= since]

    def events_since(self, day: int) -> dict[str, dict[str, int]]:
        counts = defaultdict[str, Counter[str]](Counter)
        for (on, kind, word), (count, _people) in self.events.items():
            if on >= day:
                counts[kind][word] += count
        return {kind: dict(words) for kind, words in counts.items()}

    def is_known(self, person: int) -> bool:
        return any(who == person for _at, who, _what in self.rows)

    def users_of_days(self, since: int) -> dict[int, int]:
        """Return each day since a day to how many people were active on it.

        Days of which something may have been deleted by age are left out.
        """
        days = {(day_of(at), who) for at, who, _what in self.rows}
        since = max(since, day_of(self.cut - 1) + 1)
        return dict(Counter(day for day, _who in days if day >= since))

    def cohorts(self) -> dict[tuple[int, int], int]:
        """Return the first week, and a week, to how many people of that first week were active."""
        weeks = {
            (week_of(first), week_of(at), who)
            for at, who, _what in self.rows
            if (first := self.first_seen[who]) is not None
        }
        return dict(Counter((first, week) for first, week, _who in weeks if week - first <= 61))
