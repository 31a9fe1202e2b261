"""The axis of time of charts: days, Mondays, months or hours, and the title above it."""

from datetime import date, timedelta

import pytest

from analytics import History
from tests.support.figures import (
    active_users,
    draw,
    labels,
    words,
)
from tests.support.histories import DAY, HOURS, LARGE, SMALL, busy


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
