"""Detect a day far outside the usual by comparing its total with those of four weeks before."""

from collections.abc import Iterable, Sequence
from math import sqrt

# How many days before are compared, in whole weeks, and how many of them have to be known.
DAYS_BEFORE = 28
ENOUGH_DAYS = 14
# The median absolute deviation of a normal distribution times this is its standard deviation.
NORMAL = 1.4826
# Twice the root of a count that comes by chance (Poisson) has a standard deviation of 1, whatever
# the count is. Here it is people who come by chance, and each may do ten things.
MIN_DEVIATION = 3.0
FAR = 4.0
FACTOR = 2


def usual(day: int, before: Sequence[int | None]) -> float | None:
    """Return the median of the days `before` if `day` is far from it, else None.

    `day` is the total of a day, `before` has those of the days before it, the newest last, with
    None for an unknown one. The last 28 are compared; fewer than 14 known ones give None.
    A day is far if its root is more than 4 standard deviations off, and if it also differs by a
    factor of 2, and by more than chance explains, from the median and from each known day of the
    same weekday: a bot for offices is quiet on every Sunday.

    Measured on synthetic traffic of 1 to 1,000 interactions a day, with even, quiet or busy
    weekends, of people who do 1, 5 or 10 things, on days that differ by 0, 20 or 40 % beyond
    chance: wrong on 0.06 % of the days, on 0.5 % at worst (tests/analytics/test_unusual.py).
    """
    days = before[-DAYS_BEFORE:]
    known = [each for each in days if each is not None]
    if len(known) < ENOUGH_DAYS:
        return None
    middle = _median(map(_root, known))
    deviation = NORMAL * _median(abs(_root(each) - middle) for each in known)
    if abs(_root(day) - middle) <= FAR * deviation:
        return None
    typical = _median(known)
    same_weekday = [each for each in days[-7::-7] if each is not None]
    return typical if all(_differ(day, each) for each in (typical, *same_weekday)) else None


def _median(numbers: Iterable[float]) -> float:
    ordered = sorted(numbers)
    middle = len(ordered) // 2
    return (ordered[middle] + ordered[~middle]) / 2


def _differ(day: int, other: float) -> bool:
    by_factor = day >= FACTOR * other or day * FACTOR <= other
    return by_factor and abs(_root(day) - _root(other)) > FAR * MIN_DEVIATION


def _root(count: float) -> float:
    return 2 * sqrt(count)
