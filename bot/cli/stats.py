"""`stats`: print the report that admins get."""

import asyncio
import json
from collections.abc import Iterator
from dataclasses import asdict
from datetime import datetime
from typing import Annotated

import typer

from analytics import Access, AdminReport
from bot.cli.errors import user_errors
from bot.settings import DataSettings, load


def stats(
    as_json: Annotated[
        bool, typer.Option("--json", help="Print the fields of the report.")
    ] = False,
) -> None:
    """Print the report that admins get. Example: python main.py stats --json"""
    with user_errors():
        report = asyncio.run(_report(load(DataSettings)))
    if as_json:
        typer.echo(json.dumps(asdict(report), default=datetime.isoformat, indent=2))
    else:
        typer.echo("\n".join(_lines(report)))


async def _report(settings: DataSettings) -> AdminReport:
    async with settings.open(Access.READ) as analytics:
        return await analytics.get_admin_analytics_report()


def _lines(report: AdminReport) -> Iterator[str]:
    """Yield the report as aligned lines of a name and a value."""
    for name, value in asdict(report).items():
        label = name.replace("_", " ")
        if isinstance(value, dict):
            yield f"{label}:"
            yield from (f"  {kind:<24} {count:>13,}" for kind, count in value.items())
        else:
            shown = f"{value:,}" if type(value) is int else _shown(name, value)
            yield f"{label:<26} {shown:>13}"


def _shown(name: str, value: object) -> str:
    if isinstance(value, datetime):
        return value.strftime("%Y-%m-%d %H:%M UTC")
    if value is None and name not in ("oldest_interaction", "last_cleanup"):
        return "not shown"
    return {None: "never", True: "yes", False: "no"}[value]  # type: ignore[index]
