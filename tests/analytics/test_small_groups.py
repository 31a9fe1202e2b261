"""With BREAKDOWN_MIN_USERS nothing shown at a moment tells of fewer people, also by subtraction.

The attack: all numbers of all outputs, as equations. A sum that follows from them by adding and
subtracting must not be of one to k - 1 people.
"""

import random
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import combinations
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from analytics import (
    Access,
    AdminReport,
    AnalyticsService,
    History,
    Interaction,
    InteractionType,
    Period,
    PeriodReport,
)
from tests.support.clock import NOW
from tests.support.equations import PRIME, reduce
from tests.support.events import events_of
from tests.support.examples import examples
from tests.support.second_connection import select
from tests.support.service import SOMEBODY, interaction, open_service, run_once

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
THIS_HOUR = NOW.replace(minute=0, second=0)
TODAY = THIS_HOUR.replace(hour=0)
EVER = NOW - 2000 * DAY
LATER = NOW + DAY
KINDS = [InteractionType.MESSAGE, InteractionType.COMMAND, InteractionType.BUTTON_CLICK]
WORDS = ["/help", "/roll", None]


@dataclass(frozen=True)
class Said:
    person: int
    kind: str
    at: datetime
    word: str | None


# Which of the things that were said a number is a sum of, and which number is shown for it.
Equation = tuple[frozenset[int], int]


class Attack:
    def __init__(self, said: Sequence[Said], enough: int, zone: str) -> None:
        self.said = said
        self.enough = enough
        self.today = NOW.astimezone(ZoneInfo(zone)).replace(hour=0, minute=0, second=0)
        self.equations: list[Equation] = []

    def region(self, begin: datetime, end: datetime, kind: str | None = None) -> frozenset[int]:
        return frozenset(
            at
            for at, each in enumerate(self.said)
            if begin <= each.at < end and kind in (None, each.kind)
        )

    def begin(self, period: Period) -> datetime:
        if period is Period.DAY:
            return THIS_HOUR - 23 * HOUR
        return self.today - period.length + DAY

    def is_of_few(self, region: Iterable[int]) -> bool:
        return 0 < len({self.said[at].person for at in region}) < self.enough

    def learn(self, region: frozenset[int], number: int | None) -> None:
        if number is not None:
            assert number == len(region), "what is shown is exact"
            self.equations.append((region, number))

    def learn_types(self, begin: datetime, end: datetime, types: dict[str, int] | None) -> None:
        rest = self.region(begin, end)
        for kind, number in (types or {}).items():
            if kind != "other":
                self.learn(self.region(begin, end, kind), number)
                rest -= self.region(begin, end, kind)
        if types:
            self.learn(rest, types.get("other", 0))

    def found(self) -> list[frozenset[int]]:
        """Sums of few people that follow from what is shown."""
        rows: dict[int, dict[int, int]] = {}
        for region, _number in self.equations:
            reduced = reduce(dict.fromkeys(region, 1), rows)
            if reduced:
                pivot = min(reduced)
                inverse = pow(reduced[pivot], -1, PRIME)
                rows[pivot] = {at: value * inverse % PRIME for at, value in reduced.items()}
        return [
            region
            for region in self.candidates()
            if self.is_of_few(region) and not reduce(dict.fromkeys(region, 1), rows)
        ]

    def candidates(self) -> Iterator[frozenset[int]]:
        """All that might be told: of any time between two beginnings, of any type or all."""
        begins = sorted(
            {EVER, LATER}
            | {self.begin(period) for period in Period}
            | {self.today - days * DAY for days in range(70)}
            | {THIS_HOUR - hours * HOUR for hours in range(24)}
        )
        seen = set()
        for first, last in combinations(begins, 2):
            region = self.region(first, last)
            if region and region not in seen:
                seen.add(region)
                yield region
                for kind in KINDS:
                    yield frozenset(at for at in region if self.said[at].kind == kind)


