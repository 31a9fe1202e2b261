"""`erasures`: keep the list of erasures outside of a server, and apply it after a restore."""

import asyncio
from pathlib import Path
from typing import Annotated

import typer

from analytics import Access
from bot.cli.errors import WrongUse, shown, user_errors
from bot.settings import DataSettings, load


def erasures(
    export: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Write the list into a file.")
    ] = None,
    apply: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Erase again whom a file lists, after a restore."),
    ] = None,
) -> None:
    """Keep the list of erasures outside of a PostgreSQL server.

    Example: python main.py erasures --apply data/analytics.sqlite3.erasures
    """
    with user_errors():
        if (export is None) == (apply is None):
            raise WrongUse("give either --export FILE or --apply FILE")
        settings = load(DataSettings)
        if settings.server_url is None:
            raise WrongUse(
                "erasures is for a server, and DATABASE_URL is not set: restore repeats those of a "
                "file by itself"
            )
        if export is not None:
            count = asyncio.run(_export(settings, export))
            typer.echo(f"{shown(export)} written, {count:,} erasures")
        elif apply is not None:
            count = asyncio.run(_apply(settings, apply))
            typer.echo(f"Erasures since the backup, repeated: {count:,}")


async def _export(settings: DataSettings, file: Path) -> int:
    async with settings.open(Access.READ) as analytics:
        return await analytics.people.export_erasures(file)


async def _apply(settings: DataSettings, file: Path) -> int:
    async with settings.open(Access.SHARE) as analytics:
        return await analytics.people.erase_again(file)
