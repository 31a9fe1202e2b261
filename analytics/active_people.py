"""See the people of a batch: what a database then notes of each, and counts by day and by week.

It is the same for every database, whose part it is to read who is known and to store what changes.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

# A bit for each of 62 weeks.
ALL_WEEKS = 2**62 - 1


class Person(NamedTuple):
    """A person, as `users` has them."""

    id: int
    first_seen: int | None
    last_seen: int
    first_week: int | None
    weeks: int
    """In which weeks they were active: bit 0 is `first_week`, bit 61 the last."""


class LateDay(NamedTuple):
    """A day of the batch on which people may have been active who were active after it."""

    day: int
    first: int
    last: int
    """The first and the last moment of theirs in the batch on that day."""
    people: Mapping[int, int]
    """Their internal numbers to their references."""


class ActivePeople:
    """The people of a batch, each by their reference, with the moments at which they were active.

    What they are counted in is summed up for the whole batch: most of them come in the same week.
    Call `come`, and `active_on` for each of `late_days`, before `changed`; then `days` and
    `cohorts` have what is to be added.
    """

    def __init__(
        self,
        known: Mapping[int, Person],
        moments: Mapping[int, Sequence[int]],
        day_of: Callable[[int], int],
    ) -> None:
        """Take who of the people is known, the moments of all, and what returns their days."""
        self.known = known
        self._moments = moments
        self._day_of = day_of
        self.new = [each for each in moments if each not in known]
        """The references of new people."""
        self.days = Counter[int]()
        """Each day to how many people more were active on it."""
        self.cohorts = Counter[tuple[int, int]]()
        """A first week and a week to how many people more, or less."""
        self.again: list[tuple[int, int]] = []
        """Moments, with the ids of those who were active on their newest day again, as most are.

        Only `last_seen` changes of them. All others who change are in `changed`.
        """
        self._new_days: dict[int, set[int]] = {}
        self.late_days: list[LateDay] = []
        self._look()

    def _look(self) -> None:
        late: dict[int, list[int]] = {}
        for reference, was in self.known.items():
            moments = self._moments[reference]
            newest, last = self._day_of(was.last_seen), max(moments)
            if newest == self._day_of(last) and min(moments) >= was.last_seen:
                if last > was.last_seen:
                    self.again.append((last, was.id))
                continue
            days = {self._day_of(moment) for moment in moments} - {newest}
            self._new_days[reference] = days
            for day in days:
                if day < newest:
                    late.setdefault(day, []).append(reference)
        for day, references in late.items():
            moments = [each for who in references for each in self._moments[who]]
            here = [each for each in moments if self._day_of(each) == day]
            people = {self.known[each].id: each for each in references}
            self.late_days.append(LateDay(day, min(here), max(here), people))

    def active_on(self, late: LateDay, rows: Iterable[tuple[int, int]]) -> None:
        """Leave out who was active on a late day already, by rows of an id and a timestamp."""
        for user_id, timestamp in rows:
            if self._day_of(timestamp) == late.day:
                self._new_days[late.people[user_id]].discard(late.day)

    def come(self, reference: int, user_id: int) -> Person:
        """Count a new person; return what `users` has of them."""
        moments = self._moments[reference]
        first, last = min(moments), max(moments)
        day = self._day_of(first)
        first_week, weeks = _week(day), 1
        if day == self._day_of(last):
            self.days[day] += 1
        else:
            days = {self._day_of(moment) for moment in moments}
            self.days.update(days)
            weeks = _bits(first_week, days)
        self._count_weeks(first_week, weeks, 1)
        return Person(user_id, first, last, first_week, weeks)

    def changed(self) -> Iterator[tuple[Person, Person]]:
        """Count people who are known; yield what `users` had and has of those who change."""
        for reference, new_days in self._new_days.items():
            was = self.known[reference]
            now = self._seen_on(was, new_days, self._moments[reference])
            if now != was:
                yield was, now

    def _seen_on(self, was: Person, new_days: set[int], moments: Sequence[int]) -> Person:
        """Count the days of a person that are not counted yet; return what `users` then has."""
        self.days.update(new_days)
        last_seen = max(was.last_seen, *moments)
        # Once their oldest interaction was deleted, nobody knows when they were new.
        if was.first_seen is None or was.first_week is None:
            return was._replace(last_seen=last_seen)
        first_seen = min(was.first_seen, *moments)
        if not new_days:
            return was._replace(first_seen=first_seen, last_seen=last_seen)
        first_week = min(was.first_week, _week(min(new_days)))
        weeks = (was.weeks << was.first_week - first_week | _bits(first_week, new_days)) & ALL_WEEKS
        if first_week == was.first_week:
            self._count_weeks(first_week, weeks ^ was.weeks, 1)
        else:
            self._count_weeks(was.first_week, was.weeks, -1)
            self._count_weeks(first_week, weeks, 1)
        return Person(was.id, first_seen, last_seen, first_week, weeks)

    def _count_weeks(self, first_week: int, weeks: int, more: int) -> None:
        """Add `more` people to a cohort, in each week that has a bit."""
        while weeks:
            bit = weeks & -weeks
            self.cohorts[first_week, first_week + bit.bit_length() - 1] += more
            weeks ^= bit


def _week(day: int) -> int:
    # 1970 began on a Thursday.
    return (day + 3) // 7


def _bits(first_week: int, days: set[int]) -> int:
    """Return a bit for each week that one of the days is in."""
    bits = 0
    for day in days:
        bits |= 1 << _week(day) - first_week
    return bits & ALL_WEEKS
