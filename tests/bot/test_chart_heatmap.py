"""Hours of the week: by quantiles, with a scale, and unknown hours apart from quiet ones."""

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from matplotlib.axes import Axes
from matplotlib.colors import to_hex

from analytics import History
from analytics.telegram.charts.series import quantiles
from analytics.telegram.charts.themes import DARK, LIGHT, TYPES, Theme
from tests.support.figures import draw, seen, words
from tests.support.histories import HOURS, SMALL, history

MONTH = history([{"message": 60}] * 30)
Week = tuple[tuple[int | None, ...], ...]


def with_week(week: Week) -> History:
    return replace(MONTH, hours_of_week=week)


def cells(shown: History, theme: Theme = LIGHT) -> list[list[str]]:
    """The colours of the cells."""
    [drawn] = heatmap(shown, theme).collections
    colors = drawn.to_rgba(np.asarray(drawn.get_array()))
    return [[to_hex(color) for color in row] for row in colors]


def heatmap(shown: History, theme: Theme = LIGHT) -> Axes:
    drawn = draw(shown, theme)
    assert len(drawn.axes) == 3
    return drawn.axes[-1]


def test_monday_is_above_and_midnight_left() -> None:
    axes = heatmap(MONTH)

    assert [day.get_text() for day in axes.get_yticklabels()] == [
        "Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"
    ]  # fmt: skip
    assert axes.get_ylim() == (7, 0)
    assert axes.get_xticklabels()[0].get_text() == "00:00"
    week = [[0] * 24 for _ in range(7)]
    week[0][1] = 3
    found = cells(with_week(tuple(map(tuple, week))))
    assert found[0][1] != found[1][0] == found[0][0]


@pytest.mark.parametrize("theme", [LIGHT, DARK])
def test_a_quiet_hour_is_told_from_an_unknown_one(theme: Theme) -> None:
    week: Week = ((None, 0, 1) + (5,) * 21, *((5,) * 24,) * 6)
    found = cells(with_week(week), theme)

    assert found[0][:2] == [theme.no_data, theme.zero]
    assert len({*found[0][:4]}) == 4
    assert "no data" in words(draw(with_week(week), theme))
    assert "no data" not in words(draw(MONTH, theme))


def test_one_busy_hour_does_not_make_all_others_pale() -> None:
    week = [[1 + day + hour for hour in range(24)] for day in range(7)]
    week[3][3] = 1_000_000
    found = cells(with_week(tuple(map(tuple, week))))

    assert {color for row in found for color in row} == set(LIGHT.heat)
    for color in LIGHT.heat:
        assert 20 < sum(row.count(color) for row in found) < 48


@given(st.lists(st.integers(0, 10**6) | st.integers(0, 9), max_size=168))
def test_classes_hold_every_count_but_zero_in_order(counts: list[int]) -> None:
    classes = quantiles(counts, 5)

    assert len(classes) <= 5
    assert all(least <= most for least, most in classes)
    assert all(before[1] < after[0] for before, after in pairwise(classes))
    for count in counts:
        assert sum(least <= count <= most for least, most in classes) == bool(count)


def test_the_scale_has_its_numbers_and_a_unit() -> None:
    week = tuple(tuple(10 * (1 + at % 100) for at in range(day, day + 24)) for day in range(7))
    shown = words(draw(with_week(week)))

    classes = quantiles([count for row in week for count in row], 5)
    assert {"0", *(str(least) for least, _most in classes), str(classes[-1][1])} <= shown
    assert {"Hours of the week, UTC", "Interactions in the last 4 full weeks"} <= shown
    assert "Interactions in the last full week" in words(draw(SMALL))


def test_24_hours_have_no_week() -> None:
    drawn = draw(HOURS)

    assert len(drawn.axes) == 2
    assert not [text for text in words(drawn) if "week" in text]


def test_where_no_hour_is_known_there_is_no_week() -> None:
    drawn = draw(with_week(((None,) * 24,) * 7))

    assert len(drawn.axes) == 2
    assert not [text for text in words(drawn) if "week" in text]


@pytest.mark.parametrize("theme", [LIGHT, DARK])
def test_busier_hours_stand_out_more_and_have_no_colour_of_a_type(theme: Theme) -> None:
    paper, *steps = (seen(color, "all cones")[0] for color in (theme.paper, *theme.heat))

    distances = [abs(lightness - paper) for lightness in steps]
    assert all(after - before > 8 for before, after in pairwise(distances))
    assert not set(theme.heat) & set(TYPES.values())
