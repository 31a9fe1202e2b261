"""Marks of notes: a line at each hour or day with a note, and numbers, which a caption explains.

A text in the picture could overlap another one, or have characters that no font here has.
"""

from collections.abc import Sequence

from matplotlib.axes import Axes
from matplotlib.collections import LineCollection

from analytics.telegram.charts.canvas import Canvas
from analytics.telegram.charts.series import Mark, Series

# The row of the numbers above the axes.
MARKS_HEIGHT = 40
LINE_WIDTH = 2


def draw_lines(canvas: Canvas, axes: Axes, marks: Sequence[Mark]) -> None:
    """Draw the lines of marks over what is in the axes, as high as these are."""
    if not marks:
        return
    theme = canvas.theme
    lines = LineCollection(
        [((place, 0), (place, 1)) for mark in marks for place in mark.places],
        colors=theme.ink,
        linewidths=LINE_WIDTH,
        transform=axes.get_xaxis_transform(),
        linestyles=[(0, (4, 2))],
        zorder=1.5,  # above bars, below the line of active users
    )
    axes.add_collection(lines, autolim=False)


def write_numbers(canvas: Canvas, series: Series, left: float, width: float, bottom: float) -> None:
    """Write the number of each mark above its first line, in a row that ends at `bottom`."""
    for number, mark in enumerate(series.marks, 1):
        x = left + width * mark.places[0] / series.end
        canvas.write(x, bottom - MARKS_HEIGHT / 2, str(number), align="center", weight="bold")
