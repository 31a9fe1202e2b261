"""What is in the figure of a chart: bars, the line, texts, and how colours arrive at eyes."""

import itertools
import math
from collections.abc import Iterable
from io import BytesIO

import numpy as np
import pytest
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import RendererAgg
from matplotlib.collections import PolyCollection
from matplotlib.colors import to_hex
from matplotlib.figure import Figure
from matplotlib.text import Text
from matplotlib.transforms import Bbox
from PIL import Image

from analytics import History
from analytics.telegram.charts import drawing
from analytics.telegram.charts.themes import LIGHT, Theme
from analytics.telegram.charts.wording import chart_request

# How colours arrive at eyes without one of the three kinds of cones: Machado, Oliveira and
# Fernandes, 2009.
EYES = {
    "all cones": ((1.0, 0.0, 0.0), (0.0, 1.0, 0.0), (0.0, 0.0, 1.0)),
    "no long": ((0.152, 1.053, -0.205), (0.115, 0.786, 0.099), (-0.004, -0.048, 1.052)),
    "no middle": ((0.367, 0.861, -0.228), (0.280, 0.673, 0.047), (-0.012, 0.043, 0.969)),
    "no short": ((1.256, -0.077, -0.179), (-0.078, 0.931, 0.148), (0.005, 0.691, 0.304)),
}


def draw(history: History, theme: Theme = LIGHT) -> Figure:
    return drawing.figure(chart_request(history, theme))


def interactions(drawn: Figure) -> Axes:
    return drawn.axes[0]


def active_users(drawn: Figure) -> Axes:
    return drawn.axes[1]


def blocks(axes: Axes) -> list[PolyCollection]:
    """The bars and the gaps, but not the area below a line."""
    return [
        each
        for each in axes.collections
        if isinstance(each, PolyCollection) and not str(each.get_label()).startswith("_")
    ]


def bars(axes: Axes, *, hatched: bool | None = None) -> dict[str, list[Bbox]]:
    """By what the legend calls them, every bar, or only those that are hatched or are not."""
    found: dict[str, list[Bbox]] = {}
    for each in blocks(axes):
        if hatched is None or bool(each.get_hatch()) is hatched:
            boxes = [path.get_extents() for path in each.get_paths()]
            found.setdefault(str(each.get_label()), []).extend(boxes)
    return found


def colors(axes: Axes) -> dict[str, str]:
    """By what the legend calls them, the colours of the bars that are complete."""
    return {
        str(each.get_label()): to_hex(np.asarray(each.get_facecolor())[0])
        for each in blocks(axes)
        if not each.get_hatch()
    }


def height(of: list[Bbox]) -> float:
    return sum(bar.height for bar in of)


def line(axes: Axes) -> list[tuple[float, float]]:
    [drawn] = axes.lines
    xs, ys = (np.asarray(values).tolist() for values in drawn.get_data())
    return list(zip(xs, ys, strict=True))


def labels(axes: Axes) -> dict[str, float]:
    """By their texts, the places of the labels of the axis of time."""
    return {
        label.get_text(): float(at)
        for at, label in zip(axes.get_xticks(), axes.get_xticklabels(), strict=True)
    }


def written(drawn: Figure) -> dict[Text, Bbox]:
    """Every text that is really drawn, and where."""
    found: dict[Text, Bbox] = {}
    draw_text = Text.draw

    def note(text: Text, renderer: RendererAgg) -> None:
        draw_text(text, renderer)
        if text.get_visible() and text.get_text():
            found[text] = text.get_window_extent(renderer)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Text, "draw", note)
        drawing.png(drawn)
    return found


def assert_readable(where: dict[Text, Bbox]) -> None:
    for text, box in where.items():
        assert box.x0 >= 0, text
        assert box.y0 >= 0, text
        assert box.x1 <= 1080, text
        assert box.y1 <= 1350, text
        # On a phone that is 390 points wide: 9 of them.
        assert float(text.get_fontsize()) >= 26
    for (one, here), (other, there) in itertools.combinations(where.items(), 2):
        assert not here.overlaps(there), (one, other)


def words(drawn: Figure) -> set[str]:
    return {text.get_text() for text in written(drawn)}


def pixels(png: bytes) -> bytes:
    with Image.open(BytesIO(png)) as image:
        return image.convert("RGB").tobytes()


def linear(color: str) -> list[float]:
    parts = [int(color[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    return [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]


def dot(some: Iterable[float], others: Iterable[float]) -> float:
    return sum(one * other for one, other in zip(some, others, strict=True))


def contrast(one: str, other: str) -> float:
    """From 1 to 21, as the Web Content Accessibility Guidelines compute it."""
    darker, lighter = sorted(dot((0.2126, 0.7152, 0.0722), linear(color)) for color in (one, other))
    return (lighter + 0.05) / (darker + 0.05)


def seen(color: str, eyes: str) -> list[float]:
    """A colour in CIELAB, as it arrives."""
    return _lightness_and_hue([dot(row, linear(color)) for row in EYES[eyes]])


def _lightness_and_hue(rgb: list[float]) -> list[float]:
    """CIELAB of linear sRGB."""
    rows = (0.4339, 0.3763, 0.1899), (0.2126, 0.7152, 0.0722), (0.0177, 0.1095, 0.8729)
    inside = [min(1.0, max(0.0, part)) for part in rgb]
    x, y, z = (math.cbrt(dot(row, inside)) for row in rows)
    return [116 * y - 16, 500 * (x - y), 200 * (y - z)]
