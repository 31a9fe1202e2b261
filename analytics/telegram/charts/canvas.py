"""Axes, texts and blocks at places in pixels, from the upper left corner of the picture."""

from collections.abc import Iterator, Sequence
from typing import Any

from babel import numbers
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.collections import PolyCollection
from matplotlib.colors import to_hex, to_rgb
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties
from matplotlib.patches import Rectangle
from matplotlib.ticker import FuncFormatter, MaxNLocator

from analytics.telegram.charts.request import Words
from analytics.telegram.charts.themes import Theme

WIDTH, HEIGHT = 1080, 1350
# At 72 dots an inch a point is a pixel, so that all sizes are pixels.
DPI = 72
LEFT, RIGHT = 50, 1030
TITLE, HEADING, TEXT = 40, 32, 26
# Counts from here on are short, like 1.2M, since they would be wider than what they label.
LONG_COUNT = 1_000_000
HATCH, HATCH_WIDTH = "//", 3
BORDER = 4
# The height of a colour in a legend or a scale.
SWATCH = 22


class Picture:
    """A picture of 1080 x 1350 pixels, and what its parts have in common."""

    def __init__(self, theme: Theme, language: str) -> None:
        self.theme, self.language = theme, language
        self.figure = Figure(figsize=(WIDTH / DPI, HEIGHT / DPI), dpi=DPI, facecolor=theme.paper)
        # Any: matplotlib does not say what its methods return.
        self._renderer: Any = FigureCanvasAgg(self.figure).get_renderer()  # type: ignore[no-untyped-call]

    def axes(self, left: float, top: float, width: float, height: float) -> Axes:
        axes = self.figure.add_axes(
            (left / WIDTH, 1 - (top + height) / HEIGHT, width / WIDTH, height / HEIGHT)
        )
        axes.set_facecolor(self.theme.paper)
        axes.spines[:].set_visible(False)
        axes.set_axisbelow(True)
        axes.tick_params(length=0, pad=12, labelsize=TEXT, labelcolor=self.theme.ink)
        return axes

    def write(
        self,
        x: float,
        y: float,
        text: str,
        size: int = TEXT,
        color: str | None = None,
        align: str = "left",
        weight: str = "normal",
    ) -> None:
        """Write a text with the middle of its height at `y`."""
        self.figure.text(
            x / WIDTH,
            1 - y / HEIGHT,
            text,
            fontsize=size,
            color=color or self.theme.ink,
            ha=align,
            va="center",
            weight=weight,
        )

    def width(self, text: str, size: int = TEXT) -> float:
        """Return the width of a text in pixels."""
        font = FontProperties(size=size)
        width, *_others = self._renderer.get_text_width_height_descent(text, font, ismath=False)
        return float(width)

    def short(self, count: int) -> str:
        """Format a count exactly if it is below a million, else like 1.2M; from 100M on 120M."""
        if count < LONG_COUNT:
            return numbers.format_decimal(count, locale=self.language)
        digits = 0 if 100 * LONG_COUNT <= count < 1_000 * LONG_COUNT else 1
        return numbers.format_compact_decimal(count, locale=self.language, fraction_digits=digits)

    def number_upwards(self, axes: Axes, most: float) -> None:
        """Number an axis from 0 to `most` in whole numbers, with lines across."""
        axes.set_ylim(0, 1.05 * max(1, most))
        # So that the numbers are apart where the axis is low.
        parts = min(4, int(axes.get_position().height * HEIGHT / 40))
        axes.yaxis.set_major_locator(
            MaxNLocator(nbins=parts, steps=[1, 2, 2.5, 5, 10], integer=True)
        )
        axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _at: self.short(int(value))))

    def swatch(self, left: float, top: float, width: float, color: str) -> None:
        corner = (left / WIDTH, 1 - (top + SWATCH) / HEIGHT)
        self.figure.add_artist(
            Rectangle(corner, width / WIDTH, SWATCH / HEIGHT, color=color, linewidth=0)
        )

    def legend(self, top: float, entries: Sequence[tuple[str, str]]) -> float:
        """Write colours and names in rows from `top` on; return where the rows end."""
        y = top
        for x, y, name, color in self._flow(top, entries):
            self.swatch(x, y - SWATCH / 2, 30, color)
            self.write(x + 42, y, name)
        return y + 20

    def block(
        self,
        left: float,
        top: float,
        width: float,
        height: float,
        color: str,
        *,
        is_running: bool = False,
    ) -> None:
        """Draw a rectangle; that of a time that is not over is pale, with a border."""
        edge = BORDER if is_running else 0
        self.figure.add_artist(
            Rectangle(
                ((left + edge / 2) / WIDTH, 1 - (top + height - edge / 2) / HEIGHT),
                (width - edge) / WIDTH,
                (height - edge) / HEIGHT,
                facecolor=mixed(color, self.theme.paper, 0.25) if is_running else color,
                edgecolor=color,
                linewidth=edge,
            )
        )

    def _flow(
        self, top: float, entries: Sequence[tuple[str, str]]
    ) -> Iterator[tuple[float, float, str, str]]:
        x, y = float(LEFT), top + 20
        for name, color in entries:
            end = x + 42 + self.width(name)
            if end > RIGHT and x > LEFT:
                x, y, end = float(LEFT), y + 42, LEFT + 42 + self.width(name)
            yield x, y, name, color
            x = end + 40


class Canvas(Picture):
    """The picture of a chart, with its texts."""

    def __init__(self, theme: Theme, words: Words, language: str) -> None:
        super().__init__(theme, language)
        self.words = words


def blocks(
    rectangles: Sequence[tuple[float, float, float, float]],
    color: str,
    label: str,
    hatched_on: str | None = None,
) -> PolyCollection:
    """Return rectangles as one artist; each is given as left, bottom, right, top.

    What is not complete is hatched: give the paper that it is on.
    """
    corners = [[(x, y), (x, top), (to, top), (to, y)] for x, y, to, top in rectangles]
    # Without antialiasing, or the paper would shine through between neighbours.
    drawn = PolyCollection(corners, facecolor=color, label=label, antialiased=False, linewidth=0)
    if hatched_on is not None:
        drawn.set(
            facecolor=mixed(color, hatched_on, 0.25),
            edgecolor=color,
            hatch=HATCH,
            hatch_linewidth=HATCH_WIDTH,
        )
    return drawn


def mixed(color: str, paper: str, share: float) -> str:
    """Return a colour of which `share` covers the paper, as an opaque one."""
    pairs = zip(to_rgb(color), to_rgb(paper), strict=True)
    red, green, blue = (share * one + (1 - share) * other for one, other in pairs)
    return to_hex((red, green, blue))
