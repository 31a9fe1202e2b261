"""What is far outside the usual is found, and what is not is left alone."""

import math
import random
from collections.abc import Sequence

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from analytics.statistics.anomalies import DAYS_BEFORE, ENOUGH_DAYS, usual

WEEKS = {
    "even": [1.0] * 7,
    "quiet weekends": [1.0] * 5 + [0.7, 0.6],
    "offices": [1.0] * 5 + [0.1, 0.05],
    "busy weekends": [0.5] * 4 + [0.8, 2.0, 2.0],
}
# Interactions a day, how many of them a person does, and how the days differ beyond chance.
TRAFFIC = [
    (rate, each, differ)
    for rate in (1, 10, 100, 1000)
    for each in (1, 5, 10)
    for differ in (0, 0.4)
]
# As many as a test has time for; the rates in the docstring are of 2,000 days each.
DAYS = 300


def traffic(
    chance: random.Random, week: Sequence[float], rate: float, each: int, differ: float
) -> list[int]:
    """Totals of days: people come by chance (Poisson), and each does some things (geometric)."""

    def day(number: int) -> int:
        mood = math.exp(chance.gauss(0, differ) - differ**2 / 2)
        people, until = 0, chance.expovariate(1)
        while until < rate * week[number % 7] * mood / each:
            people, until = people + 1, until + chance.expovariate(1)
        return sum(
            1 if each == 1 else 1 + int(math.log(1 - chance.random()) / math.log(1 - 1 / each))
            for _ in range(people)
        )

    return [day(number) for number in range(DAYS)]


def found(days: Sequence[int], factor: float = 1) -> float:
    """On what part of the days there is an alarm, each made so many times as large."""
    alarms = [
        usual(round(day * factor), days[number : number + DAYS_BEFORE]) is not None
        for number, day in enumerate(days[DAYS_BEFORE:])
    ]
    return sum(alarms) / len(alarms)


@pytest.mark.parametrize("week", WEEKS)
def test_traffic_as_ever_is_hardly_ever_an_alarm(week: str) -> None:
    chance = random.Random(0)
    rates = [found(traffic(chance, WEEKS[week], *kind)) for kind in TRAFFIC]

    assert max(rates) <= 0.02
    assert sum(rates) / len(rates) <= 0.003


@pytest.mark.parametrize("each", [1, 5])
def test_ten_times_as_much_and_nothing_at_all_are_found(each: int) -> None:
    days = traffic(random.Random(0), WEEKS["quiet weekends"], 1000, each, 0.2)

    assert found(days, 10) == 1
    assert found(days, 0) >= 0.9


@given(st.integers(0, 10**6), st.integers(ENOUGH_DAYS, DAYS_BEFORE))
def test_a_day_like_all_the_others_is_no_alarm(each: int, known: int) -> None:
    assert usual(each, [each] * known) is None


@given(st.integers(8, 10**6), st.integers(ENOUGH_DAYS, DAYS_BEFORE))
def test_ten_times_what_it_always_was_is_an_alarm(each: int, known: int) -> None:
    assert usual(10 * each, [each] * known) == each


@given(st.integers(0, 10**6).flatmap(lambda each: st.tuples(st.just(each), st.integers(0, each))))
def test_less_than_twice_and_more_than_half_is_no_alarm(days: tuple[int, int]) -> None:
    each, more = days

    assert usual(each + max(0, more - 1), [each] * DAYS_BEFORE) is None
    assert usual(each - max(0, more - 1) // 2, [each] * DAYS_BEFORE) is None


@given(
    day=st.integers(0, 400),
    before=st.lists(st.none() | st.integers(80, 120), max_size=2 * DAYS_BEFORE),
)
@example(day=1_000, before=[100] * ENOUGH_DAYS)
def test_an_alarm_is_of_half_or_twice_the_usual_and_of_enough_days(
    day: int, before: list[int | None]
) -> None:
    typical = usual(day, before)

    if typical is not None:
        assert sum(each is not None for each in before[-DAYS_BEFORE:]) >= ENOUGH_DAYS
        assert day >= 2 * typical or day <= typical / 2


@given(st.lists(st.integers(0, 10**6), min_size=DAYS_BEFORE, max_size=DAYS_BEFORE), st.integers(0))
def test_what_a_weekday_was_once_is_no_alarm_on_it(before: list[int], which: int) -> None:
    days_ago = 7 * (1 + which % 4)

    assert usual(before[-days_ago], before) is None
