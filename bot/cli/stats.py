"""`stats`: print the figures that admins get with `/stats`."""

import asyncio
import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from datetime import datetime, timedelta
from typing import Annotated

import typer

from analytics import Access, Calendar, Overview, Period, event_figures, figures
from bot.cli.errors import one_of, user_errors
from bot.settings import DataSettings, load


def stats(
    period: Annotated[
        str,
        typer.Option(metavar="P", help=f"{', '.join(Period)}.", show_default=True),
    ] = Period.WEEK.value,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print the fields of the report, without a period.")
    ] = False,
) -> None:
    """Print the figures that admins get with /stats.

    Example: python main.py stats --json
    """
    with user_errors():
        wanted = Period(one_of("--period", period, Period))
        shown = asyncio.run(_overview(load(DataSettings), wanted))
    if as_json:
        typer.echo(json.dumps(asdict(shown.whole), default=datetime.isoformat, indent=2))
    else:
        typer.echo("\n".join(_lines(shown)))


async def _overview(settings: DataSettings, period: Period) -> Overview:
    async with settings.open(Access.READ) as analytics:
        return await analytics.reports.overview(period)


def _lines(shown: Overview) -> Iterator[str]:
    """Yield the figures as aligned lines of a name and a value, each part below its title."""
    period = shown.period
    parts: dict[str, Sequence[figures.Figure]] = {
        figures.ACTIVE_USERS: figures.active_users(shown),
        f"{figures.LAST[period.period]}, {figures.compared(period)}": (figures.of_period(shown)),
        figures.BY_TYPE: figures.by_type(shown),
        figures.DETAILS: figures.details(shown),
    }
    yield f"as of {_value(shown.whole.as_of)}"
    for title, part in parts.items():
        yield ""
        yield title
        for each in part:
            changed = figures.change(
                each.value if isinstance(each.value, int) else None,
                each.before,
                lambda fraction: f"{fraction:.0%}",
                figures.NEW,
            )
            value = each.otherwise if each.value is None else _value(each.value)
            yield f"  {each.name:<26} {value:>20}  {changed}".rstrip()
    if period.events is None:
        yield from ("", f"{event_figures.EVENTS}: {figures.NOT_BY_THE_HOUR}")
    else:
        for table in event_figures.tables(period, period.events):
            yield from ("", table.title, *_rows(table))


def _rows(table: event_figures.Table) -> Iterator[str]:
    """Yield a line for each row: the name, the first number, and others with their names."""
    if not table.rows:
        yield f"  {table.empty}"
    for name, (first, *others) in table.rows:
        rest = zip(others, table.columns[1:], strict=True)
        more = ", ".join(f"{column} {_cell(cell)}" for cell, column in rest if cell != "")
        yield f"  {name:<26} {_cell(first):>20}  {more}".rstrip()


def _cell(cell: event_figures.Cell) -> str:
    match cell:
        case None:
            return figures.HIDDEN
        case int():
            return f"{cell:,}"
        case float():
            return f"{cell:.2f}"
        case event_figures.Part():
            return f"{cell.times:,} ({cell.share:.0%})"
        case event_figures.Within():
            return f"{'>' if cell.is_over else '≤'} {cell.time.total_seconds():g} s"
        case _:
            return cell


def _value(value: int | datetime | timedelta | str) -> str:
    match value:
        case int():
            return f"{value:,}"
        case datetime():
            return f"{value:%Y-%m-%d %H:%M} {Calendar.offset_name(value)}"
        case timedelta():
            return f"{value.days:,} days"
        case _:
            return value
