"""`records`: print the stored rows, read-only."""

import asyncio
import csv
import io
import json
from collections.abc import Sequence
from dataclasses import fields
from datetime import UTC, datetime
from typing import Annotated

import typer

from analytics import MAX_LIMIT, Access, InteractionType, UserInteraction
from bot import terminal
from bot.cli.errors import WrongUse, one_of, user_errors, whole_number
from bot.settings import DataSettings, load

COLUMNS = [field.name for field in fields(UserInteraction)]

Records = Sequence[UserInteraction]


def records(
    limit: Annotated[
        str, typer.Option(metavar="N", help=f"Number of rows, 1 to {MAX_LIMIT}.")
    ] = "100",
    interaction_type: Annotated[
        str | None,
        typer.Option("--type", metavar="T", help="Only this type; a rare one takes longer."),
    ] = None,
    since: Annotated[
        str | None, typer.Option(metavar="D", help="Only since this date, or date and time (UTC).")
    ] = None,
    style: Annotated[
        str, typer.Option("--format", metavar="F", help="table, csv or json.")
    ] = "table",
) -> None:
    """Print the stored rows, newest first.

    Example: python main.py records --limit 20
    """
    with user_errors():
        show = FORMATS[one_of("--format", style, FORMATS)]
        wanted = (
            whole_number("--limit", limit, 1, MAX_LIMIT),
            _type(interaction_type),
            _moment(since),
        )
        found = asyncio.run(_records(load(DataSettings), *wanted))
    if not found:
        typer.echo("no matching records", err=True)
    show(found)


async def _records(
    settings: DataSettings,
    limit: int,
    interaction_type: InteractionType | None,
    since: datetime | None,
) -> Records:
    async with settings.open(Access.READ) as analytics:
        return await analytics.records(limit, interaction_type, since)


def _type(text: str | None) -> InteractionType | None:
    if text is None:
        return None
    return InteractionType(one_of("--type", text, InteractionType))


def _moment(text: str | None) -> datetime | None:
    if text is None:
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise WrongUse(
            f'--since is "{text}": give a date as 2026-11-24, or a time as 2026-11-24T13:00:00'
        ) from None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _print_table(found: Records) -> None:
    if found:
        terminal.print_table(COLUMNS, map(_values, found))


def _print_csv(found: Records) -> None:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(COLUMNS)
    writer.writerows(map(_values, found))
    typer.echo(text.getvalue(), nl=False)


def _print_json(found: Records) -> None:
    rows = [dict(zip(COLUMNS, _values(row), strict=True)) for row in found]
    typer.echo(json.dumps(rows, indent=2))


def _values(row: UserInteraction) -> tuple[int, str, str, int]:
    """Return the values of a row in the form of the view user_interactions."""
    when = row.timestamp.strftime("%Y-%m-%dT%H:%M:%SZ")
    return row.user_id, row.interaction_type.value, when, row.count


FORMATS = {"table": _print_table, "csv": _print_csv, "json": _print_json}