# How many days earlier the period begins that it is compared with.
EARLIER = {Period.DAY: 1, Period.WEEK: 7, Period.MONTH: 35, Period.QUARTER: 91}


def learn_history(attack: Attack, history: History) -> None:
    assert history.hours_of_week is None
    for bucket in history.buckets:
        end = bucket.since + history.step
        attack.learn(attack.region(bucket.since, end), bucket.interactions)
        if bucket.interactions is not None:
            attack.learn_types(bucket.since, end, bucket.breakdown)


def learn_period(attack: Attack, report: PeriodReport) -> None:
    since, back = attack.begin(report.period), timedelta(days=EARLIER[report.period])
    attack.learn(attack.region(since, LATER), report.interactions)
    attack.learn_types(since, LATER, report.interaction_types_breakdown)
    if report.interactions_before is not None:
        # More than is said: both of what is added up.
        middle = THIS_HOUR - back
        for region in (
            attack.region(since - back, middle),
            attack.region(middle, middle + HOUR),
        ):
            attack.learn(region, len(region))


def assert_people_are_enough(
    whole: AdminReport, periods: Sequence[PeriodReport], histories: Sequence[History], enough: int
) -> None:
    windows = [
        whole.daily_active_users,
        whole.weekly_active_users,
        whole.monthly_active_users,
        *(report.active_users for report in periods),
        *(history.buckets[-1].active_users for history in histories),
    ]
    new = [report.new_users for report in periods]
    for of_now in (windows, new):
        known = [number for number in of_now if number is not None]
        assert all(a == b or abs(a - b) >= enough for a, b in combinations([0, *known], 2))
    alone = [
        *(report.returning_users for report in periods),
        *(report.active_users_before for report in periods),
        *(bucket.active_users for history in histories for bucket in history.buckets),
    ]
    assert all(not number or number >= enough for number in alone)


def assert_commands_are_of_enough(attack: Attack, reports: Sequence[PeriodReport]) -> None:
    """The rows by name, and by how much those of two periods differ."""
    rows: list[dict[str, frozenset[int]]] = []
    for report in reports:
        commands = attack.region(attack.begin(report.period), LATER, "command")
        named = {name for name in report.commands if name != "other"}
        here = {
            name: frozenset(at for at in commands if attack.said[at].word == f"/{name}")
            for name in named
        }
        if report.commands:
            here["other"] = commands - frozenset().union(*here.values())
        rows.append(here)
        if report.commands:
            assert {name: len(region) for name, region in rows[-1].items() if region} == (
                report.commands
            )
            assert sum(report.commands.values()) == report.interaction_types_breakdown["command"]
    for here in rows:
        assert not [name for name, region in here.items() if attack.is_of_few(region)]
    for shorter, longer in combinations(rows, 2):
        for name in shorter.keys() & longer.keys():
            assert not attack.is_of_few(longer[name] - shorter[name])


async def all_outputs(
    analytics: AnalyticsService,
) -> tuple[AdminReport, list[PeriodReport], list[History]]:
    return (
        await analytics.get_admin_analytics_report(),
        [await analytics.reports.period(period) for period in Period],
        [
            await analytics.reports.history(length)
            for length in (*(period.length for period in Period), 366 * DAY)
        ],
    )


