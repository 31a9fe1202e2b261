"""With BREAKDOWN_MIN_USERS cohorts tell of no fewer people, also beside all other reports.

The attack: each number that is shown is of the people of whom something is true. What of this
follows by adding and subtracting, whoever the people are, must not be of one to k - 1 of them.
"""

import random
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import combinations, permutations
from pathlib import Path
from unittest.mock import patch

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from analytics import Interaction, InteractionType, Period
from analytics.statistics import cohorts as analytics_cohorts
from tests.support.equations import PRIME, reduce
from tests.support.examples import examples
from tests.support.service import SOMEBODY, open_service, run_once

HOUR, DAY, WEEK = timedelta(hours=1), timedelta(days=1), timedelta(weeks=1)
MONDAY = datetime(2026, 6, 15, tzinfo=UTC)
MONDAYS = [MONDAY - ago * WEEK for ago in range(13)]
LONG_AGO = MONDAY - 300 * DAY
AGES = [0, 1, 2, 3, 4, 30]
IMAGINED, IMAGINED_ALIKE = 200, 8


@dataclass(frozen=True)
class Person:
    """A person, by the moments at which they were active."""

    moments: frozenset[datetime]

    @property
    def first(self) -> datetime:
        return min(self.moments)


# Whether something is true of a person.
Trait = Callable[[Person], bool]


def moment(now: datetime, weeks_ago: int, day: int) -> datetime:
    return min(MONDAY - weeks_ago * WEEK + day * DAY + HOUR, now - HOUR)


@st.composite
def crowds(draw: st.DrawFn) -> tuple[datetime, list[Person]]:
    """A moment on any day of the week, and people who came in some weeks before it."""
    now = MONDAY + draw(st.integers(0, 6)) * DAY + 23 * HOUR
    alike = st.tuples(st.sets(st.sampled_from(AGES), min_size=1), st.integers(1, 6))
    people = []
    for weeks, count in draw(st.lists(alike, min_size=1, max_size=6)):
        for _ in range(count):
            days = draw(st.lists(st.integers(0, 6), min_size=len(weeks), max_size=len(weeks)))
            moments = (moment(now, *each) for each in zip(weeks, days, strict=True))
            people.append(Person(frozenset(moments)))
    return now, people


def imagined(now: datetime) -> list[Person]:
    """Anybody who might be among the people, as far as the reports tell.

    Each choice of the weeks that people are drawn from is among them several times: what is left of
    too few would follow by chance.
    """
    chance = random.Random(1)
    recent = [
        weeks for length in range(1, len(AGES) + 1) for weeks in combinations(AGES, length)
    ] * IMAGINED_ALIKE
    long = [chance.sample(range(40), chance.randint(1, 6)) for _ in range(IMAGINED)]
    return [
        Person(frozenset(moment(now, weeks_ago, chance.randrange(7)) for weeks_ago in weeks))
        for weeks in (*recent, *long)
    ]


def active(since: datetime) -> Trait:
    return lambda person: any(each >= since for each in person.moments)


def new(since: datetime, until: datetime | None = None) -> Trait:
    return lambda person: person.first >= since and not (until and person.first >= until)


def cell(first: datetime, week: datetime) -> Trait:
    return lambda person: (
        first <= person.first < first + WEEK
        and any(week <= each < week + WEEK for each in person.moments)
    )


def but(one: Trait, other: Trait) -> Trait:
    return lambda person: one(person) and not other(person)


def either(*traits: Trait) -> Trait:
    return lambda person: any(trait(person) for trait in traits)


class Attack:
    def __init__(self, now: datetime, people: Sequence[Person]) -> None:
        self.people = people
        self.imagined = [*people, *imagined(now)]
        self.known: list[tuple[Trait, int]] = [(lambda _person: False, 0)]

    def number(self, trait: Trait) -> int:
        return sum(map(trait, self.people))

    def learn(self, trait: Trait, number: int | None) -> None:
        if number is not None:
            assert number == self.number(trait), "what is shown is exact"
            self.known.append((trait, number))

    def conclude(self) -> None:
        """Nobody has a trait of which there are none, or of which there are as many as of less."""
        vectors = [[trait(each) for each in self.imagined] for trait, _number in self.known]
        impossible = set[int]()
        for (of_one, one), (of_other, other) in permutations(
            zip(vectors, (number for _trait, number in self.known), strict=True), 2
        ):
            if one == other and all(a <= b for a, b in zip(of_one, of_other, strict=True)):
                impossible |= {
                    at for at, _ in enumerate(self.imagined) if of_other[at] > of_one[at]
                }
        self.imagined = [each for at, each in enumerate(self.imagined) if at not in impossible]
        self.rows: dict[int, dict[int, int]] = {}
        for trait, _number in self.known:
            reduced = reduce(self.vector(trait), self.rows)
            if reduced:
                pivot = min(reduced)
                inverse = pow(reduced[pivot], -1, PRIME)
                self.rows[pivot] = {at: value * inverse % PRIME for at, value in reduced.items()}

    def vector(self, trait: Trait) -> dict[int, int]:
        return {at: 1 for at, each in enumerate(self.imagined) if trait(each)}

    def told(self, traits: Iterator[Trait], enough: int) -> list[int]:
        """The numbers of few people who follow."""
        return [
            self.number(each)
            for each in traits
            if 0 < self.number(each) < enough and not reduce(self.vector(each), self.rows)
        ]


