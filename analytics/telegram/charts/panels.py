"""Interactions above, active users below, on one axis of time."""

from collections.abc import Sequence
from math import nan

from matplotlib.axes import Axes

from analytics.telegram.charts.axis import time_ticks
from analytics.telegram.charts.canvas import (
    HEADING,
    LEFT,
    RIGHT,
    Canvas,
    blocks,
    mixed,
)
from analytics.telegram.charts.marks import MARKS_HEIGHT, draw_lines, write_numbers
from analytics.telegram.charts.series import (
    OTHER_TYPES,
    TOTAL_ONLY,
    Column,
    Grain,
    Series,
)
from analytics.telegram.charts.themes import TYPES, Theme

AXES_LEFT, AXES_WIDTH = 150, 870
# The upper axes are higher: theirs is what the layers need.
UPPER_SHARE = 0.58
ABOVE_AXES, BETWEEN, BELOW_AXES = 46, 106, 84
# On each side of a bar, of its width.
SPACE = 0.08
# Of the axes: a strip at their foot, since the wall of a first week would hide its only bar.
GAP_HEIGHT = 0.04
Rectangle = tuple[float, float, float, float]
# Below so many active users at most, a line would only go up and down: bars count them.
FEW_USERS = 10
# A line needs so many points.
FEW_POINTS = 4
# Above so many points, dots are no larger than the line is wide.
MAX_DOTS = 31


def draw_panels(canvas: Canvas, series: Series, top: float, bottom: float) -> None:
    """Draw both between `top` and `bottom`, the labels of the axis of time included."""
    theme, words = canvas.theme, canvas.words
    legend = [(words.layers[name], layer_color(theme, name)) for name in series.layers]
    if series.gaps:
        legend.append((words.no_data, theme.no_data))
    canvas.write(LEFT, top, words.interactions, HEADING)
    above = canvas.legend(top + 30, legend) + ABOVE_AXES
    first = above + (MARKS_HEIGHT if series.marks else 0)
    room = bottom - BELOW_AXES - first - BETWEEN
    second = first + UPPER_SHARE * room + BETWEEN
    canvas.write(LEFT, second - ABOVE_AXES, words.active_users, HEADING)
    if any(column.interactions and not column.is_complete for column in series.columns):
        for y in (above - 24, second - ABOVE_AXES):
            canvas.write(RIGHT - 10, y, words.so_far, color=theme.muted, align="right")
    interactions = canvas.axes(AXES_LEFT, first, AXES_WIDTH, UPPER_SHARE * room)
    active_users = canvas.axes(AXES_LEFT, second, AXES_WIDTH, (1 - UPPER_SHARE) * room)
    _draw_interactions(canvas, interactions, series)
    _draw_active_users(canvas, active_users, series)
    for axes in (interactions, active_users):
        _draw_gaps(canvas, axes, series)
        draw_lines(canvas, axes, series.marks)
        axes.set_xlim(0, series.end)
        axes.set_xticks([])
        axes.grid(axis="y", color=theme.grid, linewidth=2)
    write_numbers(canvas, series, AXES_LEFT, AXES_WIDTH, first)
    ticks = time_ticks(series, canvas.language)
    active_users.set_xticks([at for at, _label in ticks], [label for _at, label in ticks])
    # Below the zero of the other axis, which the outer labels may reach under.
    active_users.tick_params(axis="x", pad=18)
    if series.grain is Grain.WEEK:
        mondays = range(0, series.end + 1, 7)
        active_users.set_xticks(mondays, minor=True)
        active_users.tick_params(axis="x", which="minor", length=8, width=2, color=theme.muted)
        active_users.tick_params(axis="x", length=16, pad=6, width=2, color=theme.muted)


def layer_color(theme: Theme, name: str) -> str:
    return {OTHER_TYPES: theme.other_types, TOTAL_ONLY: theme.total_only}.get(name) or TYPES[name]


def _draw_interactions(canvas: Canvas, axes: Axes, series: Series) -> None:
    theme, floors = canvas.theme, [0.0] * len(series.columns)
    for name in series.layers:
        for is_complete in (True, False):
            rectangles = []
            for at, column in enumerate(series.columns):
                height = column.layers.get(name, 0)
                if height and column.is_complete is is_complete:
                    rectangles.append(_bar(column, floors[at], floors[at] + height))
                    floors[at] += height
            color, label = layer_color(theme, name), canvas.words.layers[name]
            _add(axes, rectangles, color, label, theme, is_complete)
    canvas.number_upwards(axes, max(floors))


def _draw_active_users(canvas: Canvas, axes: Axes, series: Series) -> None:
    theme = canvas.theme
    most = max((column.active_users or 0 for column in series.columns), default=0)
    lined = [column for column in series.columns if column.is_complete]
    if most < FEW_USERS or len(lined) < FEW_POINTS:
        lined = []
    else:
        _draw_line(axes, lined, theme)
    for is_complete in (True, False):
        rectangles = [
            _bar(column, 0, column.active_users)
            for column in series.columns
            if column.active_users and column.is_complete is is_complete and column not in lined
        ]
        _add(axes, rectangles, theme.active_users, canvas.words.active_users, theme, is_complete)
    canvas.number_upwards(axes, most)


def _draw_line(axes: Axes, columns: Sequence[Column], theme: Theme) -> None:
    """Draw a line with gaps where columns are missing; dots show what stands between two gaps."""
    xs: list[float] = []
    ys: list[float] = []
    for before, column in zip([None, *columns], columns, strict=False):
        if before is not None and before.end < column.begin:
            xs.append(before.end)
            ys.append(nan)
        xs.append((column.begin + column.end) / 2)
        ys.append(nan if column.active_users is None else column.active_users)
    color = theme.active_users
    axes.fill_between(xs, ys, color=mixed(color, theme.paper, 0.15), linewidth=0)
    dot = 9 if len(columns) <= MAX_DOTS else 4
    axes.plot(xs, ys, color=color, linewidth=4, marker="o", markersize=dot)


def _add(
    axes: Axes,
    rectangles: Sequence[Rectangle],
    color: str,
    name: str,
    theme: Theme,
    is_complete: bool,
) -> None:
    if rectangles:
        axes.add_collection(blocks(rectangles, color, name, None if is_complete else theme.paper))


def _bar(column: Column, floor: float, top: float) -> Rectangle:
    space = SPACE * (column.end - column.begin)
    return column.begin + space, floor, column.end - space, top


def _draw_gaps(canvas: Canvas, axes: Axes, series: Series) -> None:
    """Mark what is not known."""
    if series.gaps:
        rectangles = [(begin, 0, end, GAP_HEIGHT) for begin, end in series.gaps]
        gaps = blocks(rectangles, canvas.theme.no_data, canvas.words.no_data)
        gaps.set_transform(axes.get_xaxis_transform())
        gaps.set_zorder(0)
        axes.add_collection(gaps, autolim=False)
