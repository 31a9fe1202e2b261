"""The axis of time of charts: days, Mondays, months or hours, and the title above it."""

from datetime import UTC, date, datetime, timedelta

import pytest

from analytics import Bucket, Calendar, History
from analytics.calendar import EPOCH
from tests.support.figures import (
    active_users,
    bars,
    draw,
    interactions,
    labels,
    words,
)
from tests.support.histories import DAY, HOUR, HOURS, LARGE, SMALL, busy


@pytest.mark.parametrize("days", [2, 3, 7])
def test_few_days_are_all_labelled(days: int) -> None:
    found = labels(active_users(draw(busy(days))))

    assert found["Tue\nMar 31"] == days - 0.5
    assert len(found) == days


@pytest.mark.parametrize("days", [8, 9, 14, 30, 31])
def test_more_days_are_labelled_by_their_mondays(days: int) -> None:
    found = labels(active_users(draw(busy(days))))

    assert found["Mar 30"] == days - 1.5
    assert {round(at - found["Mar 30"]) % 7 for at in found.values()} == {0}
    assert len(found) in {days // 7, days // 7 + 1}


def test_weeks_are_ticks_and_labelled_by_months() -> None:
    shown = busy(365)
    axes = active_users(draw(shown))

    monday = shown.since + timedelta(days=-shown.since.weekday() % 7)
    days = {label: (monday + at * DAY).date() for label, at in labels(axes).items()}
    assert days == {
        "May": date(2025, 5, 1),
        "Jul": date(2025, 7, 1),
        "Sep": date(2025, 9, 1),
        "Nov": date(2025, 11, 1),
        "Jan": date(2026, 1, 1),
        "Mar": date(2026, 3, 1),
    }
    assert {(monday + float(at) * DAY).weekday() for at in axes.get_xticks(minor=True)} == {0}
    assert set(labels(active_users(draw(busy(90))))) == {"Feb", "Mar"}


def test_hours_are_labelled_every_third_and_midnight_by_its_date() -> None:
    found = labels(active_users(draw(HOURS)))

    assert list(found) == [
        *("03:00", "06:00", "09:00", "12:00", "15:00", "18:00", "21:00", "Mar 31"),
    ]


@pytest.mark.parametrize(
    ("shown", "title", "grain"),
    [
        (SMALL, "Mar 29\u2009\u2013\u200931, 2026", "By day, UTC"),
        (HOURS, "Mar 30\u2009\u2013\u200931, 2026", "By hour, UTC"),
        (LARGE, "Jan 5\u2009\u2013\u2009Mar 31, 2026", "Daily average of each week, UTC"),
    ],
)
def test_it_says_what_is_shown_of_which_time(shown: History, title: str, grain: str) -> None:
    assert {title, grain, "Interactions", "Active users"} <= words(draw(shown))


def of_berlin(first: date, days: int, *, by_hour: bool = False) -> History:
    """A bucket of ten interactions for each day, or for each hour of the only day."""
    calendar = Calendar([(0, "Europe/Berlin")])
    numbers = [(first - EPOCH).days + n for n in range(days + 1)]
    begins = [datetime.fromtimestamp(calendar.begin(day), UTC) for day in numbers]
    step = HOUR if by_hour else DAY
    if by_hour:
        begins = [begins[0] + n * HOUR for n in range((begins[-1] - begins[0]) // HOUR + 1)]
    *begins, end = [calendar.local(begin) for begin in begins]
    return History(
        as_of=end,
        since=begins[0],
        step=step,
        buckets=tuple(
            Bucket(since=begin, interactions=10, active_users=2, breakdown={"message": 10})
            for begin in begins
        ),
        hours_of_week=None,
        length=len(begins) * step,
        timezone="Europe/Berlin",
    )


@pytest.mark.parametrize("changed", [date(2026, 3, 29), date(2026, 10, 25)])
@pytest.mark.parametrize("days", [5, 14, 31])
def test_days_on_which_clocks_are_changed_are_as_wide_as_others(changed: date, days: int) -> None:
    shown = of_berlin(changed - 3 * DAY, days)
    drawn = draw(shown)
    [boxes] = bars(interactions(drawn)).values()
    found = labels(active_users(drawn))

    assert [int(box.x0) for box in boxes] == list(range(days))
    assert {round(box.width, 6) for box in boxes} == {round(boxes[0].width, 6)}
    monday = f"{changed + DAY:%b} {(changed + DAY).day}"
    assert found[monday if days > 7 else f"Mon\n{monday}"] == 4.5
    assert "By day, Berlin" in words(drawn)
    assert "no data" not in words(drawn)


def test_weeks_with_such_a_day_are_means_of_seven_days() -> None:
    # From a Monday to a Sunday, twelve weeks.
    shown = of_berlin(date(2026, 2, 2), 84)
    drawn = draw(shown)
    [boxes] = bars(interactions(drawn)).values()

    assert [int(box.x0) for box in boxes] == list(range(0, 84, 7))
    assert {box.height for box in boxes} == {10}
    assert list(labels(active_users(drawn))) == ["Mar", "Apr"]
    assert "Daily average of each week, Berlin" in words(drawn)


@pytest.mark.parametrize(
    ("changed", "places"),
    [
        (date(2026, 3, 29), {"Mar 29": 0, "03:00": 2, "06:00": 5, "21:00": 20}),
        (date(2026, 10, 25), {"Oct 25": 0, "03:00": 4, "06:00": 7, "21:00": 22}),
    ],
)
def test_hours_are_those_that_clocks_show(changed: date, places: dict[str, int]) -> None:
    drawn = draw(of_berlin(changed, 1, by_hour=True))
    found = labels(active_users(drawn))

    assert {label: found[label] for label in places} == places
    assert "By hour, Berlin" in words(drawn)
