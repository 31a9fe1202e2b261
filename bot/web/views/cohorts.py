"""The triangle of who comes back, whose cells are the stronger, the larger their share."""

from collections.abc import Sequence
from typing import NamedTuple

from babel import dates

from analytics import AnalyticsService, Cohort, figures
from analytics.telegram import (
    _,
    current_locale,
    format_datetime,
    format_number,
    format_percent,
    no_cohorts,
    quantiles,
    report_stickiness,
    triangle_request,
)
from bot.web.rendering import Templates
from bot.web.views.asked import Asked
from bot.web.views.week import SHADES, shade


class Cell(NamedTuple):
    """A week after the first one: its share in percent, and its people in words.

    `style` is a shade or, of a share that is hidden, "gap"; `is_running` if the week is not over.
    """

    percent: str
    people: str
    style: str
    is_running: bool


class Row(NamedTuple):
    """The people who first came in a week."""

    since: str
    size: str
    is_running: bool
    cells: Sequence[Cell]


async def cohorts(asked: Asked, analytics: AnalyticsService, templates: Templates) -> str:
    """Return the share of those who first came in a week that was active in each week after it.

    Raises NoReportYet before the first complete interval, and AnalyticsError if the database cannot
    be read.
    """
    found = await analytics.reports.cohorts()
    drawn = triangle_request(found)
    classes = quantiles(
        [_percent(share) or 0 for row in drawn.rows for share in row.shares], SHADES
    )
    rows = [
        _row(cohort, drawn_row.shares, classes, is_running=drawn.is_running)
        for cohort, drawn_row in zip(found.cohorts, drawn.rows, strict=True)
    ]
    return templates.render(
        "cohorts",
        title=drawn.words.title,
        path="/cohorts",
        viewer=asked.viewer,
        as_of=format_datetime(found.as_of),
        stickiness=report_stickiness(found),
        nothing=no_cohorts(found),
        words=drawn.words,
        explained=" ".join(drawn.words.explained),
        weeks=range(1, max((len(row.cells) for row in rows), default=0) + 1),
        rows=rows,
        is_running=drawn.is_running,
        hidden=figures.HIDDEN,
        has_hidden=any(cell.style == "gap" for row in rows for cell in row.cells),
        scale=[
            (shade(at, len(classes)), format_percent(least / 100))
            for at, (least, _most) in enumerate(classes)
        ],
    )


def _row(
    cohort: Cohort,
    shares: Sequence[float | None],
    classes: Sequence[tuple[int, int]],
    *,
    is_running: bool,
) -> Row:
    newest = len(shares) - 1
    return Row(
        since=str(dates.format_skeleton("MMMd", cohort.since, locale=current_locale())),
        size=figures.HIDDEN if cohort.size is None else format_number(cohort.size),
        is_running=is_running and not shares,
        cells=[
            _cell(share, cohort, at, classes, is_running=is_running and at == newest)
            for at, share in enumerate(shares)
        ],
    )


def _cell(
    share: float | None,
    cohort: Cohort,
    at: int,
    classes: Sequence[tuple[int, int]],
    *,
    is_running: bool,
) -> Cell:
    percent, users = _percent(share), cohort.returned[at]
    if percent is None or users is None or cohort.size is None:
        return Cell(figures.HIDDEN, "", "gap", is_running)
    place = sum(least <= percent for least, _most in classes)
    people = _("{count} of {all} user", "{count} of {all} users", cohort.size).format(
        count=format_number(users), all=format_number(cohort.size)
    )
    style = f"shade-{shade(place - 1, len(classes)) if place else 0}"
    return Cell(format_number(percent), people, style, is_running)


def _percent(share: float | None) -> int | None:
    """Return a share in percent; as in the chat, only that of nobody is 0."""
    return None if share is None else max(1, round(100 * share)) if share else 0
