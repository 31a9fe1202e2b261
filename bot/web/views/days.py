"""Days of the history: those of a look, and those that they are compared with."""

from collections import Counter
from dataclasses import replace
from datetime import date, timedelta

from analytics import History, InteractionType, Period
from analytics.telegram import _, format_date
from bot.web.views.asked import YEAR_LENGTH
from bot.web.views.look import BadDates, Comparison, Dates, Look, max_back

DAY, WEEK = timedelta(days=1), timedelta(weeks=1)
WEEKS_OF_YEAR = 52


def part(whole: History, first: date, length: timedelta) -> History:
    """Return so many days of a history, from the first one on; some may not be in it."""
    days = first - whole.since.date()
    since, end = whole.since + days, first + length
    return replace(
        whole,
        as_of=min(whole.as_of, since + length),
        since=since,
        length=length,
        buckets=tuple(each for each in whole.buckets if first <= each.since.date() < end),
        notes=tuple(each for each in whole.notes if first <= each.moment.date() < end),
        hours_of_week=None,
    )


def dates(look: Look, whole: History) -> Dates:
    """Return the first and the last day of a look; `whole` is the longest history that there is.

    Raises BadDates for days that no history can have.
    """
    oldest, today = whole.since.date(), newest(whole)
    if look.dates is None:
        last = today - look.back * length(look)
        return Dates(last - length(look) + DAY, last)
    if look.dates.last > today:
        raise BadDates(_("The last day is in the future."))
    if look.dates.first < oldest:
        day = format_date(whole.since)
        raise BadDates(_("Statistics reach back to {day} at most.").format(day=day))
    return look.dates


def newest(whole: History) -> date:
    """Return the last day of a history."""
    return (whole.since + whole.length - whole.step).date()


def length(look: Look) -> timedelta:
    """Return how long a look is."""
    if look.dates:
        return look.dates.last - look.dates.first + DAY
    return YEAR_LENGTH if look.is_year else Period(look.period).length


def shift(look: Look) -> timedelta:
    """Return how much earlier the days begin that are compared: whole weeks."""
    if look.compare is Comparison.YEAR:
        return WEEKS_OF_YEAR * WEEK
    return -(-length(look) // WEEK) * WEEK


def earlier(look: Look, whole: History) -> Look | None:
    """Return the look before another one; None if nothing is known of its days."""
    first = dates(look, whole).first
    if all(each.since.date() >= first for each in whole.buckets):
        return None
    if look.dates:
        begin = first - length(look)
        return look.of_dates(begin, first - DAY) if begin >= whole.since.date() else None
    return replace(look, back=look.back + 1) if look.back < max_back(look.period) else None


def later(look: Look, whole: History) -> Look | None:
    """Return the look after another one; None if its days are not over."""
    if look.dates:
        last = look.dates.last + length(look)
        return look.of_dates(look.dates.last + DAY, last) if last <= newest(whole) else None
    return replace(look, back=look.back - 1) if look.back else None


def types(history: History, *, is_hiding: bool) -> dict[str, int] | None:
    """Return the sum of each type, the largest first; None if a day is not known or hidden.

    `is_hiding` tells that types of few people are in the rest of a day: then they are in no sum.
    """
    breakdowns = [each.breakdown for each in history.buckets if each.breakdown is not None]
    if len(breakdowns) < history.length // DAY:
        return None
    if is_hiding and any(InteractionType.OTHER in each for each in breakdowns):
        return None
    totals = Counter[str]()
    for breakdown in breakdowns:
        totals.update(breakdown)
    return {name: count for name, count in totals.most_common() if count}
