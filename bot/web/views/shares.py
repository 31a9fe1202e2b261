"""Tables of counts, each with its share as a number and as a bar."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from analytics import event_figures
from analytics.telegram import _, format_cell, format_share, row_name


class Share(NamedTuple):
    """A row: its name, its count, its share in words, the width of its bar in percent, and more."""

    name: str
    number: str
    share: str
    width: float
    more: Sequence[str]
    address: str = ""
    """Leads to what is left if only this row is, or back if that is shown."""
    is_chosen: bool = False


@dataclass(frozen=True, kw_only=True)
class Shares:
    """A table; `nothing` is a sentence in the place of one without rows."""

    title: str
    heading: str
    columns: Sequence[str]
    rows: Sequence[Share]
    nothing: str


def shares(
    table: event_figures.Table,
    nothing: str = "",
    name: Callable[[event_figures.Table, event_figures.Row], str] = row_name,
    link: Callable[[event_figures.Row], tuple[str, bool]] = lambda row: ("", False),
) -> Shares:
    """Return a table with shares of the sum of its first numbers, the largest as the widest bar.

    Where its first cells are parts of a whole, these are the shares, and bars follow them.
    `nothing` is said in the place of its own sentence for no rows; `name` returns that of a row,
    and `link` its address and whether it is chosen.
    """
    first = [row.cells[0] for row in table.rows]
    counts = [cell if isinstance(cell, int) else 0 for cell in first]
    total = sum(counts)
    parts = [
        cell.share if isinstance(cell, event_figures.Part) else count / total if total else 0.0
        for cell, count in zip(first, counts, strict=True)
    ]
    widest = (
        1.0
        if any(isinstance(cell, event_figures.Part) for cell in first)
        else max(parts, default=0)
    )
    heading, *columns = [_(column) if column else "" for column in table.columns] or [""]
    rows = [
        Share(
            name(table, row),
            format_cell(
                row.cells[0].times if isinstance(row.cells[0], event_figures.Part) else row.cells[0]
            ),
            format_share(part) if part else "",
            round(100 * part / widest, 2) if widest else 0.0,
            [format_cell(cell) for cell in row.cells[1:]],
            *link(row),
        )
        for row, part in zip(table.rows, parts, strict=True)
    ]
    return Shares(
        title=_(table.title),
        heading=heading,
        columns=columns,
        rows=rows,
        nothing="" if rows else nothing or _(table.empty),
    )
