"""A jump of failures is known by enough updates, and shown by figures of enough people only."""

from collections import Counter
from typing import Any

import pytest

from analytics.events import Event, EventKind
from analytics.statistics.failure_shares import compare
from analytics.statistics.outcomes import by_subject, overall
from analytics.store_types import Received
from tests.support.outcomes import failed, handled

HOUR = 1_780_315_200
ERROR = Event(EventKind.ERROR, "KeyError at shop.py:12")


def rows(fine: int, fail: int, fine_people: int = 100, fail_people: int = 100) -> Counter[Received]:
    """Outcomes of an hour, of so many different people."""
    found = Counter[Received]()
    for number in range(fine):
        found[_row(1_000 + number % fine_people, handled("help", 0.02))] += 1
    for number in range(fail):
        found[_row(1 + number % fail_people, failed("order"), ERROR)] += 1
    return found


def _row(reference: int, *events: Event) -> Received:
    return Received(None, reference, -reference, None, HOUR, events, None)


def jumps(fine: int, fail: int, before: tuple[int, int]) -> bool:
    past: dict[str, int] = {EventKind.HANDLED: before[0], EventKind.FAILED: before[1]}
    return compare(HOUR, rows(fine, fail), past, 1).is_jump


@pytest.mark.parametrize(
    ("fine", "fail", "before", "is_jump"),
    [
        (15, 5, (1_000, 10), True),
        (14, 5, (1_000, 10), False),  # 19 updates
        (16, 4, (1_000, 10), False),  # 4 failures
        (94, 5, (1_000, 0), True),  # 5.05 %
        (95, 5, (1_000, 0), False),  # 5 %
        (60, 40, (900, 100), True),  # four times as many
        (61, 39, (900, 100), False),
        (0, 20, (19, 0), False),  # nobody knows what is usual
        (0, 20, (20, 0), True),
    ],
)
def test_a_jump_is_of_enough_updates_and_far_above_what_is_usual(
    fine: int, fail: int, before: tuple[int, int], is_jump: bool
) -> None:
    assert jumps(fine, fail, before) is is_jump


def test_the_most_frequent_failure_and_error_are_named() -> None:
    found = compare(HOUR, rows(20, 10), {}, 1)

    assert (found.taken, found.failed, found.usual) == (30, 10, None)
    assert (found.subject, found.error) == ("order", ERROR.word)


@pytest.mark.parametrize(
    ("people", "shown"),
    [
        ({}, True),
        ({"fail_people": 4}, False),
        ({"fine_people": 4}, False),
        ({"fail_people": 5, "fine_people": 5}, True),
    ],
)
def test_figures_of_too_few_people_are_not_shown(people: dict[str, Any], shown: bool) -> None:
    found = compare(HOUR, rows(20, 20, **people), {}, 5)

    assert found.is_of_enough is shown
    is_named = people.get("fail_people", 5) >= 5
    assert (found.subject, found.error) == (("order", ERROR.word) if is_named else (None, None))


def test_what_has_no_person_is_never_of_enough_people() -> None:
    nobody, somebody = (_row(reference, failed("channel_post")) for reference in (0, 1))
    found = compare(HOUR, Counter({nobody: 100, somebody: 1}), {}, 2)

    assert (found.is_of_enough, found.subject, found.failed) == (False, None, 101)


def test_outcomes_are_summed_by_subject_and_the_worst_is_the_first() -> None:
    events: dict[str, dict[str, int]] = {
        EventKind.HANDLED: {"help 0.01": 3, "help 0.3": 1, "button:buy it more": 1},
        EventKind.FAILED: {"help": 1},
        EventKind.UNANSWERED: {"message": 7},
        EventKind.OWN: {"help": 100},
    }
    outcomes = by_subject(events)
    everything = overall(outcomes)

    assert [each.subject for each in outcomes] == ["help", "message", "button:buy it"]
    assert (outcomes[0].handled, outcomes[0].failed, outcomes[0].failed_share) == (4, 1, 0.2)
    assert [outcomes[0].within(share) for share in (0.5, 0.75, 0.95)] == ["0.01", "0.01", "0.3"]
    assert outcomes[1].within(0.95) is None
    assert outcomes[2].within(0.95) == "more"
    assert (everything.handled, everything.failed, everything.unanswered) == (5, 1, 7)
