"""With BREAKDOWN_MIN_USERS no type shows what a few people do."""

import tempfile
from collections import Counter
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from analytics import Access, InteractionType
from tests.analytics.store import SOMEBODY, interaction, open_service

OTHER = InteractionType.OTHER
TYPES = [
    InteractionType.MESSAGE,
    InteractionType.COMMAND,
    InteractionType.BUTTON_CLICK,
    InteractionType.POLL_ANSWER,
    OTHER,
]
# Who did what how often: few people, and types of one, of some and of all of them.
Doings = dict[tuple[int, InteractionType], int]
DOINGS = st.dictionaries(
    st.tuples(st.integers(SOMEBODY, SOMEBODY + 5), st.sampled_from(TYPES)),
    st.integers(1, 4),
    max_size=30,
)


def everybody(kind: InteractionType, people: int, times: int = 1) -> Doings:
    return {(SOMEBODY + number, kind): times for number in range(people)}


async def breakdown(folder: Path, doings: Doings, minimum: int) -> dict[str, int]:
    said = [
        interaction(timedelta(hours=number), person, kind)
        for (person, kind), times in doings.items()
        for number in range(times)
    ]
    async with open_service(folder, breakdown_min_users=minimum) as analytics:
        await analytics.record(said)
        report = await analytics.get_admin_analytics_report()
    assert report.total_interactions == len(said)
    # In every output alike.
    async with open_service(folder, breakdown_min_users=minimum, access=Access.READ) as command:
        again = await command.get_admin_analytics_report()
    assert again.interaction_types_breakdown == report.interaction_types_breakdown
    return report.interaction_types_breakdown


def broken_promises(doings: Doings, minimum: int, shown: Mapping[str, int]) -> list[str]:
    counts: Counter[str] = Counter()
    people: dict[str, set[int]] = {}
    for (person, kind), times in doings.items():
        counts[kind] += times
        people.setdefault(kind, set()).add(person)
    folded = {kind for kind in counts if kind == OTHER or kind not in shown}
    of_few = {kind for kind in counts if len(people[kind]) < minimum}
    in_other = set().union(*(people[kind] for kind in folded))
    broken = []
    if sum(shown.values()) != sum(counts.values()):
        broken.append("the total is exact")
    if any(shown[kind] != counts[kind] for kind in shown if kind != OTHER):
        broken.append("what is shown is exact")
    if any(len(people[kind]) < minimum for kind in shown if kind != OTHER):
        broken.append("no type of few people is shown")
    if not of_few and shown != counts:
        broken.append("without a type of few nothing is folded")
    if of_few and folded != set(counts):
        if len(folded) < 2:
            broken.append("other is not just another name of one type")
        if len(in_other) < minimum:
            broken.append("other holds enough people")
        # The smallest were folded, and no more of them than was needed.
        if extra := folded - of_few - {OTHER}:
            largest = max(extra, key=lambda kind: counts[kind])
            if counts[largest] > min(counts[kind] for kind in shown.keys() - {OTHER}):
                broken.append("the smallest is folded first")
            fewer = folded - {largest}
            enough = len(set().union(*(people[kind] for kind in fewer))) >= minimum
            if (
                len(fewer) > 1
                and enough
                and counts[largest] not in [counts[kind] for kind in extra - {largest}]
            ):
                broken.append("no more is folded than needed")
    return broken


@settings(deadline=None, max_examples=150, suppress_health_check=[HealthCheck.too_slow])
@given(doings=DOINGS, minimum=st.integers(2, 6))
@example(doings=everybody(InteractionType.MESSAGE, 1), minimum=2)
@example(doings=everybody(OTHER, 1) | everybody(InteractionType.MESSAGE, 5), minimum=2)
@example(doings=everybody(OTHER, 5) | everybody(InteractionType.MESSAGE, 1), minimum=2)
async def test_no_type_of_few_people_can_be_told_from_a_breakdown(
    doings: Doings, minimum: int
) -> None:
    with tempfile.TemporaryDirectory() as name:
        shown = await breakdown(Path(name), doings, minimum)

    assert broken_promises(doings, minimum, shown) == []


@pytest.mark.parametrize("minimum", [1, 3])
async def test_types_of_enough_people_are_shown_as_they_are(tmp_path: Path, minimum: int) -> None:
    doings = everybody(InteractionType.MESSAGE, 3, 4) | everybody(InteractionType.COMMAND, 3)

    assert await breakdown(tmp_path, doings, minimum) == {"message": 12, "command": 3}


async def test_a_second_type_is_folded_where_a_difference_would_reveal_the_first(
    tmp_path: Path,
) -> None:
    doings = (
        everybody(InteractionType.MESSAGE, 5, 4)
        | everybody(InteractionType.COMMAND, 5, 2)
        | everybody(InteractionType.POLL_ANSWER, 1)
    )

    assert await breakdown(tmp_path, doings, 3) == {"message": 20, "other": 11}


async def test_after_the_key_was_replaced_nobody_knows_how_many_and_all_is_folded(
    tmp_path: Path,
) -> None:
    async with open_service(tmp_path, breakdown_min_users=3) as analytics:
        await analytics.record(
            [interaction(person=SOMEBODY + n, interaction_type=t) for n in range(5) for t in TYPES]
        )
        before = await analytics.get_admin_analytics_report()
        await analytics.rotate_key()
        after = await analytics.get_admin_analytics_report()

    assert len(before.interaction_types_breakdown) == len(TYPES)
    assert after.interaction_types_breakdown == {"other": 5 * len(TYPES)}
