"""Weekdays by hours: a table whose cells are the stronger, the more interactions they are of."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from babel import dates, numbers

from analytics import History
from analytics.telegram import ChartRequest, current_locale, format_number, quantiles

# Shades in the stylesheet, from the quietest to the busiest; 0 is for hours without interactions.
SHADES = 5


class Cell(NamedTuple):
    """An hour of the week. `shade` is 0 to 5, None if the number is not known."""

    short: str
    whole: str
    shade: int | None


@dataclass(frozen=True, kw_only=True)
class Week:
    """The table: a row for each weekday, Monday first. `hidden` says why there is none."""

    title: str
    of_weeks: str = ""
    hidden: str = ""
    no_data: str = ""
    today: int | None = None
    rows: Sequence[tuple[str, Sequence[Cell]]] = ()
    scale: Sequence[tuple[int, str]] = ()
    """Shades, each with the least number that it is for."""


def week(history: History, asked: ChartRequest) -> Week | None:
    """Return the table of a history, None for one that is too short for it."""
    words = asked.words
    if asked.is_week_hidden:
        return Week(title=words.hours_of_week, hidden=words.hidden)
    if asked.week is None:
        return None
    classes = quantiles([count or 0 for row in asked.week for count in row], SHADES)
    names = dates.get_day_names("abbreviated", "stand-alone", current_locale())
    shades = [shade(at, len(classes)) for at in range(len(classes))]
    return Week(
        title=words.hours_of_week,
        of_weeks=words.of_weeks,
        no_data=words.no_data if any(None in row for row in asked.week) else "",
        today=history.as_of.weekday(),
        rows=[
            (names[day], [_cell(count, classes) for count in row])
            for day, row in enumerate(asked.week)
        ],
        scale=[
            (shade, format_number(least))
            for shade, (least, _most) in zip(shades, classes, strict=True)
        ],
    )


def _cell(count: int | None, classes: Sequence[tuple[int, int]]) -> Cell:
    if count is None:
        return Cell("", "", None)
    place = sum(least <= count for least, _most in classes)
    short = numbers.format_compact_decimal(count, locale=current_locale())
    return Cell(short, format_number(count), shade(place - 1, len(classes)) if place else 0)


def shade(at: int, count: int) -> int:
    """Return the shade of a class: the busiest has the strongest, all are far apart."""
    step = (SHADES - 1) / max(1, count - 1)
    return SHADES - round(step * (count - 1 - at))
