"""With BREAKDOWN_MIN_USERS no number of an event, and no difference of two, tells of fewer people.

Everything that is shown is a sum of updates from a plain list. Subtracted are periods, a total and
what it is made of, and a word and the parts of it that are shown elsewhere.
"""

import random
import tempfile
from collections.abc import Sequence
from itertools import combinations
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analytics import Interaction, InteractionType, PeriodReport
from tests.support.clock import NOW
from tests.support.examples import examples
from tests.support.service import open_service, run_once
from tests.support.shown_events import (
    DAY,
    KINDS,
    OPTIONAL,
    PERIODS,
    Shown,
    Update,
    history,
    is_of_few,
)


def assert_nothing_tells_of_few(
    reports: Sequence[PeriodReport], updates: Sequence[Update], enough: int
) -> None:
    shown = [Shown(report, updates) for report in reports]
    # The numbers, and what is left of totals, by name.
    regions: list[dict[str, frozenset[int]]] = []
    for each in shown:
        here = {}
        for name, (number, region) in each.numbers.items():
            assert number == len(region), name
            here[name] = region
        for total, parts in each.all_totals():
            whole = each.numbers[total][1]
            for part in parts:
                here[f"{total} without {part}"] = whole - each.numbers[part][1]
            here[f"{total} without {', '.join(parts)}"] = whole - frozenset().union(
                *(each.numbers[part][1] for part in parts)
            )
        regions.append(here)
    for here in regions:
        assert not [name for name, region in here.items() if is_of_few(region, updates, enough)]
    for shorter, longer in combinations(regions, 2):
        for name in shorter.keys() & longer.keys():
            assert not is_of_few(longer[name] - shorter[name], updates, enough), name


@pytest.mark.thorough
@settings(max_examples=examples(100))
@given(
    chance=st.randoms(use_true_random=False),
    groups=st.integers(0, 9),
    enough=st.integers(2, 5),
    kinds=st.lists(st.sampled_from(KINDS), min_size=1, unique=True),
)
async def test_no_number_of_events_and_no_difference_of_two_is_of_few_people(
    chance: random.Random, groups: int, enough: int, kinds: list[InteractionType]
) -> None:
    counted = [kind for kind in OPTIONAL if chance.random() < 0.5]
    updates = history(chance, groups, enough, kinds, counted)
    with tempfile.TemporaryDirectory() as name:
        await run_once(Path(name), clock=lambda: NOW - 2000 * DAY)
        async with open_service(Path(name), breakdown_min_users=enough) as analytics:
            await analytics.record(
                [Interaction(each.person, each.kind, each.at) for each in updates],
                None,
                [each.words for each in updates],
            )
            reports = [await analytics.reports.period(period) for period in PERIODS]

    assert_nothing_tells_of_few(reports, updates, enough)
