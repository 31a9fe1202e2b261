"""Suppress small groups: with BREAKDOWN_MIN_USERS no number, and no two, tell of fewer people.

The interactions of a file are split into blocks, by time and by type, each of enough people. Only
sums of whole blocks are shown. So whatever is added or subtracted of what is shown at a moment,
nothing finer than a block comes out.
"""

import asyncio
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from analytics.calendar import HOUR, Calendar
from analytics.models import InteractionType
from analytics.statistics.report_models import MAX_HISTORY, Period
from analytics.statistics.spans import Span, span, weeks, whole_days, windows
from analytics.store import Store
from analytics.store_types import Slice

OTHER = InteractionType.OTHER.value
# Before and after all that is stored.
BEGINNING, END = -(2**62), 2**62


@dataclass(frozen=True, slots=True)
class Cell:
    """The interactions of a type in an hour, or in all the time before the longest history.

    `begin` is included, `end` is not, in Unix seconds. `people` are the user_ids of all of them, or
    as many as are enough.
    """

    begin: int
    end: int
    name: str
    count: int
    people: frozenset[int]


class Plan:
    """The sums and numbers of people that may be shown at a moment."""

    def __init__(self, cells: Sequence[Cell], enough: int) -> None:
        """Take cells, in the order of their beginnings, and the fewest people that are enough."""
        self.enough = enough
        self._cells = cells
        self._begins = [cell.begin for cell in cells]
        # Sets of cells are bits of a number: thousands are cut in a microsecond.
        self._types: dict[str, int] = {}
        self._large = 0
        for at, cell in enumerate(cells):
            self._types[cell.name] = self._types.get(cell.name, 0) | 1 << at
            if len(cell.people) >= enough:
                self._large |= 1 << at
        everything = (1 << len(cells)) - 1
        self._is_of_enough = self._holds(everything)
        self._blocks = [everything]
        self.active: dict[int, int | None] = {}
        """Unix seconds to how many users were active since then; None if not to be shown."""
        self.new: dict[int, int | None] = {}
        """Unix seconds to how many users were new since then; None if not to be shown."""
        self.counted_new: dict[int, int] = {}
        """The same with nothing hidden: these counts are not to be shown."""
        self.new_by_week: dict[int, int | None] = {}
        """The same of the beginnings of weeks; these do not differ from `active` by few either."""

    def offer(self, begin: int, end: int, name: str | None = None) -> None:
        """Show a sum from now on, if both parts of each block that it cuts have enough people.

        The sum is of a type, or of all, from `begin` until before `end`, in Unix seconds.
        """
        asked = self._region(begin, end, name)
        if not self._is_of_enough or not asked:
            return
        blocks = []
        for block in self._blocks:
            inside, outside = block & asked, block & ~asked
            if inside and outside:
                if not (self._holds(inside) and self._holds(outside)):
                    return
                blocks += [inside, outside]
            else:
                blocks.append(block)
        self._blocks = blocks

    def total(self, begin: int, end: int) -> int | None:
        """Return the number of interactions from `begin` until before `end`, in Unix seconds.

        None if that is not to be shown.
        """
        return self._sum(begin, end, None)

    def types(self, begin: int, end: int) -> dict[str, int] | None:
        """Return type to interactions, the largest first, from `begin` until before `end`.

        Both are in Unix seconds. Types that are not to be shown by themselves are summed under
        `other`. None if not even the total is to be shown.
        """
        total = self.total(begin, end)
        if total is None:
            return None
        counts = Counter[str]()
        for name in self._types:
            if count := self._sum(begin, end, name):
                counts[name] = count
        counts[OTHER] += total - sum(counts.values())
        return dict(sorted((+counts).items(), key=lambda item: (-item[1], item[0])))

    def by_size(self, begin: int, end: int) -> list[str]:
        """Return the types from `begin` until before `end`, in Unix seconds, the largest first.

        Types that are not to be shown are included.
        """
        counts = self.counts(begin, end)
        return sorted(counts, key=lambda name: (-counts[name], name))

    def counts(self, begin: int, end: int) -> Counter[str]:
        """Return type to interactions from `begin` until before `end`, in Unix seconds.

        Nothing is hidden, so these counts are not to be shown.
        """
        counts = Counter[str]()
        for cell in self._cells[slice(*self._range(begin, end))]:
            counts[cell.name] += cell.count
        return counts

    def people(self, begin: int, end: int, name: str | None = None) -> int:
        """Return how many people, up to `enough`, have interactions of a type, or of all.

        They are counted from `begin` until before `end`, in Unix seconds.
        """
        return self._people(self._region(begin, end, name))

    def _sum(self, begin: int, end: int, name: str | None) -> int | None:
        asked = self._region(begin, end, name)
        if not asked:
            return 0
        is_whole = all(block & asked in (0, block) for block in self._blocks)
        if not self._is_of_enough or not is_whole:
            return None
        cells = self._cells[slice(*self._range(begin, end))]
        return sum(cell.count for cell in cells if name in (None, cell.name))

    def _range(self, begin: int, end: int) -> tuple[int, int]:
        return bisect_left(self._begins, begin), bisect_left(self._begins, end)

    def _region(self, begin: int, end: int, name: str | None) -> int:
        first, after = self._range(begin, end)
        here = (1 << after) - (1 << first) if after > first else 0
        return here if name is None else here & self._types.get(name, 0)

    def _holds(self, block: int) -> bool:
        """Return whether there are enough people in a block."""
        return self._people(block) >= self.enough

    def _people(self, block: int) -> int:
        """Return how many people there are in a block, up to `enough`."""
        if block & self._large:
            return self.enough
        people: set[int] = set()
        while block and len(people) < self.enough:
            lowest = block & -block
            people |= self._cells[lowest.bit_length() - 1].people
            block ^= lowest
        return min(len(people), self.enough)


