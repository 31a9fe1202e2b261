"""Interactions and active users by hour, day or week, as SVG: positions in percent of the width."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from math import ceil, floor, log10
from typing import NamedTuple

from analytics import History
from analytics.telegram import (
    ChartRequest,
    _,
    chart_request,
    current_locale,
    format_date,
    format_datetime,
    format_number,
    nothing_to_draw,
    time_ticks,
    type_color,
)

# Pixels: what is drawn is as high on a phone as on a large screen, and only gets narrower.
INTERACTIONS_HEIGHT, USERS_HEIGHT = 220, 120
# Of a bar's width, on each side.
SPACE = 0.08
MAX_LINES = 4


class Box(NamedTuple):
    """A rectangle: `left` and `width` in percent, `top` and `height` in pixels.

    `color` is #rrggbb, or None where the stylesheet has one for its class `style`.
    """

    left: float
    top: float
    width: float
    height: float
    style: str = ""
    color: str | None = None


class Bar(NamedTuple):
    """A column of a chart: what it is read as, where it answers, and its boxes."""

    reading: str
    place: Box
    boxes: list[Box]
    is_complete: bool
    before: Box | None = None
    """The line at the number that it is compared with."""


class Line(NamedTuple):
    """A line of the grid: a number and where it is, in pixels from the top."""

    label: str
    top: float


class Label(NamedTuple):
    """A label of the axis of time, in percent of its width, and its lines of text."""

    left: float
    lines: list[str]


class NoteMark(NamedTuple):
    """Notes that share a number, where they are in percent, and their texts."""

    number: int
    left: float
    texts: list[str]


@dataclass(frozen=True, kw_only=True)
class Chart:
    """One of two charts on the same axis of time."""

    title: str
    height: int
    bars: list[Bar]
    lines: list[Line]


class Layer(NamedTuple):
    """A part of the columns: its name, and its colour as that of a box."""

    name: str
    style: str
    color: str | None


@dataclass(frozen=True, kw_only=True)
class Row:
    """A row of the table: numbers of a column, or None for a time that is not known."""

    when: str
    numbers: list[str] | None


@dataclass(frozen=True, kw_only=True)
class Charts:
    """All that the template draws. `nothing` is a sentence where there is nothing to draw."""

    nothing: str = ""
    grain: str = ""
    charts: Sequence[Chart] = ()
    layers: Sequence[Layer] = ()
    labels: Sequence[Label] = ()
    gaps: Sequence[Box] = ()
    notes: Sequence[NoteMark] = ()
    no_data: str = ""
    so_far: str = ""
    columns: Sequence[str] = ()
    rows: Sequence[Row] = ()


def charts(
    asked: ChartRequest,
    before: History | None = None,
    shift: timedelta = timedelta(0),
    only: str = "",
) -> Charts:
    """Return the charts of a request, and the table of their numbers.

    `before` is the history that it is compared with, which began so much earlier. `only` is the
    name of what is left of the interactions, of which there are no users.
    """
    earlier = _by_date(before, shift, asked)
    shown, words = asked.series, asked.words
    is_running = any(each.interactions and not each.is_complete for each in shown.columns)
    return Charts(
        grain=words.grain,
        charts=[
            _interactions(asked, earlier, only or words.interactions),
            *([] if only else [_active_users(asked)]),
        ],
        layers=[Layer(only or words.layers[name], *_fill(name)) for name in shown.layers],
        labels=[
            Label(_percent(at, shown.end), label.split("\n"))
            for at, label in time_ticks(shown, current_locale())
        ],
        gaps=[
            Box(_percent(begin, shown.end), 0, _percent(end - begin, shown.end), 0)
            for begin, end in shown.gaps
        ],
        notes=[
            NoteMark(
                number,
                _percent(mark.places[0], shown.end),
                [f"{format_date(note.moment)}: {note.text}" for note in mark.notes],
            )
            for number, mark in enumerate(shown.marks, 1)
        ],
        no_data=words.no_data,
        so_far=words.so_far if is_running else "",
        columns=[only]
        if only
        else [words.interactions, words.active_users, *words.layers.values()],
        rows=_rows(asked, is_filtered=bool(only)),
    )


def _by_date(before: History | None, shift: timedelta, asked: ChartRequest) -> dict[date, float]:
    """Return the numbers of a history by the dates on which they are drawn: so much later.

    There are none if not enough is known for columns as long as those of the request.
    """
    if before is None or nothing_to_draw(before):
        return {}
    shown = chart_request(before).series
    if shown.grain is not asked.series.grain:
        return {}
    return {
        (shown.since + column.begin * shown.step + shift).date(): column.interactions
        for column in shown.columns
    }


def _interactions(asked: ChartRequest, earlier: dict[date, float], title: str) -> Chart:
    shown, words = asked.series, asked.words
    counts = [column.interactions for column in shown.columns]
    scale = _scale(max(*counts, *earlier.values(), 0), INTERACTIONS_HEIGHT)
    bars = []
    for column in shown.columns:
        boxes, top = [], float(INTERACTIONS_HEIGHT)
        for name in shown.layers:
            if height := scale.pixels(column.layers.get(name, 0)):
                top -= height
                left, width = _bar(column.begin, column.end, shown.end)
                boxes.append(Box(left, round(top, 2), width, round(height, 2), *_fill(name)))
        parts = [
            f"{words.layers[name]} {_number(column.layers[name])}"
            for name in shown.layers
            if column.layers.get(name)
        ]
        reading = f"{title} {_number(column.interactions)}"
        if len(parts) > 1:
            reading += f" ({', '.join(parts)})"
        when = _when(asked, column.begin, column.end)
        place = _place(column.begin, column.end, shown.end, INTERACTIONS_HEIGHT)
        line, number = None, earlier.get((shown.since + column.begin * shown.step).date())
        if number is not None:
            reading += "; " + _("before: {count}").format(count=_number(number))
            line = place._replace(top=round(INTERACTIONS_HEIGHT - scale.pixels(number), 2))
        bars.append(Bar(f"{when}: {reading}", place, boxes, column.is_complete, line))
    return Chart(title=title, height=INTERACTIONS_HEIGHT, bars=bars, lines=scale.lines())


def _active_users(asked: ChartRequest) -> Chart:
    shown, words = asked.series, asked.words
    most = max((column.active_users or 0 for column in shown.columns), default=0)
    scale = _scale(most, USERS_HEIGHT)
    bars = []
    for column in shown.columns:
        left, width = _bar(column.begin, column.end, shown.end)
        height = scale.pixels(column.active_users or 0)
        boxes = [Box(left, round(USERS_HEIGHT - height, 2), width, round(height, 2), "users", None)]
        when = _when(asked, column.begin, column.end)
        reading = f"{when}: {words.active_users} {_number(column.active_users)}"
        place = _place(column.begin, column.end, shown.end, USERS_HEIGHT)
        bars.append(Bar(reading, place, boxes if height else [], column.is_complete))
    return Chart(title=words.active_users, height=USERS_HEIGHT, bars=bars, lines=scale.lines())


def _rows(asked: ChartRequest, *, is_filtered: bool) -> list[Row]:
    """Return a row for each column and for each gap, the newest first."""
    shown = asked.series
    rows = [
        (
            column.begin,
            column.end,
            [_number(column.interactions)]
            if is_filtered
            else [
                _number(column.interactions),
                _number(column.active_users),
                *(_number(column.layers.get(name, 0)) for name in shown.layers),
            ],
        )
        for column in shown.columns
    ]
    gaps: list[tuple[int, int, list[str] | None]] = [(*gap, None) for gap in shown.gaps]
    return [
        Row(when=_when(asked, begin, end), numbers=numbers)
        for begin, end, numbers in sorted([*rows, *gaps], key=lambda row: row[0], reverse=True)
    ]


class _Scale(NamedTuple):
    """The axis of numbers: how high it is in pixels, its end, and the step of its lines."""

    height: int
    end: float
    step: float

    def pixels(self, number: float) -> float:
        return number / self.end * self.height

    def lines(self) -> list[Line]:
        count = round(self.end / self.step)
        return [
            Line(format_number(round(at * self.step, 9)), self.height - self.pixels(at * self.step))
            for at in range(count + 1)
        ]


def _scale(most: float, height: int) -> _Scale:
    """Return an axis up to at least `most`, with lines at round whole numbers."""
    rough = max(1.0, most / MAX_LINES)
    power = 10.0 ** floor(log10(rough))
    step = next(each * power for each in (1, 2, 5, 10) if each * power >= rough)
    return _Scale(height, step * max(1, ceil(most / step)), step)


def _percent(part: float, whole: float) -> float:
    return round(100 * part / whole, 3)


def _bar(begin: int, end: int, whole: int) -> tuple[float, float]:
    """Return where a bar begins and how wide it is."""
    width = end - begin
    return _percent(begin + SPACE * width, whole), _percent((1 - 2 * SPACE) * width, whole)


def _place(begin: int, end: int, whole: int, height: int) -> Box:
    return Box(_percent(begin, whole), 0, _percent(end - begin, whole), height)


def _when(asked: ChartRequest, begin: int, end: int) -> str:
    """Return an hour, a day, or the first and the last day."""
    shown = asked.series
    first, last = (
        (shown.since + at * shown.step).astimezone(shown.zone) for at in (begin, end - 1)
    )
    return _moment(first, shown.step) if begin + 1 == end else _span(first, last, shown.step)


def _moment(when: datetime, step: timedelta) -> str:
    return format_date(when) if step >= timedelta(days=1) else format_datetime(when)


def _span(first: datetime, last: datetime, step: timedelta) -> str:
    return f"{_moment(first, step)} – {_moment(last, step)}"


def _number(number: float | None) -> str:
    return "–" if number is None else format_number(round(number, 1))


def _fill(name: str) -> tuple[str, str | None]:
    """Return the class and the colour of a layer."""
    return name.replace(" ", "-"), type_color(name)
