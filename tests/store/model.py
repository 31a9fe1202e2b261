"""A plain list of what was recorded, from which everything a store counts is counted anew."""

from collections import Counter, defaultdict
from collections.abc import Callable, Sequence

from analytics.store_types import DayOfEvent, Received, Slice
from tests.store.updates import DAY, HOUR


class Model:
    """The content that a store should have: each interaction by itself, and who opted out."""

    def __init__(self) -> None:
        self.rows: list[tuple[int, int, str]] = []
        """Timestamp, person, type."""
        self.opted_out: set[int] = set()
        self.remembered: set[int] = set()
        self.events: dict[tuple[int, str], tuple[int, int]] = {}
        """Day and event to count and people."""
        self.first_seen: dict[int, int | None] = {}

    def record(self, updates: Sequence[Received], people: Sequence[int]) -> None:
        for each, at_least in zip(updates, people, strict=True):
            if each.update_id in self.remembered:
                continue
            if each.update_id is not None:
                self.remembered.add(each.update_id)
            if each.opt_out not in self.opted_out:
                self._count(each, at_least)
            if each.opting_out is not None:
                change = self.opted_out.add if each.opting_out else self.opted_out.discard
                change(each.opt_out)

    def _count(self, each: Received, at_least: int) -> None:
        if each.event is not None:
            key = each.timestamp // DAY, each.event
            count, people = self.events.get(key, (0, 0))
            self.events[key] = count + 1, max(people, at_least)
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

    def steps(self, since: int, step: int) -> dict[tuple[int, str], int]:
        return dict(
            Counter((at // step * step, what) for at, _who, what in self.rows if at >= since)
        )

    def slices(self, since: int) -> dict[Slice, int]:
        counts = Counter[Slice]()
        for at, _who, what in self.rows:
            hour = at // HOUR * HOUR
            begin, end = (-(2**62), since) if hour < since else (hour, hour + HOUR)
            counts[Slice(begin, end, what)] += 1
        return dict(counts)

    def busiest_hour(self, since: int) -> int | None:
        hours = Counter(at // HOUR % 24 for at, _who, _what in self.rows if at >= since)
        return min(hours, key=lambda hour: (-hours[hour], hour)) if hours else None

    def event_days(self, since: int) -> list[DayOfEvent]:
        days = sorted(self.events.items())
        return [DayOfEvent(day, event, *counts) for (day, event), counts in days if day >= since]

    def events_since(self, day: int) -> dict[str, int]:
        counts = defaultdict[str, int](int)
        for (on, event), (count, _people) in self.events.items():
            if on >= day:
                counts[event] += count
        return dict(counts)
