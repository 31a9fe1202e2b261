"""All that the program which draws is told: aggregates, and texts in the admin's language."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from analytics.telegram.charts.series import Series
from analytics.telegram.charts.themes import Theme

Week = Sequence[Sequence[int | None]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Words:
    """The texts of a chart, translated. Numbers and dates are formatted where they are drawn."""

    grain: str
    """The time that a bar stands for: "By day, Berlin"."""
    interactions: str
    active_users: str
    layers: Mapping[str, str]
    """Each of the series' layers to its name."""
    no_data: str
    so_far: str
    hours_of_week: str
    of_weeks: str
    """The time that the hours of the week are sums of."""
    hidden: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ChartRequest:
    """A chart to draw. Equal ones are of equal pictures."""

    series: Series
    week: Week | None
    """Interactions by weekday and hour, or None for a chart without them."""
    is_week_hidden: bool
    language: str
    theme: Theme
    words: Words


@dataclass(frozen=True, slots=True, kw_only=True)
class TriangleRow:
    """The people who first came in a week. None is a number that is hidden."""

    since: date
    """The Monday of that week."""
    size: int | None
    shares: tuple[float | None, ...]
    """The share of them that was active in each week after it, 0 to 1."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TriangleWords:
    """The texts of the picture of who comes back, translated."""

    title: str
    explained: Sequence[str]
    """Lines below the title."""
    week: str
    """The heading of the column with the first week."""
    users: str
    """The heading of the column with the number of people."""
    weeks_later: str
    """The heading of the columns with shares."""
    hidden: str
    so_far: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TriangleRequest:
    """A picture of who comes back, to be drawn. Equal ones are of equal pictures."""

    rows: tuple[TriangleRow, ...]
    """The oldest first, each with a share less than the one before."""
    is_running: bool
    """True if the newest week, which is the last share of each row, is not over."""
    language: str
    theme: Theme
    words: TriangleWords
