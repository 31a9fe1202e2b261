"""Tables in a font of fixed width, narrow enough for a phone."""

from collections.abc import Mapping, Sequence
from html import escape
from itertools import zip_longest

from analytics.telegram.i18n import format_number, format_percent

# Characters that fit on a phone.
WIDTH = 34
BAR_WIDTH = 10
EIGHTHS = " ▏▎▍▌▋▊▉"

Cells = Sequence[str]


def table(rows: Sequence[Cells], gap: int = 2) -> str:
    """Return a table in HTML: names and bars aligned left, numbers right, long names cut off."""
    [drawn] = tables(rows, gap=gap)
    return drawn


def tables(*parts: Sequence[Cells], gap: int = 2) -> list[str]:
    """Return tables in HTML whose columns have the same widths; rows may have fewer cells."""
    widths = _widths([row for rows in parts for row in rows])
    widths[0] = min(widths[0], WIDTH - sum(widths[1:]) - gap * (len(widths) - 1))
    return [_drawn([_line(row, widths, " " * gap) for row in rows]) for rows in parts]


def table_with_bars(counts: Mapping[str, int], total: int) -> str:
    """Return a table of counts, with each one's part of `total` in percent, and as a bar."""
    largest = max(counts.values())
    rows = [(name, format_number(count), _share(count, total)) for name, count in counts.items()]
    room = min(BAR_WIDTH, WIDTH - sum(_widths(rows)) - 3)
    if room < 2:
        return table(rows, gap=1)
    bars = [_bar(count / largest, room) for count in counts.values()]
    widths = _widths(rows)
    return _drawn([f"{_line(row, widths, ' ')} {bar}" for row, bar in zip(rows, bars, strict=True)])


def _widths(rows: Sequence[Cells]) -> list[int]:
    return [max(map(len, column)) for column in zip_longest(*rows, fillvalue="")]


def _line(cells: Cells, widths: Sequence[int], gap: str) -> str:
    name, *numbers = cells
    if len(name) > widths[0]:
        name = name[: widths[0] - 1] + "…"
    aligned = [cell.rjust(width) for cell, width in zip(numbers, widths[1:], strict=False)]
    return gap.join([name.ljust(widths[0]), *aligned]).rstrip()


def _drawn(lines: Sequence[str]) -> str:
    return "<pre>" + escape("\n".join(lines), quote=False) + "</pre>"


def _share(count: int, total: int) -> str:
    """Return a part of the total in percent; below 1% it is "<1%", never 0%."""
    part = count / total
    return f"<{format_percent(0.01)}" if part < 0.01 else format_percent(part)


def _bar(part: float, width: int) -> str:
    """Return a part from 0 to 1 as a bar of up to `width` characters, and never an empty one."""
    eighths = max(1, round(part * width * 8))
    return "█" * (eighths // 8) + EIGHTHS[eighths % 8].strip()
