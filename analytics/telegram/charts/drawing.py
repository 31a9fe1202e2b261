"""Draw a history as a picture for a phone. Importing this module loads matplotlib.

Figures are made without pyplot, which would keep them all.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from io import BytesIO
from itertools import pairwise
from math import ceil, nan

import matplotlib
from babel import dates, numbers
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.collections import PolyCollection
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, MaxNLocator

from analytics.models import InteractionType
from analytics.statistics.periods import Bucket, History
from analytics.telegram.i18n import (
    N_,
    _,
    current_locale,
    format_date,
    format_datetime,
    format_number,
)

WIDTH, HEIGHT = 1080, 1350
# At 72 dots an inch a point is a pixel, so that all sizes are pixels.
DPI = 72
TITLE, HEADING, TEXT = 42, 32, 26

# Opaque, so that it is readable on any background of Telegram.
PAPER = "#ffffff"
INK = "#1f2328"
MUTED = "#57606a"
GRID = "#dde1e6"
# Colours by Okabe and Ito, which people with any colour vision tell apart; the largest type first.
TYPES = ("#0072b2", "#e69f00", "#009e73", "#cc79a7", "#56b4e9")
OTHER_TYPES = "#585858"
TOTAL_ONLY = "#bdbdbd"
NO_DATA = "#ebe2d0"
HEAT = LinearSegmentedColormap.from_list("heat", ["#e8eef4", "#56a0d3", "#08306b"])

# Labels of dates that fit side by side; above so many days they are months.
MOST_LABELS = 6
MANY_DAYS = 120
# Up to so many buckets, each is a separate bar, and a dot on the line.
SEPARATE_BARS = 40
DAY = timedelta(days=1)
HIDDEN = N_("Not shown with BREAKDOWN_MIN_USERS.")


@contextmanager
def own_style() -> Iterator[None]:
    """Use matplotlib's defaults in a block, whatever the user's `matplotlibrc` sets.

    It may ask for LaTeX or other fonts.
    """
    with matplotlib.rc_context():
        matplotlib.rcdefaults()
        yield


def figure(history: History) -> Figure:
    """Return a figure of 1080 x 1350 pixels: bars and a line above, hours of the week below.

    It holds one sentence instead if there is nothing to show.
    """
    drawn = Figure(figsize=(WIDTH / DPI, HEIGHT / DPI), dpi=DPI, facecolor=PAPER)
    _write(drawn, 50, 62, _("Interactions and active people"), TITLE)
    shown = tuple(bucket for bucket in history.buckets if bucket.interactions is not None)
    if history.buckets and not shown:
        _write(drawn, WIDTH / 2, HEIGHT / 2, _(HIDDEN), HEADING, MUTED, align="center")
        return drawn
    history = replace(history, buckets=shown)
    if not any(bucket.interactions for bucket in history.buckets):
        _say_that_it_is_empty(drawn, history)
        return drawn
    _write(drawn, 50, 116, _covered(history), TEXT, MUTED)
    _draw_buckets(drawn, history)
    _draw_week(drawn, history)
    return drawn


def png(drawn: Figure) -> bytes:
    picture = BytesIO()
    FigureCanvasAgg(drawn).print_png(picture, metadata={"Software": None})  # type: ignore[no-untyped-call]
    return picture.getvalue()


def _say_that_it_is_empty(drawn: Figure, history: History) -> None:
    if history.buckets:
        _write(drawn, 50, 116, _covered(history), TEXT, MUTED)
        sentence = _("Nothing was recorded in this time.")
    else:
        sentence = _("Nothing has been recorded yet.")
    _write(drawn, WIDTH / 2, HEIGHT / 2, sentence, HEADING, MUTED, align="center")


def _covered(history: History) -> str:
    first, last = history.buckets[0].since, history.buckets[-1].since
    if history.step < DAY:
        return _("By hour, {first} to {last}").format(
            first=format_datetime(first), last=format_datetime(last)
        )
    return _("By day, {first} to {last}, UTC").format(
        first=format_date(first), last=format_date(last)
    )


def _draw_buckets(drawn: Figure, history: History) -> None:
    """Draw interactions and active people.

    On the x axis, 0 is the beginning of the oldest bucket, and each bucket is 1 wide.
    """
    buckets = history.buckets
    at = [(bucket.since - buckets[0].since) // history.step for bucket in buckets]
    bars = _axes(drawn, 140, 205, 800, 405)
    _draw_interactions(bars, history, at)
    people = bars.twinx()
    _plain(people)
    _draw_people(people, history, at)
    drawn.legend(
        loc="upper left",
        bbox_to_anchor=(40 / WIDTH, 1 - 665 / HEIGHT),
        ncols=2,
        fontsize=TEXT,
        labelcolor=INK,
        frameon=False,
    )


def _draw_interactions(bars: Axes, history: History, at: Sequence[int]) -> None:
    end = at[-1] + 1
    space = 0.1 if end <= SEPARATE_BARS else 0
    bars.set_title(_("Interactions"), loc="left", fontsize=TEXT, color=INK, pad=14)
    bars.grid(axis="y", color=GRID, linewidth=2)
    floors = [0] * len(at)
    for name, color, heights in _stack(history.buckets):
        rectangles = [
            (begin + space, floor, begin + 1 - space, floor + height)
            for begin, floor, height in zip(at, floors, heights, strict=True)
            if height
        ]
        bars.add_collection(_blocks(rectangles, color, name))
        floors = [floor + height for floor, height in zip(floors, heights, strict=True)]
    gaps = [(begin + 1, 0, after, 1) for begin, after in pairwise(at) if begin + 1 < after]
    if gaps:
        blocks = _blocks(gaps, NO_DATA, _("no data"))
        blocks.set_transform(bars.get_xaxis_transform())
        bars.add_collection(blocks)
    # Keep the bars below the line, which would hide their upper ends.
    _number_upwards(bars, 1.5 * max(floors))
    ticks = _ticks(history.buckets[0].since, end, history.step)
    bars.set_xlim(0, end)
    bars.set_xticks([tick for tick, _label in ticks], [label for _tick, label in ticks])
    # Below the zeros of both axes, since the outer dates reach under them.
    bars.tick_params(axis="x", pad=18)


def _draw_people(people: Axes, history: History, at: Sequence[int]) -> None:
    people.set_title(_("Active people"), loc="right", fontsize=TEXT, color=INK, pad=14)
    known = {
        begin: nan if bucket.active_users is None else bucket.active_users
        for begin, bucket in zip(at, history.buckets, strict=True)
    }
    end = at[-1] + 1
    xs = [begin + 0.5 for begin in range(end)]
    ys = [known.get(begin, nan) for begin in range(end)]
    separate = end <= SEPARATE_BARS
    width = 4 if separate else 2.5
    # The dots show a bucket between two gaps, where there is no line.
    people.plot(
        xs,
        ys,
        color=INK,
        linewidth=width,
        marker="o",
        markersize=11 if separate else width,
        label=_("active people"),
    )
    _number_upwards(people, max((each for each in known.values() if each == each), default=0))


def _stack(buckets: Sequence[Bucket]) -> list[tuple[str, str, list[int]]]:
    """Return the layers of the bars, from the bottom up: name, color, and a count per bucket.

    Layers without interactions are left out.
    """
    totals = Counter[str]()
    for bucket in buckets:
        totals.update(bucket.breakdown or {})
    del totals[InteractionType.OTHER]
    largest = [name for name, _total in totals.most_common(len(TYPES))]
    splits = [bucket.breakdown or {} for bucket in buckets]
    stack = [
        (name, color, [split.get(name, 0) for split in splits])
        for name, color in zip(largest, TYPES, strict=False)
    ]
    others = [
        sum(count for name, count in split.items() if name not in largest) for split in splits
    ]
    stack.append((_("other types"), OTHER_TYPES, others))
    unsplit = [bucket.interactions or 0 if bucket.breakdown is None else 0 for bucket in buckets]
    stack.append((_("total only"), TOTAL_ONLY, unsplit))
    return [layer for layer in stack if any(layer[2])]


def _ticks(first: datetime, end: int, step: timedelta) -> list[tuple[float, str]]:
    """Return places on the x axis and their labels.

    They are in the middle of buckets, the newest one included, but at the beginnings of months if
    there are more than 120 days.
    """
    if step == DAY and end > MANY_DAYS:
        begins = [at for at in range(end) if (first + at * step).day == 1]
        begins = begins[:: ceil(len(begins) / MOST_LABELS)]
        return [(at, _in_form("MMM", first + at * step)) for at in begins]
    places = range(end - 1, -1, -ceil(end / MOST_LABELS))
    form = "MMMd" if step == DAY else "Hm"
    return [(at + 0.5, _in_form(form, first + at * step)) for at in places]


def _draw_week(drawn: Figure, history: History) -> None:
    """Draw the hours of the week, the darker the more interactions, and the scale of colors."""
    if history.step < DAY:
        return
    if history.hours_of_week is None:
        _write(drawn, 50, 930, _("Weekdays and hours, UTC"), HEADING)
        _write(drawn, 50, 990, _(HIDDEN), TEXT, MUTED)
        return
    rows = [[count or 0 for count in row] for row in history.hours_of_week]
    most = max(1, *(max(row) for row in rows))
    _write(drawn, 50, 930, _("Weekdays and hours, UTC"), HEADING)
    scale = _axes(drawn, 720, 918, 170, 24)
    scale.pcolormesh([range(65)], cmap=HEAT)
    scale.set_xticks([])
    scale.set_yticks([])
    _write(drawn, 708, 930, format_number(0), TEXT, align="right")
    _write(drawn, 902, 930, _short(most), TEXT)

    week = _axes(drawn, 140, 965, 890, 290)
    week.pcolormesh(rows, cmap=HEAT, vmin=0, vmax=most, edgecolors=PAPER, linewidth=3)
    week.invert_yaxis()
    weekdays = dates.get_day_names("abbreviated", "stand-alone", current_locale())
    week.set_yticks([at + 0.5 for at in range(7)], [weekdays[at] for at in range(7)])
    hours = range(0, 24, 3)
    noon = history.since.replace(minute=0)
    week.set_xticks(
        [hour + 0.5 for hour in hours],
        [_in_form("Hm", noon.replace(hour=hour)) for hour in hours],
    )
    if sum(map(sum, rows)) < sum(bucket.interactions or 0 for bucket in history.buckets):
        _write(drawn, 50, 1322, _("Hours are known of what has not been deleted."), TEXT, MUTED)


def _blocks(
    rectangles: Sequence[tuple[float, float, float, float]], color: str, label: str
) -> PolyCollection:
    """Return rectangles as one artist, since a year has thousands of them.

    Each is given as left, bottom, right, top.
    """
    corners = [[(x, y), (x, top), (to, top), (to, y)] for x, y, to, top in rectangles]
    # Without antialiasing, or the paper would shine through between neighbours.
    return PolyCollection(corners, facecolor=color, label=label, antialiased=False)


def _axes(drawn: Figure, left: float, top: float, width: float, height: float) -> Axes:
    """Add axes to a figure; places are in pixels from its upper left corner."""
    axes = drawn.add_axes(
        (left / WIDTH, 1 - (top + height) / HEIGHT, width / WIDTH, height / HEIGHT)
    )
    _plain(axes)
    return axes


def _plain(axes: Axes) -> None:
    axes.set_facecolor(PAPER)
    axes.spines[:].set_visible(False)
    axes.set_axisbelow(True)
    axes.tick_params(length=0, pad=12, labelsize=TEXT, labelcolor=INK)


def _number_upwards(axes: Axes, most: float) -> None:
    axes.set_ylim(0, 1.05 * max(1, most))
    axes.yaxis.set_major_locator(MaxNLocator(nbins=5, steps=[1, 2, 2.5, 5, 10], integer=True))
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _position: _short(int(value))))


def _write(
    drawn: Figure,
    x: float,
    y: float,
    text: str,
    size: int,
    color: str = INK,
    align: str = "left",
) -> None:
    """Write a text with the middle of its height at `y`, in pixels from the upper left corner."""
    drawn.text(x / WIDTH, 1 - y / HEIGHT, text, fontsize=size, color=color, ha=align, va="center")


def _short(count: int) -> str:
    """Format a count exactly if it is below a million, else like 1.2M."""
    if count < 1_000_000:
        return format_number(count)
    return numbers.format_compact_decimal(count, locale=current_locale(), fraction_digits=1)


def _in_form(skeleton: str, when: datetime) -> str:
    return dates.format_skeleton(skeleton, when, locale=current_locale())
