"""Interactions above, active users below, on one axis of time."""

from collections.abc import Sequence
from datetime import datetime
from math import nan

from babel import dates
from matplotlib.axes import Axes

from analytics.telegram.charts.canvas import (
    HEADING,
    LEFT,
    RIGHT,
    Canvas,
    blocks,
    mixed,
    number_upwards,
)
from analytics.telegram.charts.series import (
    OTHER_TYPES,
    TOTAL_ONLY,
    Column,
    Grain,
    Series,
)
from analytics.telegram.charts.themes import TYPES, Theme
from analytics.telegram.i18n import N_, _, current_locale
from analytics.telegram.texts.type_names import type_name

AXES_LEFT, AXES_WIDTH = 150, 870
# The upper axes are higher: theirs is what the layers need.
UPPER_SHARE = 0.58
ABOVE_AXES, BETWEEN, BELOW_AXES = 46, 106, 84
# On each side of a bar, of its width.
SPACE = 0.08
SO_FAR = {
    Grain.HOUR: N_("this hour so far"),
    Grain.DAY: N_("today so far"),
    Grain.WEEK: N_("this week so far"),
}
Rectangle = tuple[float, float, float, float]
# Below so many active users at most, a line would only go up and down: bars count them.
FEW_USERS = 10
# A line needs so many points.
FEW_POINTS = 4
# Above so many points, dots are no larger than the line is wide.
MAX_DOTS = 31
# Days that each have a label, and months. Eight days have no room for "25. März".
MAX_DAYS, MAX_MONTHS = 7, 8


def draw_panels(canvas: Canvas, series: Series, top: float, bottom: float) -> None:
    """Draw both between `top` and `bottom`, the labels of the axis of time included."""
    theme = canvas.theme
    legend = [(layer_name(name), layer_color(theme, name)) for name in series.layers]
    if series.gaps:
        legend.append((_("no data"), theme.no_data))
    canvas.write(LEFT, top, _("Interactions"), HEADING)
    first = canvas.legend(top + 30, legend) + ABOVE_AXES
    room = bottom - BELOW_AXES - first - BETWEEN
    second = first + UPPER_SHARE * room + BETWEEN
    canvas.write(LEFT, second - ABOVE_AXES, _("Active users"), HEADING)
    if any(not column.is_complete for column in series.columns):
        for y in (first - 24, second - ABOVE_AXES):
            canvas.write(RIGHT - 10, y, _(SO_FAR[series.grain]), color=theme.muted, align="right")
    interactions = canvas.axes(AXES_LEFT, first, AXES_WIDTH, UPPER_SHARE * room)
    active_users = canvas.axes(AXES_LEFT, second, AXES_WIDTH, (1 - UPPER_SHARE) * room)
    _draw_interactions(interactions, series, theme)
    _draw_active_users(active_users, series, theme)
    for axes in (interactions, active_users):
        _draw_gaps(canvas, axes, series)
        axes.set_xlim(0, series.end)
        axes.set_xticks([])
        axes.grid(axis="y", color=theme.grid, linewidth=2)
    ticks = time_ticks(series)
    active_users.set_xticks([at for at, _label in ticks], [label for _at, label in ticks])
    # Below the zero of the other axis, which the outer labels may reach under.
    active_users.tick_params(axis="x", pad=18)
    if series.grain is Grain.WEEK:
        mondays = range(0, series.end + 1, 7)
        active_users.set_xticks(mondays, minor=True)
        active_users.tick_params(axis="x", which="minor", length=8, width=2, color=theme.muted)
        active_users.tick_params(axis="x", length=16, pad=6, width=2, color=theme.muted)


def layer_name(name: str) -> str:
    return _(name) if name in (OTHER_TYPES, TOTAL_ONLY) else type_name(name)


def layer_color(theme: Theme, name: str) -> str:
    return {OTHER_TYPES: theme.other_types, TOTAL_ONLY: theme.total_only}.get(name) or TYPES[name]


def _draw_interactions(axes: Axes, series: Series, theme: Theme) -> None:
    floors = [0.0] * len(series.columns)
    for name in series.layers:
        for is_complete in (True, False):
            rectangles = []
            for at, column in enumerate(series.columns):
                height = column.layers.get(name, 0)
                if height and column.is_complete is is_complete:
                    rectangles.append(_bar(column, floors[at], floors[at] + height))
                    floors[at] += height
            _add(axes, rectangles, layer_color(theme, name), layer_name(name), theme, is_complete)
    number_upwards(axes, max(floors))


def _draw_active_users(axes: Axes, series: Series, theme: Theme) -> None:
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
        _add(axes, rectangles, theme.active_users, _("Active users"), theme, is_complete)
    number_upwards(axes, most)


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
        rectangles = [(begin, 0, end, 1) for begin, end in series.gaps]
        gaps = blocks(rectangles, canvas.theme.no_data, _("no data"))
        gaps.set_transform(axes.get_xaxis_transform())
        gaps.set_zorder(0)
        axes.add_collection(gaps, autolim=False)


def time_ticks(series: Series) -> list[tuple[float, str]]:
    """Return places on the axis of time and their labels.

    Every third hour, where midnight has the date; days, Mondays if there are many; months.
    """
    buckets = (series.until - series.since) // series.step
    begins = [(at, series.since + at * series.step) for at in range(buckets)]
    if series.grain is Grain.HOUR:
        return [
            (at, _form("Hm" if when.hour else "MMMd", when))
            for at, when in begins
            if not when.hour % 3
        ]
    if series.grain is Grain.WEEK:
        months = [(at, when) for at, when in begins if when.day == 1]
        each = 1 if len(months) <= MAX_MONTHS else 2
        return [(at, _form("MMM", when)) for at, when in months if not (when.month - 1) % each]
    if buckets <= MAX_DAYS:
        return [(at + 0.5, _form("EEE", when) + "\n" + _form("MMMd", when)) for at, when in begins]
    return [(at + 0.5, _form("MMMd", when)) for at, when in begins if not when.weekday()]


def _form(skeleton: str, when: datetime) -> str:
    return dates.format_skeleton(skeleton, when, locale=current_locale())
