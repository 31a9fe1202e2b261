"""The triangle of who comes back: percentages in cells, hidden and unfinished ones told apart."""

from datetime import UTC, date, datetime, timedelta

import pytest
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from analytics.statistics.cohorts import Cohort, Cohorts
from analytics.telegram import translations
from analytics.telegram.charts import Charts, triangle
from analytics.telegram.charts.canvas import HEIGHT, WIDTH
from analytics.telegram.charts.themes import DARK, LIGHT, Theme
from analytics.telegram.charts.triangle_wording import triangle_request

MONDAY = date(2026, 9, 7)
NOW = datetime(2026, 9, 25, 12, tzinfo=UTC)


def cohorts(*rows: tuple[int | None, ...], running: bool = True) -> Cohorts:
    made = [
        Cohort(since=MONDAY + timedelta(weeks=at), size=size, returned=tuple(returned))
        for at, (size, *returned) in enumerate(rows)
    ]
    newest = MONDAY + timedelta(weeks=len(rows) - 1)
    return Cohorts(
        as_of=NOW, cohorts=tuple(made), running=newest if running else None, stickiness=None
    )


THREE = cohorts((40, 20, 10), (12, None), (9,))


def texts(figure: Figure) -> list[str]:
    return [each.get_text() for each in figure.texts]


def drawn(shown: Cohorts, theme: Theme = LIGHT) -> Figure:
    return triangle.figure(triangle_request(shown, theme))


def borders(figure: Figure) -> list[bool]:
    """Whether each cell has a border; what explains the colours is left out."""
    return [
        each.get_linewidth() > 0
        for each in [*figure.artists, *figure.patches]
        if isinstance(each, Rectangle) and each.get_height() > 30 / HEIGHT
    ]


@pytest.mark.parametrize("theme", [LIGHT, DARK])
def test_each_cell_is_the_percentage_of_its_first_week(theme: Theme) -> None:
    shown = texts(drawn(THREE, theme))

    for text in ("Sep 7", "40", "50", "25", "Sep 14", "12", "Sep 21", "9"):
        assert shown.count(text) == 1
    assert shown.count("–") == 1
    assert shown.count("1") == shown.count("2") == 1  # the weeks above the cells


def test_the_running_week_and_what_is_hidden_are_explained_where_there_are_any() -> None:
    with_both = texts(drawn(THREE))
    with_neither = texts(drawn(cohorts((40, 20, 10), (12, 6), (9,), running=False)))

    assert {"this week so far", "too few people"} <= set(with_both)
    assert not {"this week so far", "too few people"} & set(with_neither)


def test_only_the_last_cell_of_each_row_has_a_border_while_its_week_is_running() -> None:
    assert borders(drawn(THREE)) == [False, True, True]
    assert borders(drawn(cohorts((40, 20), (9,), running=False))) == [False]


@pytest.mark.parametrize("language", ["en", "de", "es", "ru", "uk"])
def test_thirteen_weeks_fit_in_every_language(language: str) -> None:
    rows = [(9_999, *[9_999] * (12 - at)) for at in range(13)]
    with translations().use_locale(language):
        figure = drawn(cohorts(*rows))
    renderer = figure.canvas.get_renderer()  # type: ignore[attr-defined]

    for each in figure.texts:
        box = each.get_window_extent(renderer)
        assert box.x0 >= 0, each.get_text()
        assert box.x1 <= WIDTH, each.get_text()
        assert box.y0 >= 0, each.get_text()


async def test_a_triangle_is_drawn_by_the_process_that_draws_charts() -> None:
    picture = await Charts().draw_cohorts(THREE)

    assert picture.startswith(b"\x89PNG")