@pytest.mark.thorough
@settings(max_examples=examples(25))
@given(
    chance=st.randoms(use_true_random=False),
    count=st.integers(0, 60),
    people=st.integers(1, 12),
    enough=st.integers(2, 5),
    interval=st.sampled_from([0, 60]),
    # Without summer time, so that all days of the attack are as long.
    zone=st.sampled_from(["UTC", "Asia/Tokyo", "America/Bogota"]),
)
@example(chance=random.Random(1), count=60, people=12, enough=2, interval=0, zone="UTC")
@example(chance=random.Random(2), count=60, people=12, enough=2, interval=0, zone="Asia/Tokyo")
async def test_no_sum_of_few_people_follows_from_all_that_is_shown(
    chance: random.Random, count: int, people: int, enough: int, interval: int, zone: str
) -> None:
    moments = [NOW - timedelta(hours=60 * 24 * chance.random() ** 3) for _ in range(count)]
    said = []
    for at in moments:
        kind = chance.choice(KINDS)
        word = chance.choice(WORDS) if kind is InteractionType.COMMAND else None
        said.append(Said(SOMEBODY + chance.randrange(people), kind, at, word))
    if interval:
        said = [each for each in said if each.at < THIS_HOUR]
    attack = Attack(said, enough, zone)
    with tempfile.TemporaryDirectory() as name:
        options: dict[str, Any] = {"breakdown_min_users": enough, "timezone": zone}
        await run_once(Path(name), clock=lambda: EVER, timezone=zone)
        async with open_service(Path(name), **options) as analytics:
            await analytics.record(
                [Interaction(each.person, InteractionType(each.kind), each.at) for each in said],
                None,
                events_of(each.word for each in said),
            )
        options["report_interval"] = timedelta(minutes=interval)
        async with open_service(Path(name), **options) as analytics:
            whole, periods, histories = await all_outputs(analytics)
        async with open_service(Path(name), access=Access.READ, **options) as command:
            assert await all_outputs(command) == (whole, periods, histories)
    if interval:
        return  # of other beginnings: the same code, and the same numbers for both

    attack.learn(attack.region(EVER, LATER), whole.total_interactions)
    attack.learn_types(EVER, LATER, whole.interaction_types_breakdown)
    for report in periods:
        learn_period(attack, report)
    for history in histories:
        learn_history(attack, history)
    assert attack.found() == []
    assert_people_are_enough(whole, periods, histories, enough)
    assert_commands_are_of_enough(attack, periods)


def everybody(kind: InteractionType, people: int, ago: timedelta = HOUR) -> list[Interaction]:
    return [interaction(ago, SOMEBODY + number, kind) for number in range(people)]


@pytest.mark.parametrize("zone", ["UTC", "Asia/Tokyo"])
async def test_what_enough_people_do_is_shown_as_it_is(tmp_path: Path, zone: str) -> None:
    async with open_service(tmp_path, breakdown_min_users=3, timezone=zone) as analytics:
        for days in (0, 1, 2, 10, 40):
            for kind in KINDS:
                await analytics.record(everybody(kind, 3 + 3 * (days == 1), days * DAY + HOUR))
        whole, periods, histories = await all_outputs(analytics)

    assert whole.total_interactions == 54
    assert whole.interaction_types_breakdown == dict.fromkeys(sorted(KINDS), 18)
    assert [report.interactions for report in periods] == [9, 36, 45, 54]
    assert [report.active_users for report in periods] == [3, 6, 6, 6]
    assert [sum(each.interactions or 0 for each in history.buckets) for history in histories] == [
        *(9, 36, 45, 54),
        54,
    ]


async def test_days_of_enough_people_are_those_of_the_time_zone(tmp_path: Path) -> None:
    """On both sides of midnight in Tokyo, on one day in UTC."""
    midnight = NOW.replace(hour=15, minute=0, second=0) - 3 * DAY
    async with open_service(tmp_path, breakdown_min_users=3, timezone="Asia/Tokyo") as analytics:
        for moment in (midnight - HOUR, midnight):
            await analytics.record(everybody(InteractionType.MESSAGE, 3, NOW - moment))
        history = await analytics.reports.history(7 * DAY)

    shown = {f"{each.since:%m-%d %z}": each.interactions for each in history.buckets}
    assert (shown["05-29 +0900"], shown["05-30 +0900"]) == (3, 3)


async def test_of_a_bot_of_a_few_people_nothing_is_shown(tmp_path: Path) -> None:
    async with open_service(tmp_path, breakdown_min_users=4) as analytics:
        await analytics.record(everybody(InteractionType.MESSAGE, 3))
        whole, periods, histories = await all_outputs(analytics)

    assert (whole.total_interactions, whole.daily_active_users) == (None, None)
    assert whole.interaction_types_breakdown == {}
    assert whole.oldest_interaction == TODAY
    for report in periods:
        assert (report.interactions, report.active_users, report.new_users) == (None, None, None)
    # That nobody came is shown.
    shown = {each.interactions for history in histories for each in history.buckets}
    assert shown == {0, None}