class SmallGroups:
    """The groups of people in a file, from which the plan of a moment is made."""

    def __init__(self, store: Store, enough: int, calendar: Calendar) -> None:
        self._store = store
        self._calendar = calendar
        self.enough = enough
        # Counted anew when there are more or fewer interactions.
        self._people: dict[Slice, tuple[int, frozenset[int]]] = {}

    def forget(self) -> None:
        """Forget the people. Call after an erasure: somebody else may take that person's place."""
        self._people.clear()

    async def plan(self, as_of: datetime, last: datetime) -> Plan:
        """Return what may be shown of the periods that `last` is in, as of `as_of`.

        Raises AnalyticsError if the database cannot be read.
        """
        calendar, running = self._calendar, int(last.timestamp()) // HOUR * HOUR
        today = calendar.day(running)
        oldest = calendar.begin(today - MAX_HISTORY.days)
        counts = dict(await self._store.slices(oldest))
        known = {
            each: self._people[each]
            for each, count in counts.items()
            if self._people.get(each, (None,))[0] == count
        }
        wanted = [each for each in counts if each not in known]
        found = await self._store.people_of(wanted, self.enough)
        for each, people in zip(wanted, found, strict=True):
            known[each] = counts[each], frozenset(people)
        self._people = known
        cells = [Cell(*each, count, known[each][1]) for each, count in counts.items()]
        spans = [span(period, as_of, last, calendar) for period in reversed(Period)]
        days = windows(MAX_HISTORY, last, calendar)
        hours = windows(Period.DAY.length, last, calendar)
        # For thousands of cells it takes a moment, in which the bot goes on answering.
        plan = await asyncio.to_thread(_offer_all, Plan(cells, self.enough), spans, days, hours)
        await self._count_users(plan, as_of, last, [each.since for each in spans])
        return plan

    async def _count_users(
        self, plan: Plan, as_of: datetime, last: datetime, begins: Sequence[int]
    ) -> None:
        """Count the users since the beginnings of periods, and since all others that are shown."""
        calendar, running = self._calendar, int(last.timestamp()) // HOUR * HOUR
        rolling = [int((as_of - timedelta(days=days)).timestamp()) for days in (30, 7, 1)]
        since = [*begins, *rolling, calendar.begin(calendar.day(running)), running]
        averaged = calendar.begin(whole_days(as_of, calendar)[0])
        mondays = [calendar.begin(calendar.monday(week)) for week in weeks(last, calendar)]
        moments = list(dict.fromkeys([*since, averaged, *mondays]))
        seen = dict(zip(moments, await self._store.seen_since(moments), strict=True))
        plan.active = self._apart({each: seen[each][0] for each in [*since, averaged]})
        plan.counted_new = {each: seen[each][1] for each in since}
        plan.new = self._apart({each: seen[each][1] for each in since})
        others = [each for each in (*plan.active.values(), *plan.new.values()) if each is not None]
        plan.new_by_week = self._apart({each: seen[each][1] for each in mondays}, others)

    def _apart(self, users: Mapping[int, int], others: Iterable[int] = ()) -> dict[int, int | None]:
        """Keep the numbers that differ by no or by enough people; earlier ones take precedence.

        So they do from `others`.
        """
        shown = {0, *others}
        kept: dict[int, int | None] = {}
        for moment, number in users.items():
            is_shown = all(number == other or abs(number - other) >= self.enough for other in shown)
            kept[moment] = number if is_shown else None
            if is_shown:
                shown.add(number)
        return kept


def _offer_all(
    plan: Plan,
    spans: Sequence[Span],
    days: Sequence[tuple[int, int]],
    hours: Sequence[tuple[int, int]],
) -> Plan:
    """Offer all sums that are shown anywhere: those offered first take precedence.

    Totals come before types, periods before days and days before hours. `days` and `hours` are
    their beginnings and ends, the oldest first.
    """
    periods = [(BEGINNING, END), *((each.since, END) for each in spans)]
    for period in periods:
        plan.offer(*period)
    for period in periods:
        for name in plan.by_size(*period):
            plan.offer(*period, name)
    for each in spans:
        plan.offer(each.before, each.middle)
        plan.offer(each.middle, each.middle + HOUR)
    # The newest ones have no end yet.
    days = [*days[:-1], (days[-1][0], END)]
    hours = [*hours[:-1], (hours[-1][0], END)]
    for bucket in (*reversed(days), *hours):
        plan.offer(*bucket)
    for bucket in (*days, *hours):
        if plan.total(*bucket):
            for name in plan.by_size(*bucket):
                plan.offer(*bucket, name)
    return plan