def candidates(begins: Sequence[datetime], shown: Mapping[datetime, Trait]) -> Iterator[Trait]:
    """What cohorts might tell, by themselves or beside the numbers since other moments.

    `shown` has each week with those who are in a cell that is shown.
    """
    cells = [cell(first, week) for first in MONDAYS for week in MONDAYS if week >= first]
    yield from cells
    for first in MONDAYS:
        size = cell(first, first)
        yield from (but(size, cell(first, week)) for week in MONDAYS if week > first)
    for later, earlier in combinations(sorted({*MONDAYS, *begins}, reverse=True), 2):
        yield new(earlier, later)
    for since in begins:
        yield from (but(active(since), new(monday)) for monday in MONDAYS)
        yield from (but(active(since), each) for each in cells)
        for week, here in shown.items():
            yield but(active(since), here)
            yield but(active(since), either(here, new(week)))


def crowd(day: int, *groups: tuple[int, set[int]]) -> tuple[datetime, list[Person]]:
    """On a day of the week, so many people each who came so many weeks ago."""
    now = MONDAY + day * DAY + 23 * HOUR
    people = [
        Person(frozenset(moment(now, ago, 0) for ago in weeks))
        for count, weeks in groups
        for _ in range(count)
    ]
    return now, people


@pytest.mark.thorough
@settings(max_examples=examples(25))
@given(described=crowds(), enough=st.integers(2, 5))
# On a Sunday: one of before is left of the active users of seven days, besides a cell.
@example(described=crowd(6, (4, {1, 0}), (4, {1}), (1, {30, 0}), (3, {30, 1})), enough=2)
# The same, besides a cell and those who are new in the seven days.
@example(described=crowd(6, (4, {1, 0}), (4, {1}), (2, {0}), (1, {30, 0}), (5, {30, 1})), enough=2)
# One is new in the week before that of a cohort, and one is left of the new users of 30 days.
@example(described=crowd(2, (6, {1}), (1, {2}), (6, {3})), enough=2)
@example(described=crowd(2, (6, {2}), (1, {4}), (6, {30})), enough=2)
# On a Monday: nobody was active in the other six of seven days.
@example(described=crowd(0, (1, {0}), (2, {2, 0}), (2, {1})), enough=2)
# One is not new in 30 days, of whose active users the others are a cohort.
@example(described=crowd(2, (6, {1}), (1, {30, 1})), enough=2)
async def test_no_few_people_follow_from_cohorts_and_all_other_reports(
    described: tuple[datetime, list[Person]], enough: int
) -> None:
    now, people = described
    said = [
        Interaction(SOMEBODY + at, InteractionType.MESSAGE, each)
        for at, person in enumerate(people)
        for each in sorted(person.moments)
    ]
    with (
        tempfile.TemporaryDirectory() as folder,
        patch.object(analytics_cohorts, "MIN_USERS", 1),
    ):
        await run_once(Path(folder), clock=lambda: LONG_AGO)
        async with open_service(
            Path(folder), clock=lambda: now, breakdown_min_users=enough, retention_days=365
        ) as analytics:
            await analytics.record(said)
            cohorts = await analytics.reports.cohorts()
            periods = [await analytics.reports.period(period) for period in Period]
            whole = await analytics.get_admin_analytics_report()

    attack = Attack(now, people)
    for report in periods:
        attack.learn(active(report.since), report.active_users)
        attack.learn(new(report.since), report.new_users)
    attack.learn(active(now - DAY), whole.daily_active_users)
    attack.learn(active(now - WEEK), whole.weekly_active_users)
    attack.learn(active(now - 30 * DAY), whole.monthly_active_users)
    shown: dict[datetime, list[Trait]] = {}
    for cohort in cohorts.cohorts:
        first = datetime.combine(cohort.since, MONDAY.timetz())
        for number, users in enumerate((cohort.size, *cohort.returned)):
            week = first + number * WEEK
            attack.learn(cell(first, week), users)
            if users is not None:
                shown.setdefault(week, []).append(cell(first, week))
    attack.conclude()

    begins = [*(report.since for report in periods), now - DAY, now - WEEK, now - 30 * DAY]
    of_weeks = {week: either(*cells) for week, cells in shown.items()}
    assert attack.told(candidates(begins, of_weeks), enough) == []
