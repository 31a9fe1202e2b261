"""The triangle of who comes back: a row for each first week, a column for each week after it."""

from itertools import chain

from babel import dates, numbers
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure

from analytics.telegram.charts.canvas import HEADING, HEIGHT, LEFT, RIGHT, TITLE, Picture
from analytics.telegram.charts.request import TriangleRequest
from analytics.telegram.charts.series import quantiles

# The ends of the columns with dates and numbers of people, where their texts end.
DATE_END, SIZE_END = 190, 300
CELLS_LEFT, CELLS_TOP, CELLS_BOTTOM = 320, 340, HEIGHT - 90
CELL_GAP = 4
# A cell is not made larger for a triangle of a few rows.
MAX_WIDTH, MAX_HEIGHT = 120, 90
CELL_TEXT = 24
HIDDEN = "\N{EN DASH}"


def figure(request: TriangleRequest) -> Figure:
    """Return a figure of 1080 x 1350 pixels: percentages in cells, the darker the larger."""
    picture, words = Picture(request.theme, request.language), request.words
    theme = request.theme
    picture.write(LEFT, 54, words.title, TITLE, weight="bold")
    for number, line in enumerate(words.explained):
        picture.write(LEFT, 112 + 38 * number, line, color=theme.muted)
    columns = max(len(row.shares) for row in request.rows)
    width = min(MAX_WIDTH, (RIGHT - CELLS_LEFT) / max(1, columns))
    height = min(MAX_HEIGHT, (CELLS_BOTTOM - CELLS_TOP) / len(request.rows))
    picture.write(DATE_END, CELLS_TOP - 34, words.week, color=theme.muted, align="right")
    picture.write(SIZE_END, CELLS_TOP - 34, words.users, color=theme.muted, align="right")
    picture.write(CELLS_LEFT, CELLS_TOP - 84, words.weeks_later, HEADING)
    for column in range(columns):
        middle = CELLS_LEFT + (column + 0.5) * width
        picture.write(middle, CELLS_TOP - 34, str(column + 1), color=theme.muted, align="center")
    percents = [
        round(100 * share)
        for share in chain.from_iterable(row.shares for row in request.rows)
        if share is not None
    ]
    classes = quantiles(percents, len(theme.heat))
    for place, row in enumerate(request.rows):
        top = CELLS_TOP + place * height
        middle = top + height / 2
        since = dates.format_skeleton("MMMd", row.since, locale=request.language)
        picture.write(DATE_END, middle, since, align="right")
        size = HIDDEN if row.size is None else picture.short(row.size)
        picture.write(SIZE_END, middle, size, align="right", weight="bold")
        for column, share in enumerate(row.shares):
            is_running = request.is_running and column == len(row.shares) - 1
            color, text = theme.no_data, HIDDEN
            if share is not None:
                percent = round(100 * share)
                at = sum(least <= percent for least, _most in classes)
                color = theme.heat[len(theme.heat) - len(classes) + at - 1] if at else theme.zero
                text = numbers.format_decimal(percent, locale=request.language)
            left = CELLS_LEFT + column * width
            picture.block(
                left,
                top,
                width - CELL_GAP,
                height - CELL_GAP,
                color,
                is_running=is_running,
            )
            ink = theme.ink if is_running else _ink(color)
            picture.write(
                left + (width - CELL_GAP) / 2,
                middle - CELL_GAP / 2,
                text,
                CELL_TEXT,
                color=ink,
                align="center",
            )
    _draw_legend(picture, request)
    return picture.figure


def _draw_legend(picture: Picture, request: TriangleRequest) -> None:
    theme, words = request.theme, request.words
    y, x = HEIGHT - 50, float(LEFT)
    if any(share is None for row in request.rows for share in row.shares):
        picture.block(x, y - 11, 30, 22, theme.no_data)
        picture.write(x + 42, y, words.hidden)
        x += 42 + picture.width(words.hidden) + 40
    if request.is_running:
        picture.block(x, y - 11, 30, 22, theme.heat[2], is_running=True)
        picture.write(x + 42, y, words.so_far)


def _ink(color: str) -> str:
    """Return black or white, whichever is read better on a colour."""
    red, green, blue = (
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4
        for part in to_rgb(color)
    )
    luminance = 0.2126 * red + 0.7152 * green + 0.0722 * blue
    return "#000000" if (luminance + 0.05) ** 2 > 0.05 * 1.05 else "#ffffff"