async def test_one_persons_inline_queries_are_in_no_day(tmp_path: Path) -> None:
    async with open_service(tmp_path, breakdown_min_users=5) as analytics:
        for days in range(7):
            await analytics.record(everybody(InteractionType.MESSAGE, 9, days * DAY + HOUR))
        alone = [interaction(2 * DAY, SOMEBODY, InteractionType.INLINE_QUERY)] * 7
        await analytics.record(alone)
        exported = await analytics.reports.aggregates(Period.WEEK)

    shown = [exported.report.interaction_types_breakdown]
    shown += [each.breakdown or {} for each in exported.history.buckets]
    assert sum(types.get("message", 0) for types in shown) > 0
    assert not [types for types in shown if types.get("inline_query") or types.get("other") == 7]


async def test_commands_are_folded_by_people_and_not_by_how_often(tmp_path: Path) -> None:
    command = InteractionType.COMMAND
    async with open_service(tmp_path, breakdown_min_users=3) as analytics:
        await analytics.record(everybody(command, 3), None, events_of(["/help"] * 3))
        await analytics.record(everybody(command, 3), None, events_of(["/start"] * 3))
        await analytics.record(
            [interaction(HOUR, SOMEBODY, command)] * 50, None, events_of(["/mine"] * 50)
        )
        week = await analytics.reports.period(Period.WEEK)

    # With one that enough people used, for else it would be only another name of the hidden one.
    assert week.commands == {"start": 3, "other": 53}


async def test_how_many_used_a_command_is_never_told_too_high(tmp_path: Path) -> None:
    command = InteractionType.COMMAND
    for _restart in range(3):
        async with open_service(tmp_path, breakdown_min_users=2) as analytics:
            await analytics.people.opt_out(SOMEBODY + 7)
            opted_out = interaction(HOUR, SOMEBODY + 7, command)
            await analytics.record(
                [opted_out, *everybody(command, 2)], None, events_of(["/help"] * 3)
            )

    assert select(tmp_path, "SELECT event, count, people FROM daily_events") == [("help", 6, 2)]


async def test_after_the_key_was_replaced_nobody_knows_how_many_and_nothing_is_shown(
    tmp_path: Path,
) -> None:
    async with open_service(tmp_path, pseudonym_key=None, breakdown_min_users=3) as analytics:
        await analytics.record([each for kind in KINDS for each in everybody(kind, 5)])
        before = await analytics.get_admin_analytics_report()
        await analytics.maintenance.rotate_key()
        after = await analytics.get_admin_analytics_report()

    assert before.total_interactions == 15
    assert after.total_interactions is None


async def test_active_users_of_two_periods_do_not_differ_by_few(tmp_path: Path) -> None:
    async with open_service(tmp_path, breakdown_min_users=3) as analytics:
        await analytics.record(everybody(InteractionType.MESSAGE, 4, 2 * DAY))
        await analytics.record(everybody(InteractionType.MESSAGE, 3))
        day, week, *_longer = [await analytics.reports.period(period) for period in Period]

    # The fourth person is the difference.
    assert (day.active_users, week.active_users) == (None, 4)


async def test_no_two_reports_differ_by_few_people(tmp_path: Path) -> None:
    """Seven days against 24 hours, and a period against the sum of its days."""
    async with open_service(tmp_path, breakdown_min_users=3) as analytics:
        await analytics.record(everybody(InteractionType.MESSAGE, 5))
        await analytics.record(everybody(InteractionType.MESSAGE, 1, 3 * DAY))
        periods = [await analytics.reports.period(period) for period in Period]

    assert [report.interactions for report in periods] == [None, 6, 6, 6]
