"""Hours of the week, the stronger the more interactions."""

from collections.abc import Sequence

from babel import dates
from matplotlib.colors import ListedColormap

from analytics.telegram.charts.canvas import (
    HEADING,
    LEFT,
    RIGHT,
    Canvas,
)
from analytics.telegram.charts.panels import AXES_LEFT, AXES_WIDTH
from analytics.telegram.charts.request import Week
from analytics.telegram.charts.series import quantiles

CLASS_WIDTH, ZERO_WIDTH = 135, 60


def draw_heatmap(canvas: Canvas, week: Week, top: float) -> None:
    """Draw sums of whole weeks from `top` on, 430 pixels high, with their scale."""
    theme = canvas.theme
    canvas.write(LEFT, top + 20, canvas.words.hours_of_week, HEADING)
    canvas.write(LEFT, top + 64, canvas.words.of_weeks, color=theme.muted)
    classes = quantiles([count or 0 for row in week for count in row], len(theme.heat))
    axes = canvas.axes(AXES_LEFT, top + 96, AXES_WIDTH, 238)
    axes.pcolormesh(
        [[_place(count, classes) for count in row] for row in week],
        cmap=ListedColormap([theme.no_data, theme.zero, *_colors(theme.heat, len(classes))]),
        vmin=-1.5,
        vmax=len(classes) + 0.5,
        edgecolors=theme.paper,
        linewidth=3,
    )
    axes.invert_yaxis()
    weekdays = dates.get_day_names("abbreviated", "stand-alone", canvas.language)
    axes.set_yticks([at + 0.5 for at in range(7)], [weekdays[at] for at in range(7)])
    axes.set_xticks(range(0, 24, 3), [f"{hour:02}:00" for hour in range(0, 24, 3)])
    _draw_scale(canvas, classes, top + 384)
    if any(None in row for row in week):
        left = RIGHT - 10 - canvas.width(canvas.words.no_data)
        canvas.write(left, top + 64, canvas.words.no_data)
        canvas.swatch(left - 42, top + 53, 30, theme.no_data)


def _draw_scale(canvas: Canvas, classes: Sequence[tuple[int, int]], top: float) -> None:
    """Write below each colour the least count that it is for, and at the end the largest of all."""
    theme = canvas.theme
    canvas.swatch(AXES_LEFT, top, ZERO_WIDTH, theme.zero)
    canvas.write(AXES_LEFT, top + 40, canvas.short(0))
    x = float(AXES_LEFT + ZERO_WIDTH)
    for (least, _most), color in zip(classes, _colors(theme.heat, len(classes)), strict=True):
        canvas.swatch(x, top, CLASS_WIDTH, color)
        canvas.write(x, top + 40, canvas.short(least))
        x += CLASS_WIDTH
    if classes and classes[-1][0] < classes[-1][1]:
        canvas.write(x, top + 40, canvas.short(classes[-1][1]))


def _place(count: int | None, classes: Sequence[tuple[int, int]]) -> int:
    """Return the number of a count's class, from 1 on; 0 for a count of 0, -1 for no data."""
    if count is None:
        return -1
    return sum(least <= count for least, _most in classes)


def _colors(heat: Sequence[str], count: int) -> list[str]:
    """Return `count` of the colours, the strongest included, as far apart as they can be."""
    step = (len(heat) - 1) / max(1, count - 1)
    return [heat[len(heat) - 1 - round(step * at)] for at in range(count)][::-1]
