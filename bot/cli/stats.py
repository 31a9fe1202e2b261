"""`stats`: print the figures that admins get with `/stats`."""

import asyncio
import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from datetime import datetime, timedelta
from typing import Annotated

import typer

from analytics import Access, Overview, Period, figures
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
    by_day = period.period is not Period.DAY
    parts: dict[str, Sequence[figures.Figure]] = {
        figures.ACTIVE_USERS: figures.active_users(shown),
        f"{figures.LAST[period.period]}, {figures.COMPARED[period.before_missing]}": (
            figures.of_period(shown)
        ),
        figures.BY_TYPE: figures.by_type(shown),
        figures.COMMANDS if by_day else f"{figures.COMMANDS}: {figures.NOT_BY_THE_HOUR}": (
            figures.commands(shown)
        ),
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


def _value(value: int | datetime | timedelta | str) -> str:
    match value:
        case int():
            return f"{value:,}"
        case datetime():
            return value.strftime("%Y-%m-%d %H:%M UTC")
        case timedelta():
            return f"{value.days:,} days"
        case _:
            return value
